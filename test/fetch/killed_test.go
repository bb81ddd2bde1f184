package fetch

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

const victimEnv = "FETCH_TEST_VICTIM"

// runVictim plays an executor that is killed in the middle of a fetch.
func runVictim() {
	plugin := os.Getenv(victimEnv)
	if plugin == "" {
		return
	}
	sum, size, err := host.DigestFile(plugin)
	if err != nil {
		panic(err)
	}
	h, err := host.New(host.Config{
		CacheDir: os.Getenv(victimEnv + "_CACHE"),
		Plugins:  []host.Plugin{{Kind: "fetcher", Name: "http", SHA256: sum, Size: size, URL: plugin}},
	})
	if err != nil {
		panic(err)
	}
	want := host.Want{Source: os.Getenv(victimEnv + "_SOURCE"), Checksum: os.Getenv(victimEnv + "_SUM")}
	_, err = h.Artifact(context.Background(), want, func(p host.Progress) {
		if p.Bytes > p.Total/2 && p.Total > 0 {
			fmt.Println("in the middle")
		}
	})
	panic(err)
}

// TestTheHostIsKilled: whoever comes after a host that was killed finds nothing half done,
// goes on with its download where a digest can prove that this is right, and else begins anew.
func TestTheHostIsKilled(t *testing.T) {
	t.Parallel()
	s := newSoft(t)
	o, plugin := httpOrigin(t, s), build(t, "http", "one")
	for name, c := range map[string]struct {
		sum   string
		moved float64 // at most
		least float64
	}{"with a digest": {s.digest, 1.1, 1}, "without": {"", 1.7, 1.4}} {
		t.Run(name, func(t *testing.T) {
			l := newLine(t, o.target, speed, 0)
			cfg := hostConfig(t, plugin)
			killVictim(t, []string{
				victimEnv + "=" + plugin.URL, victimEnv + "_CACHE=" + cfg.CacheDir,
				victimEnv + "_SOURCE=" + o.source(l.addr), victimEnv + "_SUM=" + c.sum,
			})
			require.Eventually(t, func() bool { return len(fetchersOf(t, cfg.CacheDir)) == 0 }, 10*time.Second, 10*time.Millisecond)
			h, err := host.New(cfg)
			require.NoError(t, err)
			defer func() { require.NoError(t, h.Close()) }()
			for _, dir := range []string{"tmp", "downloads", "entries"} {
				requireEmpty(t, filepath.Join(cfg.CacheDir, dir))
			}
			a, err := h.Artifact(t.Context(), host.Want{Source: o.source(l.addr), Checksum: c.sum}, nil)
			require.NoError(t, err)
			s.requireRight(t, a)
			requireEmpty(t, filepath.Join(cfg.CacheDir, "partial"))
			ratio := float64(l.moved.Load()) / float64(len(s.packed))
			t.Logf("%.1f %% of its bytes moved", 100*ratio)
			require.LessOrEqual(t, ratio, c.moved)
			require.GreaterOrEqual(t, ratio, c.least)
		})
	}
}

func killVictim(t *testing.T, env []string) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	victim := exec.Command(self)
	victim.Env = append(os.Environ(), env...)
	out, err := victim.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, victim.Start())
	require.True(t, bufio.NewScanner(out).Scan())
	require.NoError(t, victim.Process.Kill())
	_ = victim.Wait()
}

func requireEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if !os.IsNotExist(err) {
		require.NoError(t, err)
	}
	require.Empty(t, entries, dir)
}
