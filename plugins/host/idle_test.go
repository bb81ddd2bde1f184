package host_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
)

func TestAnUnusedPluginEnds(t *testing.T) {
	t.Parallel()
	p := plugintest.Fake(t, plugintest.Good)
	cfg := quick(t, p)
	cfg.IdleTimeout = 100 * time.Millisecond
	h := newHost(t, cfg)
	for range 2 {
		_, err := ping(t.Context(), h, p.Name)
		require.NoError(t, err)
		require.Equal(t, p.SHA256, h.Digests()["fetcher-fake-good"])
		requireNoProcess(t, cfg.CacheDir)
	}
	// One that a swap brought ends, too, if nobody comes.
	require.NoError(t, h.Swap(t.Context(), []host.Plugin{plugintest.Newer(t, p, plugintest.Good, "")})[0].Err)
	requireNoProcess(t, cfg.CacheDir)
	require.Equal(t, "2.0.0", version(t, h, p.Name))
}

func TestAPluginInUseStays(t *testing.T) {
	t.Parallel()
	p := plugintest.Fake(t, plugintest.Good)
	packed := archive(t, 50, 1<<20)
	o := serve(t, packed)
	cfg := quick(t, p)
	cfg.IdleTimeout = time.Millisecond
	h := newHost(t, cfg)
	o.pause = func() { // many rests long
		timer := time.NewTimer(200 * time.Millisecond)
		defer timer.Stop()
		<-timer.C
	}
	_, err := h.Artifact(t.Context(), want(o.source(), digestOf(packed)), nil)
	require.NoError(t, err)
	requests, _ := o.counts()
	require.Equal(t, 1, requests)
}

// A rest that ends just as somebody comes leaves either the process to him, or a new one.
func TestManyUsersAndShortRests(t *testing.T) {
	t.Parallel()
	p := plugintest.Fake(t, plugintest.Good)
	cfg := quick(t, p)
	cfg.IdleTimeout = time.Nanosecond
	h := newHost(t, cfg)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				if _, err := ping(t.Context(), h, p.Name); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	requireNoProcess(t, cfg.CacheDir)
}
