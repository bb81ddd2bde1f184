package plugintest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// Check is one promise of the contract.
type Check struct {
	Name string
	// Run says what is wrong, or errSkip where the promise is not made.
	Run func(ctx context.Context) error
}

// errSkip says that a check does not apply.
type errSkip struct{ reason string }

func (e errSkip) Error() string { return "does not apply: " + e.reason }

// Skipped tells whether an error of a check only means that it does not apply, and why.
func Skipped(err error) (reason string, skipped bool) {
	var skip errSkip
	if errors.As(err, &skip) {
		return skip.reason, true
	}
	return "", false
}

func runChecks(t *testing.T, checks []Check) {
	for _, check := range checks {
		t.Run(check.Name, func(t *testing.T) {
			err := check.Run(t.Context())
			if reason, skipped := Skipped(err); skipped {
				t.Skip(reason)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// FetcherTest runs all checks on a fetcher in memory, and over gRPC.
func FetcherTest(t *testing.T, newFetcher func() plugins.Fetcher, world FetcherWorld) {
	t.Run("in memory", func(t *testing.T) {
		runChecks(t, FetcherChecks(newFetcher(), t.TempDir(), world))
	})
	t.Run("over gRPC", func(t *testing.T) {
		runChecks(t, FetcherChecks(OverGRPC(t, newFetcher()), t.TempDir(), world))
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
	runChecks(t, FetcherChecks(f, t.TempDir(), world))
}

// RamdiskTest runs all checks on a ramdisk in memory, and over gRPC.
func RamdiskTest(t *testing.T, newRamdisk func() plugins.Ramdisk, world RamdiskWorld) {
	t.Run("in memory", func(t *testing.T) { runChecks(t, RamdiskChecks(newRamdisk(), world)) })
	t.Run("over gRPC", func(t *testing.T) { runChecks(t, RamdiskChecks(RamdiskOverGRPC(t, newRamdisk()), world)) })
}

// RamdiskBinaryTest runs all checks on a ramdisk plugin's executable.
func RamdiskBinaryTest(t *testing.T, path string, world RamdiskWorld) {
	h, p := Start(t, path, world.Config)
	r, err := h.Ramdisk(t.Context(), p.Name)
	if err != nil {
		t.Fatal(err)
	}
	world.Config = nil
	runChecks(t, RamdiskChecks(r, world))
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
