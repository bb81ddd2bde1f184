package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	getter "github.com/hashicorp/go-getter/v2"
	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/cache"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/test/repo"
)

// orderVariable makes this test binary a process that fetches, so that ours and
// go-getter start as the programs do that they are compared with.
const orderVariable = "ALLUXIO_MESOS_BENCH"

const (
	modeHost     = "host"
	modeGoGetter = "go-getter"
	modeStart    = "start" // start a plugin, and end it
)

// order is what such a process is to do, in its environment.
type order struct {
	Mode, Dir, URL, SHA256 string
	Kind, Plugin           string            // that it needs
	S3                     map[string]string // configuration of the S3 fetcher
	Plugins                []host.Plugin     // as a deployment ships them
}

// report is what it prints.
type report struct {
	Took     time.Duration // without its own start
	Tree     string
	Cached   bool
	BaseKB   int64 // its memory before it began
	PeakKB   int64
	PluginKB int64 // the peak of the plugin's process
	Error    string
}

func runChild(b *testing.B, o order) result {
	b.Helper()
	if o.Mode != modeGoGetter {
		o.Plugins = install(b, o)
	}
	text, err := json.Marshal(o)
	require.NoError(b, err)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	exe, err := os.Executable()
	require.NoError(b, err)
	cmd := exec.CommandContext(ctx, exe)
	cmd.Env = append(os.Environ(), orderVariable+"="+string(text))
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	began := time.Now()
	err = cmd.Run()
	took := time.Since(began)
	var r report
	require.NoError(b, json.Unmarshal(out.Bytes(), &r), "%v: %s %s", err, &out, &said)
	require.Empty(b, r.Error)
	return result{took, busy(cmd), r}
}

// install puts the plugin that is needed into the node cache, where it is after its first
// use: what ours is compared with is installed, too. Of what is fetched, the cache is empty.
func install(b *testing.B, o order) []host.Plugin {
	b.Helper()
	all, err := host.ListDir(filepath.Join(repo.Root(b), "bin"))
	require.NoError(b, err)
	at := slices.IndexFunc(all, func(p host.Plugin) bool { return p.Kind == o.Kind && p.Name == o.Plugin })
	require.GreaterOrEqual(b, at, 0, "no %s-%s in bin/: run \"make build\"", o.Kind, o.Plugin)
	p := all[at]
	p.Config = o.S3
	c, err := cache.Open(filepath.Join(o.Dir, "cache"))
	require.NoError(b, err)
	defer c.Close()
	_, err = c.Plugin(b.Context(), source.Digest("sha256:"+p.SHA256), "alluxio-mesos-"+p.Kind+"-"+p.Name,
		func(_ context.Context, w io.Writer) error {
			file, err := os.Open(p.URL)
			if err != nil {
				return err
			}
			defer file.Close()
			_, err = io.Copy(w, file)
			return err
		})
	require.NoError(b, err)
	return []host.Plugin{p}
}

// obey is the other end of runChild.
func obey(text string) int {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	r := report{BaseKB: peak("self")}
	do := map[string]func(context.Context, order, *report) error{
		modeHost: fetchWithHost, modeGoGetter: fetchWithGoGetter, modeStart: startPlugin}[o.Mode]
	if err := do(context.Background(), o, &r); err != nil {
		r.Error = err.Error()
	}
	r.PeakKB = peak("self")
	_ = json.NewEncoder(os.Stdout).Encode(r)
	return 0
}

func newHost(o order) (*host.Host, error) {
	return host.New(host.Config{CacheDir: filepath.Join(o.Dir, "cache"), TempDir: o.Dir, Plugins: o.Plugins})
}

func fetchWithHost(ctx context.Context, o order, r *report) error {
	began := time.Now()
	h, err := newHost(o)
	if err != nil {
		return err
	}
	a, err := h.Artifact(ctx, host.Want{Artifact: "bench", Source: o.URL, Checksum: "sha256:" + o.SHA256}, nil)
	if err != nil {
		return err
	}
	r.Took, r.Cached, r.PluginKB = time.Since(began), a.Cached, childPeak()
	// The tree as the archive holds it, top folder and all.
	r.Tree = filepath.Dir(a.Dirs[0])
	return h.Close()
}

func fetchWithGoGetter(ctx context.Context, o order, r *report) error {
	began := time.Now()
	r.Tree = filepath.Join(o.Dir, "tree")
	client := &getter.Client{Getters: []getter.Getter{&getter.HttpGetter{}}, Decompressors: getter.Decompressors}
	_, err := client.Get(ctx, &getter.Request{Src: o.URL + "?checksum=sha256:" + o.SHA256, Dst: r.Tree, Pwd: o.Dir, GetMode: getter.ModeDir})
	r.Took = time.Since(began)
	return err
}

// startPlugin measures from asking for a plugin to its first answer.
func startPlugin(ctx context.Context, o order, r *report) error {
	h, err := newHost(o)
	if err != nil {
		return err
	}
	began := time.Now()
	if o.Kind == plugins.KindRamdisk {
		var p plugins.Ramdisk
		if p, err = h.Ramdisk(ctx, o.Plugin); err == nil {
			_, err = p.Info(ctx)
		}
	} else {
		var p plugins.Fetcher
		if p, err = h.Fetcher(ctx, o.Plugin); err == nil {
			_, err = p.Info(ctx)
		}
	}
	r.Took, r.PluginKB = time.Since(began), childPeak()
	if err != nil {
		return err
	}
	return h.Close()
}

// peak is the most memory that a process ever had, in KB. (The usage that wait4 tells has
// that of the process which started it, too.)
func peak(pid string) int64 {
	data, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb
		}
	}
	return 0
}

// childPeak is the peak of the largest process that this one started.
func childPeak() int64 {
	var most int64
	tasks, _ := filepath.Glob("/proc/self/task/*/children")
	for _, task := range tasks {
		pids, _ := os.ReadFile(task)
		for _, pid := range strings.Fields(string(pids)) {
			most = max(most, peak(pid))
		}
	}
	return most
}
