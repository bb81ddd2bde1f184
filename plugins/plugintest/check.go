package plugintest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest/suite"
)

// FetcherWorld is what a fetcher's checks need around it.
type FetcherWorld = suite.FetcherWorld

// RamdiskWorld is what a ramdisk's checks need around it.
type RamdiskWorld = suite.RamdiskWorld

func runChecks(t *testing.T, checks []suite.Check) {
	for _, check := range checks {
		t.Run(check.Name, func(t *testing.T) {
			verdict := suite.Judge(t.Context(), check)
			switch verdict.Outcome {
			case suite.Skipped:
				t.Skip(verdict.Why)
			case suite.Failed:
				t.Fatal(verdict.Why)
			}
		})
	}
}

// FetcherTest runs all checks on a fetcher in memory, and over gRPC.
func FetcherTest(t *testing.T, newFetcher func() plugins.Fetcher, world FetcherWorld) {
	t.Run("in memory", func(t *testing.T) {
		runChecks(t, suite.FetcherChecks(newFetcher(), t.TempDir(), world))
	})
	t.Run("over gRPC", func(t *testing.T) {
		runChecks(t, suite.FetcherChecks(OverGRPC(t, newFetcher()), t.TempDir(), world))
	})
}

// FetcherBinaryTest runs all checks on a fetcher plugin's executable.
func FetcherBinaryTest(t *testing.T, path string, world FetcherWorld) {
	h, p := Start(t, path, world.Config)
	f, err := h.Fetcher(t.Context(), p.Name)
	if err != nil {
		t.Fatal(err)
	}
	world.Config = nil // the host's own Init has handed it over
	runChecks(t, suite.FetcherChecks(f, t.TempDir(), world))
}

// RamdiskTest runs all checks on a ramdisk in memory, and over gRPC.
func RamdiskTest(t *testing.T, newRamdisk func() plugins.Ramdisk, world RamdiskWorld) {
	t.Run("in memory", func(t *testing.T) { runChecks(t, suite.RamdiskChecks(newRamdisk(), world)) })
	t.Run("over gRPC", func(t *testing.T) { runChecks(t, suite.RamdiskChecks(RamdiskOverGRPC(t, newRamdisk()), world)) })
}

// RamdiskBinaryTest runs all checks on a ramdisk plugin's executable.
func RamdiskBinaryTest(t *testing.T, path string, world RamdiskWorld) {
	h, p := Start(t, path, world.Config)
	r, err := h.Ramdisk(t.Context(), p.Name)
	if err != nil {
		t.Fatal(err)
	}
	world.Config = nil
	runChecks(t, suite.RamdiskChecks(r, world))
}

// CacheDir is a folder for a node cache, whose read-only trees go with the test.
func CacheDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "plugintest-cache-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := scratch.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return filepath.Join(dir, "cache")
}
