package bench

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/test/deploy"
)

// way is one way to turn a URL into a tree of files. All start processes of their own.
type way struct {
	name string
	// tool is the program without which this way is skipped; empty: none.
	tool string
	// run does it in an empty folder.
	run func(b *testing.B, dir string, from load) result
	// zstd says that it takes the .tar.zst.
	zstd bool
}

// load is an archive that is served, under both its names.
type load struct {
	name, dir    string
	gzip, zstd   served
	files, bytes int64 // unpacked
}

type served struct {
	url, sha256 string
	size        int64
}

func (l load) packed(zstd bool) served {
	if zstd {
		return l.zstd
	}
	return l.gzip
}

// result of one round.
type result struct {
	wall time.Duration
	cpu  time.Duration // of all its processes
	self report        // of ours and of go-getter
}

// BenchmarkFetch compares ways to fetch, verify and unpack the same archives from the same
// server, in turns, each from an empty folder and with all processes it needs. Each
// iteration is a round; what counts are medians and their ratios.
func BenchmarkFetch(b *testing.B) {
	server, loads := serveLoads(b, jdkLoad, alluxioLoad)
	defer server.Close()
	ways := available(b, fetchWays())
	results := compare(b, ways, loads, goals())
	b.Log(memory(loads, results, ours, oursZstd, goGetter))
}

// compare measures all ways in turns, and prints what came out.
func compare(b *testing.B, ways []way, loads []load, goals []goal) map[string][]result {
	b.Helper()
	results := map[string][]result{}
	for b.Loop() {
		for _, l := range loads {
			for _, w := range ways {
				dir := b.TempDir()
				results[w.name+l.name] = append(results[w.name+l.name], w.run(b, dir, l))
				require.NoError(b, scratch.RemoveAll(dir))
			}
		}
	}
	b.ReportMetric(0, "ns/op") // what a loop takes says nothing
	b.Log("\n" + table(ways, loads, results))
	for _, l := range loads {
		for _, goal := range goals {
			b.Log(goal.judge(l, results))
		}
	}
	return results
}

const (
	ours      = "ours, with digest"
	pipeline  = "curl | tee >(sha256sum) | pigz -d | tar x"
	goGetter  = "go-getter/v2, with checksum"
	oursZstd  = ours + ", .tar.zst"
	oursWarm  = ours + ", from a warm cache"
	pipeZstd  = "curl | tee >(sha256sum) | zstd -d | tar x"
	getZstd   = goGetter + ", .tar.zst"
	curlThen  = "curl, then tar xz"
	pipeStart = `mkdir tree && { curl -sSf "$1" | tee /dev/fd/3 | `
	// The shell waits for the digest, as whoever looks at it has to.
	pipeEnd = ` | tar x -C tree; } 3> >(sha256sum > sum); wait $!; grep -q "$2" sum`
)

// fetchWays begins with the one that all others are compared with.
func fetchWays() []way {
	return []way{
		{name: pipeline, tool: "pigz", run: shell(pipeStart+"pigz -d"+pipeEnd, false)},
		{name: ours, run: child(modeHost, false)},
		{name: curlThen, run: shell(`mkdir tree && curl -sSf -o file "$1" && tar xzf file -C tree`, false)},
		{name: goGetter, run: child(modeGoGetter, false)},
		{name: oursZstd, run: child(modeHost, true), zstd: true},
		{name: pipeZstd, tool: "zstd", run: shell(pipeStart+"zstd -d"+pipeEnd, true), zstd: true},
		{name: getZstd, run: child(modeGoGetter, true), zstd: true},
		{name: oursWarm, run: warm},
	}
}

// available leaves out what needs a program that this machine lacks, and says so.
func available(b *testing.B, all []way) []way {
	b.Helper()
	return slices.DeleteFunc(all, func(w way) bool {
		for _, tool := range []string{"curl", "tar", w.tool} {
			if _, err := exec.LookPath(tool); err != nil && tool != "" && (w.tool != "" || w.name == curlThen) {
				b.Logf("left out: %s (no %s on this machine)", w.name, tool)
				return true
			}
		}
		return false
	})
}

func shell(script string, zstd bool) func(*testing.B, string, load) result {
	return func(b *testing.B, dir string, from load) result {
		b.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		packed := from.packed(zstd)
		cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script, "bash", packed.url, packed.sha256)
		cmd.Dir = dir
		began := time.Now()
		said, err := cmd.CombinedOutput()
		took := time.Since(began)
		require.NoError(b, err, "%s: %s", script, said)
		requireTree(b, filepath.Join(dir, "tree"), from)
		return result{wall: took, cpu: busy(cmd)}
	}
}

func child(mode string, zstd bool) func(*testing.B, string, load) result {
	return func(b *testing.B, dir string, from load) result {
		b.Helper()
		packed := from.packed(zstd)
		r := runChild(b, order{Mode: mode, Dir: dir, URL: packed.url, SHA256: packed.sha256, Kind: plugins.KindFetcher, Plugin: "http"})
		requireTree(b, r.self.Tree, from)
		return r
	}
}

// warm fetches once, and then measures a second process with the same cache.
func warm(b *testing.B, dir string, from load) result {
	b.Helper()
	child(modeHost, false)(b, dir, from)
	r := child(modeHost, false)(b, dir, from)
	require.True(b, r.self.Cached)
	return r
}

// requireTree looks whether all is there: no way may be fast by doing less.
func requireTree(b *testing.B, tree string, from load) {
	b.Helper()
	files, bytes := measure(b, tree)
	require.Equal(b, []int64{from.files, from.bytes}, []int64{files, bytes}, "files and bytes in %s", tree)
}

const (
	jdkLoad     = "JDK"
	alluxioLoad = "Alluxio"
)

// serveLoads packs and serves some archives.
func serveLoads(b *testing.B, names ...string) (*httptest.Server, []load) {
	b.Helper()
	dir := b.TempDir()
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	var loads []load
	for _, name := range names {
		file := filepath.Join(dir, name+".tar.gz")
		if name == jdkLoad {
			packJDK(b, file)
		} else {
			require.NoError(b, os.Symlink(deploy.Tarball(b), file))
		}
		l := newLoad(b, name, server.URL, file)
		b.Logf("%s: tar.gz %d MB, tar.zst %d MB; %d files of %d MB", l.name, l.gzip.size>>20, l.zstd.size>>20, l.files, l.bytes>>20)
		loads = append(loads, l)
	}
	return server, loads
}

func median(all []result, of func(result) time.Duration) time.Duration {
	var values []time.Duration
	for _, r := range all {
		values = append(values, of(r))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func wall(r result) time.Duration      { return r.wall }
func processor(r result) time.Duration { return r.cpu }

// table shows medians, and the ratio to the first way. Processor time holds also on a machine
// that has other things to do.
func table(ways []way, loads []load, results map[string][]result) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, l := range loads {
		first := results[ways[0].name+l.name]
		fmt.Fprintf(w, "%s, %d rounds\tmedian\tratio\tleast - most\tprocessor time\tratio\n", l.name, len(first))
		for _, way := range ways {
			all := results[way.name+l.name]
			took, busy := median(all, wall), median(all, processor)
			fmt.Fprintf(w, "  %s\t%.2f s\t%.2f\t%.2f - %.2f s\t%.2f s\t%.2f\n", way.name,
				took.Seconds(), float64(took)/float64(median(first, wall)),
				slices.MinFunc(all, faster).wall.Seconds(), slices.MaxFunc(all, faster).wall.Seconds(),
				busy.Seconds(), float64(busy)/float64(median(first, processor)))
		}
	}
	_ = w.Flush()
	return text.String()
}

// busy is what a process and those it waited for computed.
func busy(cmd *exec.Cmd) time.Duration {
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

func faster(a, b result) int { return int(a.wall - b.wall) }

// goal is what the ratio of two ways should be at most.
type goal struct {
	way, than string
	most      map[string]float64 // by load
}

func goals() []goal {
	return []goal{
		{ours, pipeline, map[string]float64{jdkLoad: 0.85, alluxioLoad: 0.6}},
		{ours, goGetter, both(0.65)},
		{oursZstd, pipeline, both(0.45)},
		{oursWarm, ours, both(0.05)},
	}
}

func both(most float64) map[string]float64 {
	return map[string]float64{jdkLoad: most, alluxioLoad: most}
}

func (g goal) judge(l load, results map[string][]result) string {
	mine, other := results[g.way+l.name], results[g.than+l.name]
	if len(mine) == 0 || len(other) == 0 {
		return fmt.Sprintf("%s: %s / %s: not measured", l.name, g.way, g.than)
	}
	of := wall
	if g.way == oursWarm { // an executor is there already: its start counts on neither side
		of = func(r result) time.Duration { return r.self.Took }
	}
	ratio, verdict := float64(median(mine, of))/float64(median(other, of)), "reached"
	if ratio > g.most[l.name] {
		verdict = "MISSED"
	}
	return fmt.Sprintf("%s: %s / %s = %.3f, at most %.2f: %s", l.name, g.way, g.than, ratio, g.most[l.name], verdict)
}

// memory tells the peaks of all rounds.
func memory(loads []load, results map[string][]result, ways ...string) string {
	lines := []string{"peak memory in MB, most of all rounds:"}
	for _, l := range loads {
		for _, way := range ways {
			var base, host, plugin int64
			for _, r := range results[way+l.name] {
				base, host, plugin = max(base, r.self.BaseKB), max(host, r.self.PeakKB), max(plugin, r.self.PluginKB)
			}
			lines = append(lines, fmt.Sprintf("  %s, %s: process %d (%d before it began), plugin %d", l.name, way, host>>10, base>>10, plugin>>10))
		}
	}
	return strings.Join(lines, "\n")
}
