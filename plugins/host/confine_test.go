package host_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/internal/landlock"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
)

// stray has a fetcher write a file to a path, past its download.
func stray(t *testing.T, cfg host.Config, path string) error {
	t.Helper()
	w := want("fake://nowhere/soft.tar.gz", "")
	w.Path = path
	_, err := newHost(t, cfg).Artifact(t.Context(), w, nil)
	return err
}

func TestAFetcherWritesOnlyWhereItMay(t *testing.T) {
	t.Parallel()
	if landlock.ABI() == 0 {
		t.Skip(landlock.ErrNone)
	}
	elsewhere := t.TempDir()
	file := filepath.Join(elsewhere, "file")
	cfg := quick(t, plugintest.Fake(t, plugintest.Stray))
	require.ErrorContains(t, stray(t, cfg, file), "permission denied")
	require.NoFileExists(t, file)
	require.ErrorContains(t, stray(t, cfg, filepath.Join(cfg.CacheDir, "entries", "poison")), "permission denied")
	require.ErrorContains(t, stray(t, cfg, filepath.Join(cfg.CacheDir, "plugins", "poison")), "permission denied")
	require.ErrorContains(t, stray(t, cfg, filepath.Join(cfg.CacheDir, "tmp", "draft")), "permission denied")
	require.ErrorContains(t, stray(t, cfg, filepath.Join(cfg.CacheDir, "partial", "poison")), "there is no folder", "nobody was killed yet")
	require.NoError(t, stray(t, cfg, filepath.Join(cfg.CacheDir, "downloads", "draft")))

	for _, config := range []map[string]string{{"landlock": "off"}, {"landlock.write": "/dev/null, " + elsewhere}} {
		config["env"] = cfg.Plugins[0].Config["env"]
		open := plugintest.Fake(t, plugintest.Stray)
		open.Config = config
		require.NoError(t, stray(t, quick(t, open), file))
		require.NoError(t, os.Remove(file))
	}
	written := quick(t, plugintest.Fake(t, plugintest.Stray))
	written.Writable = []string{elsewhere}
	require.NoError(t, stray(t, written, file))
}

// What was hashed is what is in the tree: the fetcher that brought it finds the folder that
// its bytes are being unpacked in, and cannot add to it, nor change what is noted of its download.
func TestAFetcherCannotWriteIntoTheTreeThatIsUnpacked(t *testing.T) {
	t.Parallel()
	if landlock.ABI() == 0 {
		t.Skip(landlock.ErrNone)
	}
	cfg := quick(t, plugintest.Fake(t, plugintest.Stray))
	for _, place := range []string{"tmp/fill-*/entry/tree", "tmp/fill-*/entry", "tmp/fill-*"} {
		err := stray(t, cfg, filepath.Join(cfg.CacheDir, place, "poison"))
		require.ErrorContains(t, err, "poison: permission denied", place)
	}
	free := plugintest.Fake(t, plugintest.Stray)
	free.Config = map[string]string{"env": cfg.Plugins[0].Config["env"], "landlock": "off"}
	cfg = quick(t, free)
	require.NoError(t, stray(t, cfg, filepath.Join(cfg.CacheDir, "tmp/fill-*/entry/tree/poison")), "it is Landlock that refuses")
}

func TestBadConfinementsAreRefused(t *testing.T) {
	t.Parallel()
	if landlock.ABI() == 0 {
		t.Skip(landlock.ErrNone)
	}
	for text, config := range map[string]map[string]string{
		`its landlock is "yes"; it takes off, or nothing`:                                                                     {"landlock": "yes"},
		`its landlock.write names "data", which is no absolute path`:                                                          {"landlock.write": "/tmp,data"},
		"cannot allow writing to /no/such: no such file or directory; make it, or take it out of the plugin's landlock.write": {"landlock.write": "/no/such"},
	} {
		p := plugintest.Fake(t, plugintest.Good)
		p.Config = config
		cfg := quick(t, p)
		_, err := ping(t.Context(), newHost(t, cfg), p.Name)
		require.ErrorContains(t, err, "cannot start plugin fetcher-fake-good: "+text)
		require.Equal(t, plugins.Permanent, plugins.KindOf(err))
	}
}

// A ramdisk mounts, which a confined process cannot.
func TestARamdiskIsNotConfined(t *testing.T) {
	t.Parallel()
	p := plugintest.FakeRamdisk(t, plugintest.Good)
	r, err := newHost(t, quick(t, p)).Ramdisk(t.Context(), p.Name)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "disk")
	_, err = r.Mount(t.Context(), plugins.MountRequest{Path: path, Size: 1, Framework: "f", Instance: "i"})
	require.NoError(t, err)
	require.DirExists(t, path)
}

// What the host itself does and starts later is as free as before.
func TestTheHostIsNotConfined(t *testing.T) {
	t.Parallel()
	p := plugintest.Fake(t, plugintest.Good)
	h := newHost(t, quick(t, p))
	dir := t.TempDir()
	for range 5 {
		_, err := ping(t.Context(), h, p.Name)
		require.NoError(t, err)
		require.NoError(t, exec.CommandContext(t.Context(), "/bin/sh", "-c", "echo > "+dir+"/file").Run())
		require.NoError(t, h.Close())
		h = newHost(t, quick(t, p))
	}
}
