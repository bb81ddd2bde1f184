package host_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
)

// cyclesEnv is how many start-stop cycles TestCycles makes: 500 before a release, see the
// Makefile. It takes some 50 ms for each.
const cyclesEnv = "ALLUXIO_MESOS_CYCLES"

// TestCycles is not parallel: it counts what this process has.
func TestCycles(t *testing.T) {
	cycles := 50
	if asked, err := strconv.Atoi(os.Getenv(cyclesEnv)); err == nil {
		cycles = asked
	}
	p := plugintest.Fake(t, plugintest.Good)
	if path := os.Getenv("ALLUXIO_MESOS_CYCLES_OF"); path != "" {
		p = only(t, path)
	}
	cfg := quick(t, p)
	cfg.Logger = nil
	cycle := func() {
		h, err := host.New(cfg)
		require.NoError(t, err)
		_, err = ping(t.Context(), h, p.Name)
		require.NoError(t, err)
		require.NoError(t, h.Close())
	}
	cycle()
	before := held(t)
	begun := time.Now()
	for range cycles {
		cycle()
	}
	t.Logf("%d cycles, %s each; %+v before, %+v after", cycles, time.Since(begun)/time.Duration(cycles), before, held(t))
	require.Eventually(t, func() bool {
		now := held(t)
		return now.descriptors <= before.descriptors && now.goroutines <= before.goroutines+1 && // the one that asks
			now.threads <= before.threads+4 && now.sockets <= before.sockets && now.children == 0
	}, 10*time.Second, 10*time.Millisecond)
	require.Empty(t, pluginProcesses(t, cfg.CacheDir))
	for _, dir := range []string{cfg.TempDir, filepath.Join(cfg.CacheDir, "tmp"), filepath.Join(cfg.CacheDir, "downloads")} {
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left, "sockets and temporary folders")
	}
}

// only is the plugin in an executable.
func only(t *testing.T, path string) host.Plugin {
	t.Helper()
	list, err := host.ListDir(filepath.Dir(path))
	require.NoError(t, err)
	at := slices.IndexFunc(list, func(p host.Plugin) bool { return p.URL == path })
	require.GreaterOrEqual(t, at, 0, "%s is no plugin's executable", path)
	return list[at]
}

// holding is what a process has of the system.
type holding struct{ descriptors, goroutines, threads, sockets, children int }

func held(t *testing.T) holding {
	t.Helper()
	h := holding{goroutines: runtime.NumGoroutine()}
	descriptors, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	h.descriptors = len(descriptors)
	for _, d := range descriptors {
		if to, err := os.Readlink("/proc/self/fd/" + d.Name()); err == nil && strings.HasPrefix(to, "socket:") {
			h.sockets++
		}
	}
	threads, err := os.ReadDir("/proc/self/task")
	require.NoError(t, err)
	h.threads = len(threads)
	for _, thread := range threads { // zombies, too; not told by every kernel
		children, _ := os.ReadFile(filepath.Join("/proc/self/task", thread.Name(), "children"))
		h.children += len(strings.Fields(string(children)))
	}
	return h
}
