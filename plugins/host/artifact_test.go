package host_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
)

func want(source string, checksum string) host.Want {
	return host.Want{Artifact: "jdk", Source: source, Checksum: checksum}
}

func TestAnArtifactIsFetchedOnceAndThenCached(t *testing.T) {
	t.Parallel()
	packed := archive(t, 1, 3<<20)
	o := serve(t, packed)
	cfg := quick(t, plugintest.Fake(t, plugintest.Good))
	h := newHost(t, cfg)
	var last host.Progress
	a, err := h.Artifact(t.Context(), want(o.source(), digestOf(packed)), func(p host.Progress) { last = p })
	require.NoError(t, err)
	requireUnpacked(t, a, packed)
	require.False(t, a.Cached)
	size := int64(len(packed))
	require.Equal(t, host.Progress{Bytes: size, Total: size, Phase: host.PhaseDone}, last)
	require.Equal(t, map[string]string{"fetcher-fake-good": cfg.Plugins[0].SHA256}, h.Digests())
	require.NoError(t, h.Close())
	requireNoProcess(t, cfg.CacheDir)

	cfg.Plugins = nil // a hit needs no plugin
	again, err := newHost(t, cfg).Artifact(t.Context(), want(o.source(), digestOf(packed)), nil)
	require.NoError(t, err)
	require.True(t, again.Cached)
	require.Equal(t, a.Dirs, again.Dirs)
	requests, _ := o.counts()
	require.Equal(t, 1, requests)
}

func TestWhatBefallsAFetchIsMended(t *testing.T) {
	t.Parallel()
	packed := archive(t, 2, 3<<20)
	cases := []struct {
		fault   string
		resumed bool // by a second request
		anew    bool // by one more
	}{
		{plugintest.DieOnce, true, false},
		{plugintest.StallOnce, true, false},
		{plugintest.FreezeOnce, true, false},
		{plugintest.CorruptOnce, true, true},
		{plugintest.ChangedOnce, false, true},
		{plugintest.Flood, false, false},
		{plugintest.HangAtEnd, false, false},
	}
	for _, c := range cases {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			o := serve(t, packed)
			cfg := quick(t, plugintest.Fake(t, c.fault))
			cfg.StallTimeout = 2 * time.Second
			cfg.StopTimeout = 500 * time.Millisecond
			h := newHost(t, cfg)
			a, err := h.Artifact(t.Context(), want(o.source(), digestOf(packed)), nil)
			require.NoError(t, err)
			requireUnpacked(t, a, packed)
			starts := o.starts
			require.Equal(t, "", starts[0])
			starts = starts[1:]
			for c.fault == plugintest.DieOnce && len(starts) > 0 && starts[0] == "" {
				starts = starts[1:] // all that it had told was lost with it
			}
			if c.resumed && (c.fault != plugintest.DieOnce || len(starts) > 0) {
				require.NotEmpty(t, starts)
				var at int
				_, err := fmt.Sscanf(starts[0], "bytes=%d-", &at)
				require.NoError(t, err)
				require.Positive(t, at) // what a dying plugin tells last may be lost
				starts = starts[1:]
			}
			if c.anew {
				require.Equal(t, "", starts[0])
				starts = starts[1:]
			}
			require.Empty(t, starts)
			require.NoError(t, h.Close())
			requireNoProcess(t, cfg.CacheDir)
		})
	}
}

func TestShortAnswersAddUp(t *testing.T) {
	t.Parallel()
	packed := archive(t, 3, 50_000)
	for _, fault := range []string{plugintest.Truncate, plugintest.Orphan} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			cfg := quick(t, plugintest.Fake(t, fault))
			cfg.StopTimeout = 200 * time.Millisecond
			cfg.Retry.Attempts = 20 // on a busy machine a dying plugin's last word is often lost, and with it what it won
			h := newHost(t, cfg)
			a, err := h.Artifact(t.Context(), want(serve(t, packed).source(), digestOf(packed)), nil)
			require.NoError(t, err)
			requireUnpacked(t, a, packed)
		})
	}
}

func TestWhatCannotBeMendedIsToldAndLeavesNothing(t *testing.T) {
	t.Parallel()
	packed := archive(t, 4, 1<<20)
	other := digestOf([]byte("something else"))
	cases := []struct {
		name, fault, checksum string
		spoil                 func(*origin)
		kind                  plugins.Kind
		text                  []string
	}{
		{"wrong digest", plugintest.Good, other, nil, plugins.Permanent, []string{"expected " + other, "got " + digestOf(packed)}},
		{"no digest at all", plugintest.Good, "sha256:123", nil, plugins.Permanent, []string{"64 hex digits"}},
		{"corrupted on the way", plugintest.Corrupt, digestOf(packed), nil, plugins.Permanent, []string{"wrong digest"}},
		{"lying plugin", plugintest.Overclaim, digestOf(packed), nil, plugins.Permanent, []string{"but the file has"}},
		{"dying plugin", plugintest.DieAlways, digestOf(packed), nil, plugins.Retryable,
			[]string{"gave up after 4 attempts", "plugin fetcher-fake-die-always ended (exit status 2)", "I never was much good"}},
		{"not found", plugintest.Good, "", func(o *origin) {
			o.fail = func(_ int, w http.ResponseWriter) bool { w.WriteHeader(404); return true }
		}, plugins.Permanent, []string{"404 Not Found"}},
		{"no archive", plugintest.Good, "", func(o *origin) { o.data = []byte("<html>Please log in</html>") }, plugins.Permanent, []string{"soft-1.0.tar.gz"}},
		{"no archive, right digest", plugintest.Good, digestOf([]byte("<html>")), func(o *origin) { o.data = []byte("<html>") },
			plugins.Permanent, []string{"soft-1.0.tar.gz"}},
		{"checksum in place", plugintest.InPlace, other, nil, plugins.Permanent, []string{"leave the checksum out"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := serve(t, packed)
			if c.spoil != nil {
				c.spoil(o)
			}
			cfg := quick(t, plugintest.Fake(t, c.fault))
			h := newHost(t, cfg)
			w := want(o.source(), c.checksum)
			w.Path = "/usr"
			_, err := h.Artifact(t.Context(), w, nil)
			require.Error(t, err)
			for _, text := range append(c.text, "cannot fetch jdk from fake://") {
				require.ErrorContains(t, err, text)
			}
			require.Equal(t, c.kind, plugins.KindOf(err), err)
			requireNothingLeft(t, cfg.CacheDir)
		})
	}
}

func TestASourceWithoutDigestIsAskedBeforeItIsFetchedAgain(t *testing.T) {
	t.Parallel()
	first, second := archive(t, 5, 1<<20), archive(t, 6, 1<<20)
	o := serve(t, first)
	h := newHost(t, quick(t, plugintest.Fake(t, plugintest.Good)))
	get := func(packed []byte, cached bool) {
		t.Helper()
		a, err := h.Artifact(t.Context(), want(o.source(), ""), nil)
		require.NoError(t, err)
		requireUnpacked(t, a, packed)
		require.Equal(t, cached, a.Cached)
	}
	get(first, false)
	_, once := o.counts()
	get(first, true)
	_, sent := o.counts()
	require.Less(t, sent-once, int64(1000))
	o.set(second)
	get(second, false)
	get(second, true)
	o.set(first)
	get(first, false)
}

func TestManyWhoWantTheSameFetchItOnce(t *testing.T) {
	t.Parallel()
	packed := archive(t, 7, 2<<20)
	o := serve(t, packed)
	cfg := quick(t, plugintest.Fake(t, plugintest.Good))
	var all sync.WaitGroup
	for range 2 {
		h := newHost(t, cfg)
		for range 4 {
			all.Go(func() {
				a, err := h.Artifact(context.Background(), want(o.source(), digestOf(packed)), nil)
				if err != nil || len(a.Dirs) != 1 {
					t.Errorf("%v %v", a, err)
				}
			})
		}
	}
	all.Wait()
	requests, _ := o.counts()
	require.Equal(t, 1, requests)
}

func TestInPlace(t *testing.T) {
	t.Parallel()
	cfg := quick(t, plugintest.Fake(t, plugintest.InPlace))
	w := want("fake://host/x", "")
	w.Path = "/usr"
	a, err := newHost(t, cfg).Artifact(t.Context(), w, nil)
	require.NoError(t, err)
	require.Equal(t, host.Artifact{Dirs: []string{"/usr"}, InPlace: true, Served: host.Served{
		Source: "fake://host/x", Plugin: "fake-in-place", Version: "1.0.0", SHA256: cfg.Plugins[0].SHA256,
	}}, a)
	requireNothingLeft(t, cfg.CacheDir)
}

func TestABusySourceIsAskedWhenItSaysSo(t *testing.T) {
	t.Parallel()
	packed := archive(t, 8, 1000)
	o := serve(t, packed)
	var refused time.Time
	o.fail = func(n int, w http.ResponseWriter) bool {
		if n == 1 {
			refused = time.Now()
			w.Header().Set("Retry-After", "0.3")
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return n == 1
	}
	_, err := newHost(t, quick(t, plugintest.Fake(t, plugintest.Good))).Artifact(t.Context(), want(o.source(), ""), nil)
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(refused), 300*time.Millisecond)
}

func TestADamagedEntryIsMadeAnew(t *testing.T) {
	t.Parallel()
	packed := archive(t, 9, 1<<20)
	o := serve(t, packed)
	h := newHost(t, quick(t, plugintest.Fake(t, plugintest.Good)))
	a, err := h.Artifact(t.Context(), want(o.source(), digestOf(packed)), nil)
	require.NoError(t, err)
	data := filepath.Join(a.Dirs[0], "lib", "data")
	require.NoError(t, os.Chmod(data, 0o600))
	require.NoError(t, os.Truncate(data, 5))
	again, err := h.Artifact(t.Context(), want(o.source(), digestOf(packed)), nil)
	require.NoError(t, err)
	require.False(t, again.Cached)
	requireUnpacked(t, again, packed)
}

func TestAFetchEndsWithItsContextAndWithItsHost(t *testing.T) {
	t.Parallel()
	packed := archive(t, 10, 1<<20)
	for _, how := range []string{"context", "host"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			cfg := quick(t, plugintest.Fake(t, plugintest.StallOnce))
			h := newHost(t, cfg)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var once sync.Once
			_, err := h.Artifact(ctx, want(serve(t, packed).source(), ""), func(p host.Progress) {
				if p.Bytes < int64(len(packed)/2) {
					return
				}
				once.Do(func() {
					if how == "context" {
						cancel()
						return
					}
					go func() { _ = h.Close() }()
				})
			})
			require.Error(t, err)
			require.NoError(t, h.Close())
			requireNothingLeft(t, cfg.CacheDir)
			requireNoProcess(t, cfg.CacheDir)
		})
	}
}

func TestCredentialsAreNotShown(t *testing.T) {
	t.Parallel()
	h := newHost(t, quick(t, plugintest.Fake(t, plugintest.DieAlways)))
	_, err := h.Artifact(t.Context(), want("fake://me:geheim@127.0.0.1:1/x.tar.gz?token=verborgen", ""), nil)
	require.ErrorContains(t, err, "127.0.0.1:1/x.tar.gz")
	require.NotContains(t, err.Error(), "geheim")
	require.NotContains(t, err.Error(), "verborgen")
}

func TestASchemeNobodyServes(t *testing.T) {
	t.Parallel()
	cfg := quick(t, plugintest.Fake(t, plugintest.Good))
	cfg.Fetchers["http"] = "fake-good"
	h := newHost(t, cfg)
	for source, text := range map[string]string{
		"ftp://host/x.tar.gz":  `cannot find fetcher plugin "ftp"`,
		"http://host/x.tar.gz": `fetcher "fake-good" does not serve "http" sources but fake`,
	} {
		_, err := h.Artifact(t.Context(), want(source, ""), nil)
		require.ErrorContains(t, err, text)
		require.Equal(t, plugins.Permanent, plugins.KindOf(err))
	}
}

func TestAFullDisk(t *testing.T) {
	t.Parallel()
	packed := archive(t, 11, 3<<20)
	for _, room := range []int64{2 << 20, 4 << 20} { // too little for the download, or for both
		cfg := quick(t)
		require.NoError(t, os.MkdirAll(cfg.CacheDir, 0o755))
		err := unix.Mount("tmpfs", cfg.CacheDir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=755", room))
		if err != nil {
			t.Skip("cannot mount a small disk: ", err)
		}
		t.Cleanup(func() { require.NoError(t, unix.Unmount(cfg.CacheDir, unix.MNT_DETACH)) })
		// A plugin of the node, since its copy would need room, too.
		cfg.NodePluginDir = t.TempDir()
		grown(t, plugintest.Fake(t, plugintest.Good), cfg.NodePluginDir)
		cfg.Fetchers["fake"] = "fake-good"
		h := newHost(t, cfg)
		_, err = h.Artifact(t.Context(), want(serve(t, packed).source(), digestOf(packed)), nil)
		require.ErrorContains(t, err, "no space left on device")
		require.ErrorContains(t, err, "make room in "+cfg.CacheDir)
		require.NoError(t, h.Close()) // the plugin is being kept in the cache meanwhile
		requireNothingLeft(t, cfg.CacheDir)
	}
}
