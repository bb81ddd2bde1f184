package host_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
)

// ping starts a plugin, if need be, and asks it its name.
func ping(ctx context.Context, h *host.Host, name string) (string, error) {
	f, err := h.Fetcher(ctx, name)
	if err != nil {
		return "", err
	}
	info, err := f.Info(ctx)
	return info.Name, err
}

func TestBadPluginsAreRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	cases := []struct {
		fault string
		kind  plugins.Kind
		text  string
	}{
		{plugintest.HangAtStart, plugins.Retryable, "it was not ready after"},
		{plugintest.Garbage, plugins.Permanent, `its first line on stdout is "Welcome to my plugin!"`},
		{plugintest.ExitAtStart, plugins.Retryable, "its last lines: cannot find my licence"},
		{plugintest.OldContract, plugins.Permanent, "made for contract 0, and this host speaks contract 1"},
		{plugintest.NewContract, plugins.Permanent, "made for contract 2, and this host speaks contract 1"},
		{plugintest.WrongInfo, plugins.Permanent, "made for contract 7"},
		{plugintest.BadConfig, plugins.Permanent, "it refuses its configuration: colour: no such key"},
	}
	for _, c := range cases {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			p := plugintest.Fake(t, c.fault)
			cfg := quick(t, p)
			if c.fault == plugintest.HangAtStart {
				cfg.StartTimeout = 300 * time.Millisecond
			}
			h := newHost(t, cfg)
			_, err := ping(t.Context(), h, p.Name)
			require.ErrorContains(t, err, "cannot start plugin fetcher-"+p.Name)
			require.ErrorContains(t, err, c.text)
			require.Equal(t, c.kind, plugins.KindOf(err))
			require.NotContains(t, err.Error(), "\n")
			requireNoProcess(t, cfg.CacheDir)
		})
	}
}

func TestAPluginOfAnotherKind(t *testing.T) {
	t.Parallel()
	p := plugintest.FakeRamdisk(t, plugintest.Good)
	own := t.TempDir()
	require.NoError(t, os.Symlink("/bin/false", filepath.Join(own, "alluxio-mesos-fetcher-false")))
	cfg := quick(t, p)
	cfg.NodePluginDir = own
	_, err := ping(t.Context(), newHost(t, cfg), "false")
	require.ErrorContains(t, err, "it ended without a word")
}

func TestThePluginsEnvironment(t *testing.T) {
	t.Setenv("PLUGIN_TEST_NAMED", "seen")
	t.Setenv("PLUGIN_TEST_SECRET", "hidden")
	tell := filepath.Join(t.TempDir(), "environment")
	p := plugintest.Fake(t, plugintest.Good)
	p.Config = map[string]string{"tell": tell, "env": "PLUGIN_TEST_NAMED, PLUGIN_TEST_UNSET", "landlock.write": filepath.Dir(tell)}
	cfg := quick(t, p)
	_, err := ping(t.Context(), newHost(t, cfg), p.Name)
	require.NoError(t, err)
	text, err := os.ReadFile(tell)
	require.NoError(t, err)
	dir, environment, _ := strings.Cut(string(text), "\n")
	require.True(t, strings.HasPrefix(dir, cfg.TempDir+"/"), dir)
	require.Contains(t, environment, "TMPDIR="+dir)
	require.Contains(t, environment, "PLUGIN_TEST_NAMED=seen")
	require.NotContains(t, environment, "hidden")
	var names []string
	for line := range strings.SplitSeq(environment, "\n") {
		// The certificate has lines of its own, that may hold a "=".
		name, _, _ := strings.Cut(line, "=")
		if strings.ToUpper(name) == name && strings.Contains(line, "=") && !strings.HasPrefix(name, "PLUGIN_") {
			names = append(names, name)
		}
	}
	require.ElementsMatch(t, []string{"PATH", "TMPDIR", "ALLUXIO_MESOS_PLUGIN", "ALLUXIO_MESOS_PLUGIN_CERTIFICATE"}, names)
}

func TestADeadPluginIsStartedAgain(t *testing.T) {
	t.Parallel()
	p := plugintest.Fake(t, plugintest.Good)
	cfg := quick(t, p)
	h := newHost(t, cfg)
	for range 3 {
		name, err := ping(t.Context(), h, p.Name)
		require.NoError(t, err)
		require.Equal(t, "fake-good", name)
		running := pluginProcesses(t, cfg.CacheDir)
		require.Len(t, running, 1)
		require.NoError(t, kill(running[0].PID))
		requireNoProcess(t, cfg.CacheDir)
		require.Eventually(t, func() bool { // until the host has noticed
			_, err := ping(t.Context(), h, p.Name)
			return err == nil
		}, 10*time.Second, time.Millisecond)
	}
}

func kill(pid int) error {
	process, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return process.Kill()
}

func TestTheRamdiskIsCalledAgainAfterItsProcessDied(t *testing.T) {
	t.Parallel()
	p := plugintest.FakeRamdisk(t, plugintest.DieOnce)
	h := newHost(t, quick(t, p))
	r, err := h.Ramdisk(t.Context(), p.Name)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "disk")
	result, err := r.Mount(t.Context(), plugins.MountRequest{Path: path, Size: 1, Framework: "f", Instance: "i"})
	require.NoError(t, err)
	require.True(t, result.Reused)
	require.Equal(t, "a fake", result.Notice)
	require.NoError(t, r.Unmount(t.Context(), path))
	err = r.Unmount(t.Context(), "here")
	require.EqualError(t, err, "no absolute path")
	require.Equal(t, plugins.Permanent, plugins.KindOf(err))
}

func TestARamdiskThatHangsIsKilled(t *testing.T) {
	t.Parallel()
	p := plugintest.FakeRamdisk(t, plugintest.HangInCall)
	cfg := quick(t, p)
	cfg.CallTimeout = 500 * time.Millisecond
	r, err := newHost(t, cfg).Ramdisk(t.Context(), p.Name)
	require.NoError(t, err)
	_, err = r.Mount(t.Context(), plugins.MountRequest{Path: filepath.Join(t.TempDir(), "disk"), Size: 1, Framework: "f", Instance: "i"})
	require.ErrorContains(t, err, "did not answer within 500ms and was killed")
	requireNoProcess(t, cfg.CacheDir)
}

func TestAnUnknownPlugin(t *testing.T) {
	t.Parallel()
	h := newHost(t, quick(t, plugintest.Fake(t, plugintest.Good)))
	_, err := h.Ramdisk(t.Context(), "tmpfs")
	require.ErrorContains(t, err, `cannot find ramdisk plugin "tmpfs"`)
	require.ErrorContains(t, err, "put it into plugin.dir (for the fetch command: --plugin FILE or --plugin-dir DIR)")
	require.ErrorContains(t, err, "it ships: fetcher-fake-good")
	_, err = h.Fetcher(t.Context(), "../../bin/sh")
	require.ErrorContains(t, err, "lower-case letters")
}

// grown is the plugin with bytes at its end that change nothing but its digest.
func grown(t *testing.T, p host.Plugin, dir string) host.Plugin {
	t.Helper()
	data, err := os.ReadFile(p.URL)
	require.NoError(t, err)
	p.URL = filepath.Join(dir, "alluxio-mesos-"+p.Kind+"-"+p.Name)
	require.NoError(t, os.WriteFile(p.URL, append(data, "newer"...), 0o755))
	p.SHA256, p.Size, err = host.DigestFile(p.URL)
	require.NoError(t, err)
	return p
}

func TestUpdateStartsTheNewerAndDrainsTheOlder(t *testing.T) {
	t.Parallel()
	old := plugintest.Fake(t, plugintest.StallOnce)
	packed := archive(t, 20, 1<<20)
	o := serve(t, packed)
	cfg := quick(t, old)
	cfg.StallTimeout = 3 * time.Second
	h := newHost(t, cfg)
	updated := grown(t, old, t.TempDir())
	var told atomic.Bool
	_, err := h.Artifact(t.Context(), want(o.source(), digestOf(packed)), func(p host.Progress) {
		if p.Bytes < int64(len(packed)/2) || told.Swap(true) {
			return
		}
		require.NoError(t, h.Update([]host.Plugin{updated}))
		_, err := ping(t.Context(), h, old.Name)
		require.NoError(t, err)
		require.Len(t, pluginProcesses(t, cfg.CacheDir), 2, "the older one is in use")
	})
	require.NoError(t, err)
	require.Equal(t, updated.SHA256, h.Digests()["fetcher-fake-stall-once"])
	require.Eventually(t, func() bool { return len(pluginProcesses(t, cfg.CacheDir)) == 1 }, 10*time.Second, 10*time.Millisecond)
	require.Error(t, h.Update([]host.Plugin{{Kind: "fetcher", Name: "x", SHA256: "no"}}))
}

func TestADamagedPluginIsFetchedAnew(t *testing.T) {
	t.Parallel()
	p := plugintest.Fake(t, plugintest.Good)
	cfg := quick(t, p)
	path := filepath.Join(cfg.CacheDir, "plugins", p.SHA256, "alluxio-mesos-fetcher-fake-good")
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\nreboot\n"), 0o755))
	name, err := ping(t.Context(), newHost(t, cfg), p.Name)
	require.NoError(t, err)
	require.Equal(t, "fake-good", name)
}

func TestPluginsComeFromTheListener(t *testing.T) {
	t.Parallel()
	p := plugintest.Fake(t, plugintest.Good)
	file := p.URL
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch n := requests.Add(1); {
		case r.URL.Path == "/missing":
			http.NotFound(w, r)
		case r.URL.Path == "/wrong":
			http.ServeFile(w, r, "/bin/false")
		case n == 1:
			w.WriteHeader(http.StatusBadGateway)
		case n == 2: // breaks off
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte("half"))
		default:
			http.ServeFile(w, r, file)
		}
	}))
	defer server.Close()
	p.URL = server.URL + "/right"
	cfg := quick(t, p)
	h := newHost(t, cfg)
	_, err := ping(t.Context(), h, p.Name)
	require.NoError(t, err)
	require.EqualValues(t, 3, requests.Load())

	for path, text := range map[string]string{"/missing": "404 Not Found", "/wrong": "wrong digest: expected sha256:" + p.SHA256} {
		p.URL, p.Size = server.URL+path, 0
		cfg := quick(t, p)
		_, err := ping(t.Context(), newHost(t, cfg), p.Name)
		require.ErrorContains(t, err, text)
		require.Equal(t, plugins.Permanent, plugins.KindOf(err))
		requireNothingLeft(t, cfg.CacheDir)
	}
	p.URL = ""
	_, err = ping(t.Context(), newHost(t, quick(t, p)), p.Name)
	require.ErrorContains(t, err, "the deployment names no URL")
}

func TestTheNodesOwnPlugins(t *testing.T) {
	t.Parallel()
	shipped := plugintest.Fake(t, plugintest.BadConfig)
	dir := t.TempDir()
	own := grown(t, plugintest.Fake(t, plugintest.Good), dir)
	require.NoError(t, os.Rename(own.URL, filepath.Join(dir, "alluxio-mesos-fetcher-fake-bad-config")))
	own = grown(t, plugintest.Fake(t, plugintest.Good), dir)
	cfg := quick(t, shipped)
	cfg.NodePluginDir = dir
	h := newHost(t, cfg)
	_, err := ping(t.Context(), h, "fake-good")
	require.NoError(t, err)
	require.Equal(t, own.SHA256, h.Digests()["fetcher-fake-good"])
	_, err = ping(t.Context(), h, "fake-bad-config")
	require.ErrorContains(t, err, "colour", "the node's own one plays the fault of its name")
	require.ErrorContains(t, err, "fetcher-fake-bad-config")

	require.NoError(t, os.Chmod(own.URL, 0o757))
	_, err = ping(t.Context(), newHost(t, cfg), "fake-good")
	require.ErrorContains(t, err, "others may write to")
	require.Equal(t, plugins.Permanent, plugins.KindOf(err))
}

func TestListDir(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{
		"alluxio-mesos-fetcher-http": 0o755, "alluxio-mesos-ramdisk-tmpfs": 0o755, "alluxio-mesos-fetcher-s3": 0o644,
		"alluxio-mesos-executor": 0o755, "alluxio-mesos": 0o755, "alluxio-mesos-fetcher-": 0o755, "alluxio-mesos-fetcher-A": 0o755,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("abc"), mode))
	}
	list, err := host.ListDir(dir)
	require.NoError(t, err)
	abc := "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	require.Equal(t, []host.Plugin{
		{Kind: "fetcher", Name: "http", SHA256: abc, URL: filepath.Join(dir, "alluxio-mesos-fetcher-http"), Size: 3},
		{Kind: "ramdisk", Name: "tmpfs", SHA256: abc, URL: filepath.Join(dir, "alluxio-mesos-ramdisk-tmpfs"), Size: 3},
	}, list)
	_, err = host.ListDir(filepath.Join(dir, "none"))
	require.ErrorContains(t, err, "cannot list plugins")
}

const victimEnv = "HOST_TEST_VICTIM"

// runVictim plays a host that is killed in the middle of a fetch.
func runVictim() {
	source := os.Getenv(victimEnv)
	if source == "" {
		return
	}
	self, _ := os.Executable()
	sum, size, _ := host.DigestFile(self)
	h, err := host.New(host.Config{
		CacheDir: os.Getenv(victimEnv + "_CACHE"), TempDir: os.Getenv(victimEnv + "_TEMP"),
		Fetchers: map[string]string{"fake": "fake-stall-once"},
		Plugins:  []host.Plugin{{Kind: "fetcher", Name: "fake-stall-once", SHA256: sum, Size: size, URL: self}},
	})
	if err != nil {
		panic(err)
	}
	_, err = h.Artifact(context.Background(), host.Want{Source: source}, func(p host.Progress) {
		if p.Bytes > p.Total/2 {
			fmt.Println("in the middle")
		}
	})
	panic(err)
}

func TestNothingOutlivesAKilledHost(t *testing.T) {
	t.Parallel()
	cfg := quick(t)
	self, err := os.Executable()
	require.NoError(t, err)
	victim := exec.Command(self)
	victim.Env = []string{
		victimEnv + "=" + serve(t, archive(t, 30, 1<<20)).source(), victimEnv + "_CACHE=" + cfg.CacheDir, victimEnv + "_TEMP=" + cfg.TempDir,
	}
	out, err := victim.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, victim.Start())
	require.True(t, bufio.NewScanner(out).Scan())
	require.Len(t, pluginProcesses(t, cfg.CacheDir), 1)
	require.NoError(t, victim.Process.Kill())
	_ = victim.Wait()
	requireNoProcess(t, cfg.CacheDir)

	newHost(t, cfg)
	requireNothingLeft(t, cfg.CacheDir)
	left, err := os.ReadDir(cfg.TempDir)
	require.NoError(t, err)
	require.Empty(t, left)
}
