package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/test/repo"
)

// shippedPlugin is one of ours, and how large it should be at most.
type shippedPlugin struct {
	kind, name string
	mostMB     float64
}

func (p shippedPlugin) id() string { return p.kind + "-" + p.name }

func shippedPlugins() []shippedPlugin {
	return []shippedPlugin{
		{plugins.KindFetcher, "local", 14}, {plugins.KindFetcher, "http", 14},
		{plugins.KindFetcher, "s3", 25}, {plugins.KindRamdisk, "tmpfs", 14},
	}
}

const (
	mostStart  = 50 * time.Millisecond
	mostPeakMB = 64
)

// BenchmarkPluginStart tells for each plugin, in rounds of ten starts, how long it takes from
// asking for it to its first answer, with checksum and TLS, its peak memory by then (that
// under load is in BenchmarkFetch), and its size.
func BenchmarkPluginStart(b *testing.B) {
	shipped := slices.DeleteFunc(shippedPlugins(), func(p shippedPlugin) bool {
		_, err := os.Stat(binary(b, p))
		if err != nil {
			b.Logf("left out: %s (not in bin/)", p.id())
		}
		return err != nil
	})
	results := map[string][]result{}
	for b.Loop() {
		for range 10 {
			for _, p := range shipped {
				r := runChild(b, order{Mode: modeStart, Dir: b.TempDir(), Kind: p.kind, Plugin: p.name})
				results[p.id()] = append(results[p.id()], r)
			}
		}
	}
	b.ReportMetric(0, "ns/op") // what a loop takes says nothing
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "plugin\tstart to ready, median\tpeak memory\tsize\t")
	for _, p := range shipped {
		info, err := os.Stat(binary(b, p))
		if err != nil {
			b.Fatal(err)
		}
		took := median(results[p.id()], func(r result) time.Duration { return r.self.Took })
		var peak int64
		for _, r := range results[p.id()] {
			peak = max(peak, r.self.PluginKB)
		}
		size := float64(info.Size()) / 1e6
		fmt.Fprintf(w, "%s\t%.1f ms, %s\t%.1f MB, %s\t%.1f MB, %s\t\n", p.id(),
			float64(took)/1e6, atMost(took <= mostStart, mostStart.String()),
			float64(peak)/1e3, atMost(float64(peak)/1e3 <= mostPeakMB, "64"),
			size, atMost(size <= p.mostMB, fmt.Sprint(p.mostMB)))
	}
	_ = w.Flush()
	b.Log("\n" + text.String())
}

func binary(b *testing.B, p shippedPlugin) string {
	b.Helper()
	return filepath.Join(repo.Root(b), "bin", "alluxio-mesos-"+p.id())
}

func atMost(reached bool, most string) string {
	if reached {
		return "at most " + most
	}
	return "NOT at most " + most
}
