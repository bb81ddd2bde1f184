package devcluster

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	wire "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newTestCache(t *testing.T, stall time.Duration) *fetchCache {
	c := newFetchCache(filepath.Join(t.TempDir(), "cache"), stall)
	t.Cleanup(c.close)
	return c
}

func serve(t *testing.T, h http.HandlerFunc) string {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func TestFetchOnceForSeveralSandboxes(t *testing.T) {
	t.Parallel()
	var served atomic.Int32
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		served.Add(1)
		_, _ = w.Write([]byte("#!/bin/sh\n"))
	})
	c := newTestCache(t, time.Minute)
	var all sync.WaitGroup
	for range 4 {
		dir := t.TempDir()
		all.Go(func() {
			uri := wire.CommandInfo_URI{Value: url + "/x/program", Cache: ptr(true), Executable: ptr(true)}
			if err := c.fetch(t.Context(), uri, dir, nil); err != nil {
				t.Error(err)
				return
			}
			st, err := os.Stat(filepath.Join(dir, "program"))
			if err != nil || st.Mode().Perm() != 0o755 {
				t.Error(st, err)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, served.Load())
}

func TestFetchExtracts(t *testing.T) {
	t.Parallel()
	dir, from := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(from, "inside"), []byte("x"), 0o600))
	archive := filepath.Join(from, "a.tar.gz")
	require.NoError(t, exec.Command("tar", "-C", from, "-czf", archive, "inside").Run())
	c := newTestCache(t, time.Minute)
	require.NoError(t, c.fetch(t.Context(), wire.CommandInfo_URI{Value: archive}, dir, nil))
	require.FileExists(t, filepath.Join(dir, "inside"))

	other := t.TempDir()
	require.NoError(t, c.fetch(t.Context(), wire.CommandInfo_URI{Value: "file://" + archive, Extract: ptr(false), OutputFile: ptr("b/c.tar.gz")}, other, nil))
	require.FileExists(t, filepath.Join(other, "b", "c.tar.gz"))
	require.NoFileExists(t, filepath.Join(other, "inside"))
}

func TestFetchThatFails(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case "/short":
			w.Header().Set("Content-Length", "10")
			_, _ = w.Write([]byte("x"))
		default:
			http.NotFound(w, r)
		}
	})
	dir := t.TempDir()
	c := newTestCache(t, time.Minute)
	for uri, problem := range map[string]string{
		url + "/missing":       "the server answers 404",
		url + "/short":         "unexpected EOF",
		url + "/":              `bad file name ""`,
		"ftp://x/y":            "unknown scheme",
		"relative":             "unknown scheme",
		"/no/such/file":        "no such file",
		"http://127.0.0.1:1/x": "connection refused",
	} {
		for _, cached := range []bool{false, true} {
			err := c.fetch(t.Context(), wire.CommandInfo_URI{Value: uri, Cache: ptr(cached)}, dir, nil)
			require.ErrorContains(t, err, problem, uri)
		}
	}
	impatient := newTestCache(t, 50*time.Millisecond)
	require.ErrorContains(t, impatient.fetch(t.Context(), wire.CommandInfo_URI{Value: url + "/slow"}, dir, nil), "no data for 50ms")
	require.ErrorContains(t, c.fetch(t.Context(), wire.CommandInfo_URI{Value: "/etc/hostname", OutputFile: ptr("../x")}, dir, nil), "bad file name")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "nothing half fetched stays")
}
