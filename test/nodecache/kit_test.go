// Package nodecache tests what executors do to the cache that they share on a node, with
// the real plugin host and the real HTTP fetcher, each executor a process of its own:
// at once, killed, as several users, on a full disk, with damaged entries. What the cache
// does by itself is tested beside it, in fetchers/cache.
package nodecache

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/httpfetch"
	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

const (
	fetcherName = "alluxio-mesos-fetcher-http"
	orderEnv    = "NODECACHE_TEST_ORDER"
	nobody      = 65534
)

// The test binary also plays the fetcher and the executors.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == fetcherName {
		plugins.ServeFetcher(httpfetch.New("test"))
		return
	}
	if order := os.Getenv(orderEnv); order != "" {
		execute([]byte(order))
		return
	}
	os.Exit(m.Run())
}

// order is what an executor of these tests gets.
type order struct {
	Source, Checksum     string
	Cache, Private, Temp string
	Bytes                int64
	Fetcher              host.Plugin
}

func (o order) host() (*host.Host, error) {
	return host.New(host.Config{
		CacheDir: o.Cache, PrivateCacheDir: o.Private, CacheBytes: o.Bytes, TempDir: o.Temp, Plugins: []host.Plugin{o.Fetcher},
		Retry:  host.RetryPolicy{Attempts: 3, Wait: time.Millisecond, MaxWait: 10 * time.Millisecond},
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
}

// execute is an executor: it gets the artifact, says where, and uses it until its input ends.
func execute(data []byte) {
	var o order
	if err := json.Unmarshal(data, &o); err != nil {
		panic(err)
	}
	h, err := o.host()
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	last := ""
	a, err := h.Artifact(context.Background(), host.Want{Artifact: "jdk", Source: o.Source, Checksum: o.Checksum}, func(p host.Progress) {
		if p.Phase != last {
			fmt.Println(p.Phase)
			last = p.Phase
		}
	})
	if err != nil {
		fmt.Println("error:", strings.ReplaceAll(err.Error(), "\n", " | "))
	} else {
		fmt.Println("got", a.Dirs[0], a.Cached)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := h.Close(); err != nil {
		panic(err)
	}
}

// node is a machine with a cache, and a server that has an archive.
type node struct {
	t      *testing.T
	dir    string
	packed []byte
	server *httptest.Server

	mu       sync.Mutex
	requests int
	sent     int64
	gate     chan struct{} // half of the archive is sent; the rest when this is closed
	cut      int           // so many answers break off in the middle
}

func newNode(t *testing.T) *node {
	t.Helper()
	dir, err := os.MkdirTemp("", "nodecache-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o777|os.ModeSticky))
	t.Cleanup(func() { require.NoError(t, scratch.RemoveAll(dir)) })
	n := &node{t: t, dir: dir, packed: archive(t)}
	n.server = httptest.NewServer(http.HandlerFunc(n.serve))
	t.Cleanup(n.server.Close)
	return n
}

// archive is a tar.gz of a program and 2 MB that cannot be compressed.
func archive(t *testing.T) []byte {
	t.Helper()
	data := make([]byte, 2<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data)
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	for name, content := range map[string][]byte{"jdk-1/bin/java": []byte("#!/bin/sh\n"), "jdk-1/lib/data": data} {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg}))
		_, err := w.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, zip.Close())
	return out.Bytes()
}

func (n *node) checksum() string {
	sum := sha256.Sum256(n.packed)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func (n *node) serve(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	n.requests++
	packed, gate, cut := n.packed, n.gate, n.cut > 0
	if cut {
		n.cut--
	}
	n.mu.Unlock()
	w.Header().Set("ETag", `"1"`)
	w.Header().Set("Content-Type", "application/gzip") // else it is guessed, from the first bytes
	content := &gated{n: n, ctx: r.Context(), Reader: bytes.NewReader(packed), gate: gate, cut: cut}
	http.ServeContent(w, r, "", time.Time{}, content)
}

// gated is the archive, but for its second half only once the gate is open, or never.
type gated struct {
	*bytes.Reader
	n    *node
	ctx  context.Context
	gate chan struct{}
	cut  bool
}

func (g *gated) Read(p []byte) (int, error) {
	left := g.Len() - int(g.Size())/2
	if left > 0 {
		p = p[:min(len(p), left)]
	} else if g.cut {
		panic(http.ErrAbortHandler)
	} else if g.gate != nil {
		select {
		case <-g.gate:
		case <-g.ctx.Done():
			return 0, g.ctx.Err()
		}
	}
	got, err := g.Reader.Read(p)
	g.n.mu.Lock()
	defer g.n.mu.Unlock()
	g.n.sent += int64(got)
	return got, err
}

func (n *node) counts() (requests int, sent int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.requests, n.sent
}

func (n *node) cache() string { return filepath.Join(n.dir, "cache") }

func (n *node) order() order {
	n.t.Helper()
	self := filepath.Join(n.dir, "plugin") // which other users can reach, unlike the test binary
	if _, err := os.Stat(self); err != nil {
		from, err := os.Executable()
		require.NoError(n.t, err)
		data, err := os.ReadFile(from)
		require.NoError(n.t, err)
		require.NoError(n.t, os.WriteFile(self, data, 0o755))
	}
	sum, size, err := host.DigestFile(self)
	require.NoError(n.t, err)
	return order{
		Source: n.server.URL + "/jdk.tar.gz", Checksum: n.checksum(), Cache: n.cache(), Temp: n.dir,
		Fetcher: host.Plugin{Kind: plugins.KindFetcher, Name: "http", SHA256: sum, Size: size, URL: self},
	}
}

// executor is a running one.
type executor struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.Closer
	lines *bufio.Scanner
	said  []string
}

func (n *node) start(uid int, o order) *executor {
	n.t.Helper()
	data, err := json.Marshal(o)
	require.NoError(n.t, err)
	cmd := exec.Command(o.Fetcher.URL)
	if uid != os.Geteuid() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	cmd.Dir = "/"
	cmd.Env = []string{orderEnv + "=" + string(data), "GORACE=" + os.Getenv("GORACE")}
	cmd.Stderr = testWriter{n.t}
	in, err := cmd.StdinPipe()
	require.NoError(n.t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(n.t, err)
	require.NoError(n.t, cmd.Start())
	e := &executor{t: n.t, cmd: cmd, in: in, lines: bufio.NewScanner(out)}
	n.t.Cleanup(e.end)
	return e
}

// until waits for a line that begins so, and gives it.
func (e *executor) until(prefixes ...string) string {
	e.t.Helper()
	for e.lines.Scan() {
		e.said = append(e.said, e.lines.Text())
		for _, prefix := range prefixes {
			if strings.HasPrefix(e.lines.Text(), prefix) {
				return e.lines.Text()
			}
		}
	}
	require.Fail(e.t, "the executor ended", "it said %q, not %q", e.said, prefixes)
	return ""
}

// result is where the artifact is, or what went wrong.
func (e *executor) result() string {
	e.t.Helper()
	return e.until("got", "error:")
}

func (e *executor) end() {
	_ = e.in.Close()
	_ = e.cmd.Wait()
}

func (e *executor) kill() {
	_ = e.cmd.Process.Kill()
	_ = e.cmd.Wait()
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// requireWhole checks what an executor got against the archive.
func (n *node) requireWhole(result string) (dir string) {
	n.t.Helper()
	fields := strings.Fields(result)
	require.Equal(n.t, "got", fields[0], result)
	data, err := os.ReadFile(filepath.Join(fields[1], "lib", "data"))
	require.NoError(n.t, err)
	want := make([]byte, 2<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(want)
	require.True(n.t, bytes.Equal(want, data))
	return fields[1]
}

func (n *node) requireNothingHalfDone(cache string) {
	n.t.Helper()
	left, err := os.ReadDir(filepath.Join(cache, "tmp"))
	require.NoError(n.t, err)
	require.Empty(n.t, left)
}
