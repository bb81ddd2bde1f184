package cache

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkLookup is what a warm start waits for: an entry with as many files as a JDK and
// Alluxio have together.
func BenchmarkLookup(b *testing.B) {
	c := open(b)
	stage, err := c.Stage()
	require.NoError(b, err)
	tree, err := stage.NewTree()
	require.NoError(b, err)
	for i := range 2000 {
		dir := filepath.Join(tree, "jdk-17.0.9+9", fmt.Sprintf("some-folder-%d", i/50), "deeper")
		require.NoError(b, os.MkdirAll(dir, 0o755))
		require.NoError(b, os.WriteFile(filepath.Join(dir, fmt.Sprintf("file-%d.class", i)), []byte("data"), 0o644))
	}
	_, err = stage.Commit(digest("a"))
	require.NoError(b, err)
	require.NoError(b, stage.Discard())
	best := time.Hour
	for b.Loop() {
		begin := time.Now()
		entry, found, err := c.Lookup(digest("a"))
		if !found || err != nil {
			b.Fatal(found, err)
		}
		entry.Release()
		best = min(best, time.Since(begin))
	}
	b.ReportMetric(float64(best.Microseconds())/1000, "best-ms")
}
