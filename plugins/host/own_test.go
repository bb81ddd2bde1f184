package host_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
)

// putOwn puts a plugin into the node's own folder, as `install` does: aside, and then renamed.
func putOwn(t *testing.T, dir string, p host.Plugin) {
	t.Helper()
	data, err := os.ReadFile(p.URL)
	require.NoError(t, err)
	path := filepath.Join(dir, "alluxio-mesos-"+p.Kind+"-"+p.Name)
	require.NoError(t, os.WriteFile(path+".new", data, 0o755))
	require.NoError(t, os.Rename(path+".new", path))
}

func TestSwapByHand(t *testing.T) {
	t.Parallel()
	shipped := plugintest.Fake(t, plugintest.Good)
	cfg := quick(t, shipped)
	cfg.NodePluginDir, cfg.StartTimeout = t.TempDir(), 2*time.Second
	told := &notices{}
	cfg.Notice = told.add
	h := newHost(t, cfg)
	everywhere := filepath.Dir(cfg.CacheDir) // processes run from the folder, or from the cache
	require.Equal(t, "1.0.0", version(t, h, shipped.Name))

	newer := plugintest.Newer(t, shipped, plugintest.Good, "")
	putOwn(t, cfg.NodePluginDir, newer)
	require.Equal(t, "2.0.0", version(t, h, shipped.Name))
	require.Equal(t, newer.SHA256, h.Digests()["fetcher-fake-good"])
	require.Empty(t, told.all())

	for _, fault := range []string{
		plugintest.HangAtStart, plugintest.WrongName, plugintest.OtherScheme, plugintest.NewContract, plugintest.BadConfig, plugintest.WrongKind,
	} {
		before := len(told.all())
		bad := plugintest.Newer(t, shipped, fault, "")
		putOwn(t, cfg.NodePluginDir, bad)
		for range 3 {
			require.Equal(t, "2.0.0", version(t, h, shipped.Name), fault)
		}
		require.Len(t, told.all(), before+1, "told once")
		require.Contains(t, told.all()[before], "the new plugin in "+cfg.NodePluginDir+" is refused, and the older one, sha256 "+newer.SHA256+", goes on: ")
		require.NotContains(t, told.all()[before], "\n")
		require.Equal(t, newer.SHA256, h.Digests()["fetcher-fake-good"])
	}

	// The bytes of the older one are no longer in the folder.
	path := filepath.Join(cfg.NodePluginDir, "alluxio-mesos-fetcher-fake-good")
	running := append(pluginProcesses(t, cfg.NodePluginDir), pluginProcesses(t, everywhere)...)
	require.Len(t, running, 1)
	require.NoError(t, kill(running[0].PID))
	require.Eventually(t, func() bool { _, err := ping(t.Context(), h, shipped.Name); return err == nil }, 10*time.Second, time.Millisecond)
	require.Equal(t, "2.0.0", version(t, h, shipped.Name))
	requireProcesses(t, cfg.CacheDir, 1)

	before := len(told.all())
	require.NoError(t, os.Chmod(path, 0o777))
	require.Equal(t, "2.0.0", version(t, h, shipped.Name))
	require.Equal(t, "2.0.0", version(t, h, shipped.Name))
	require.Len(t, told.all(), before+1)
	require.Contains(t, told.all()[before], "others may write to")

	require.NoError(t, os.Remove(path))
	require.Equal(t, "1.0.0", version(t, h, shipped.Name), "the shipped one is used again")
	require.Equal(t, shipped.SHA256, h.Digests()["fetcher-fake-good"])
	requireProcesses(t, cfg.CacheDir, 1)
}

func TestABrokenFileOfTheNodeIsReplaced(t *testing.T) {
	t.Parallel()
	good := plugintest.Fake(t, plugintest.Good)
	cfg := quick(t)
	cfg.NodePluginDir = t.TempDir()
	putOwn(t, cfg.NodePluginDir, plugintest.Newer(t, good, plugintest.ExitAtStart, ""))
	h := newHost(t, cfg)
	_, err := ping(t.Context(), h, good.Name)
	require.ErrorContains(t, err, "cannot find my licence", "nothing older is there")
	putOwn(t, cfg.NodePluginDir, good)
	require.Equal(t, "1.0.0", version(t, h, good.Name))
	require.NoError(t, os.Remove(filepath.Join(cfg.NodePluginDir, "alluxio-mesos-fetcher-fake-good")))
	_, err = ping(t.Context(), h, good.Name)
	require.ErrorContains(t, err, "cannot find fetcher plugin")
	require.Equal(t, plugins.Permanent, plugins.KindOf(err))
}

func TestAFileOfTheNodeThatCrashesGivesWayAgain(t *testing.T) {
	t.Parallel()
	shipped := plugintest.Fake(t, plugintest.Good)
	packed := archive(t, 43, 1<<20)
	o := serve(t, packed)
	cfg := quick(t, shipped)
	cfg.NodePluginDir = t.TempDir()
	told := &notices{}
	cfg.Notice = told.add
	h := newHost(t, cfg)
	require.Equal(t, "1.0.0", version(t, h, shipped.Name))
	newer := plugintest.Newer(t, shipped, plugintest.DieAlways, "")
	putOwn(t, cfg.NodePluginDir, newer)
	a, err := h.Artifact(t.Context(), want(o.source(), digestOf(packed)), nil)
	require.NoError(t, err)
	requireUnpacked(t, a, packed)
	require.Len(t, told.all(), 1)
	require.Contains(t, told.all()[0], "sha256 "+shipped.SHA256+", is used again")
	require.Equal(t, "1.0.0", version(t, h, shipped.Name))
}
