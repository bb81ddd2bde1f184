package host_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
)

// closedPort is an address at which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// mute accepts connections and never answers.
func mute(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l.Addr().String()
}

func TestPatienceEndsWithASourceThatBringsNothing(t *testing.T) {
	t.Parallel()
	const patience = 3 * time.Second // a plugin has to start in it, also on a busy machine
	for name, c := range map[string]struct{ source, text string }{
		"refused":      {"fake://" + closedPort(t) + "/x.tar.gz", "connection refused"},
		"unresolvable": {"fake://nowhere.invalid/x.tar.gz", "nowhere.invalid"},
		"black hole":   {"fake://" + mute(t) + "/x.tar.gz", "nothing that would answer"},
		"several": {"fake://" + closedPort(t) + "/x.tar.gz, fake://nowhere.invalid/x.tar.gz",
			"connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := quick(t, plugintest.Fake(t, plugintest.Good))
			cfg.Retry.Attempts = 1 << 20
			w := want(c.source, "")
			w.Patience = patience
			begun := time.Now()
			_, err := newHost(t, cfg).Artifact(t.Context(), w, nil)
			require.ErrorContains(t, err, "not one byte came within 3s")
			require.ErrorContains(t, err, c.text)
			require.Equal(t, plugins.Retryable, plugins.KindOf(err))
			require.NotErrorIs(t, err, context.Canceled)
			require.GreaterOrEqual(t, time.Since(begun), patience)
			requireNothingLeft(t, cfg.CacheDir)
		})
	}
}

func TestPatienceIsWithTheFirstByteOnly(t *testing.T) {
	t.Parallel()
	packed := archive(t, 50, 1<<20)
	o := serve(t, packed)
	cfg := quick(t, plugintest.Fake(t, plugintest.StallOnce)) // half of it, and then nothing for StallTimeout
	cfg.StallTimeout = 4 * time.Second
	w := want(o.source(), digestOf(packed))
	w.Patience = 3 * time.Second
	a, err := newHost(t, cfg).Artifact(t.Context(), w, nil)
	require.NoError(t, err)
	requireUnpacked(t, a, packed)
}

func TestPatienceDoesNotRunWhileAnotherFetchesTheSame(t *testing.T) {
	t.Parallel()
	const patience = 2 * time.Second
	packed := archive(t, 51, 1<<20)
	o := serve(t, packed)
	waits, asked := make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o.fail = func(n int, w http.ResponseWriter) bool {
		if n > 1 {
			return false
		}
		close(asked)
		<-waits
		<-time.After(2 * patience)
		cancel()
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	cfg := quick(t, plugintest.Fake(t, plugintest.Good))
	first, other := make(chan error, 1), newHost(t, cfg)
	go func() {
		_, err := other.Artifact(ctx, want(o.source(), digestOf(packed)), nil)
		first <- err
	}()
	<-asked
	w := want(o.source(), digestOf(packed))
	w.Patience = patience
	waiting := false
	a, err := newHost(t, cfg).Artifact(t.Context(), w, func(p host.Progress) {
		if p.Phase == host.PhaseWaiting && !waiting {
			waiting = true
			close(waits)
		}
	})
	require.NoError(t, err)
	require.True(t, waiting)
	requireUnpacked(t, a, packed)
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}
