package host_test

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
)

// counted is a log that counts lines that hold a text.
type counted struct {
	mu   sync.Mutex
	text strings.Builder
}

func (c *counted) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(p)
}

func (c *counted) count(text string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Count(c.text.String(), text)
}

// Whether a plugin dies as it starts or in each call: it is started a few times, with
// growing pauses, and then the caller hears of it, with what the plugin said last.
func TestACrashLoopDoesNotSpin(t *testing.T) {
	t.Parallel()
	for fault, starts := range map[string]int{plugintest.ExitAtStart: 3, plugintest.DieAlways: 4} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			p := plugintest.Fake(t, fault)
			o := serve(t, archive(t, 70, 1<<10))
			o.fail = func(int, http.ResponseWriter) bool { t.Error("asked for"); return false }
			log := &counted{}
			cfg := quick(t, p)
			cfg.Logger = slog.New(slog.NewTextHandler(log, nil))
			cfg.Retry = host.RetryPolicy{Attempts: 4, Wait: 50 * time.Millisecond, MaxWait: time.Second}
			begun := time.Now()
			_, err := newHost(t, cfg).Artifact(t.Context(), want(o.source(), ""), nil)
			require.ErrorContains(t, err, "gave up after ")
			require.Equal(t, 1, strings.Count(err.Error(), "its last lines: "), "told once: %v", err)
			require.NotContains(t, err.Error(), "\n")
			pauses := 50 * (1<<(starts-1) - 1) * time.Millisecond // doubled each time
			require.Greater(t, time.Since(begun), pauses*8/10)
			if fault == plugintest.DieAlways {
				require.Equal(t, starts, log.count("plugin started"))
				require.Equal(t, starts, log.count("plugin ended"))
			}
			requireNoProcess(t, cfg.CacheDir)
		})
	}
}
