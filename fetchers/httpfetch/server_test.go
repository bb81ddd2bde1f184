package httpfetch_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/httpfetch"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// content is what the servers serve: no two pieces of it are alike.
func content(size int) []byte {
	data := make([]byte, size)
	x := uint32(1)
	for i := range data {
		x = x*1664525 + 1013904223
		data[i] = byte(x >> 24)
	}
	return data
}

// server serves with a handler and keeps the requests' heads.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
}

func serve(t *testing.T, handler http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.Clone(t.Context()))
		s.mu.Unlock()
		handler(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) all() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (s *server) last() *http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[len(s.requests)-1]
}

// file serves data as a good server does, with ranges and preconditions.
func file(data []byte, etag string, modified time.Time) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if etag != "" {
			w.Header().Set("ETag", etag)
		}
		http.ServeContent(w, r, "", modified, bytes.NewReader(data))
	}
}

// client is a fetcher with a file for it.
type client struct {
	t    *testing.T
	f    plugins.Fetcher
	file string
	told []plugins.Progress
}

func newClient(t *testing.T, config map[string]string) *client {
	t.Helper()
	f := httpfetch.New("1.2.3")
	require.NoError(t, f.Init(t.Context(), config))
	t.Cleanup(func() { require.NoError(t, f.Shutdown(t.Context())) })
	c := &client{t: t, f: f, file: filepath.Join(t.TempDir(), "file")}
	c.holds(nil)
	return c
}

func (c *client) holds(data []byte) {
	require.NoError(c.t, os.WriteFile(c.file, data, 0o600))
}

func (c *client) fetch(source string) (plugins.FetchResult, error) {
	return c.resume(source, 0, "")
}

func (c *client) resume(source string, offset int64, validator string) (plugins.FetchResult, error) {
	c.told = nil
	request := plugins.FetchRequest{Source: source, File: c.file, Offset: offset, Validator: validator}
	return c.f.Fetch(c.t.Context(), request, func(p plugins.Progress) { c.told = append(c.told, p) })
}

func (c *client) requireFile(want []byte) {
	c.t.Helper()
	got := c.content()
	require.True(c.t, bytes.Equal(want, got), "%d bytes, not %d", len(got), len(want))
}

func (c *client) content() []byte {
	c.t.Helper()
	got, err := os.ReadFile(c.file)
	require.NoError(c.t, err)
	return got
}

func (c *client) last() plugins.Progress { return c.told[len(c.told)-1] }

func requireKind(t *testing.T, kind plugins.Kind, err error, texts ...string) {
	t.Helper()
	for _, text := range texts {
		require.ErrorContains(t, err, text)
	}
	require.Equal(t, kind, plugins.KindOf(err), "%v", err)
}
