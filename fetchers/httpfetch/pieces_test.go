package httpfetch_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/test/shape"
)

// slow puts a link before a server that lets one connection be slow enough for company.
func slow(t *testing.T, s *httptest.Server) string {
	t.Helper()
	p := shape.Start(t, s.Listener.Addr().String(), shape.Link{Delay: time.Millisecond, Rate: 8 << 20})
	return "http://" + p.Addr
}

// raw answers with these bytes and ends the connection, whatever HTTP says.
func raw(w http.ResponseWriter, text string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_, _ = conn.Write([]byte(text))
		_ = conn.Close()
	}
}

// Servers that do what they should for the first request, and for pieces now and then something else.
func TestPiecesOfOddServers(t *testing.T) {
	t.Parallel()
	data := content(16 << 20)
	good := file(data, `"v1"`, longAgo)
	asked := func(r *http.Request) (from, to int) {
		to = len(data) - 1
		_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &to)
		return from, to + 1
	}
	head := func(r *http.Request, etag string, total, less int) string {
		from, to := asked(r)
		return fmt.Sprintf("HTTP/1.1 206 Partial Content\r\nETag: %s\r\nContent-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n\r\n",
			etag, from, to-1, total, to-from-less)
	}
	tests := map[string]struct {
		spoiled func(n int) bool // of the pieces, counted from 1
		answer  http.HandlerFunc
		want    string // of the error; empty: all is well
	}{
		"429 in some":      {every(5), status(429, "Retry-After", "0"), ""},
		"503 in some":      {every(5), status(503), ""},
		"403 for the rest": {upTo(3, false), status(403), "403 Forbidden"},
		"403 at once":      {upTo(0, false), status(403), ""},
		"the whole for some": {every(5), func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("Range")
			good(w, r)
		}, ""},
		"one is broken off": {every(5), func(w http.ResponseWriter, r *http.Request) {
			from, to := asked(r)
			raw(w, head(r, `"v1"`, len(data), 0)+string(data[from:from+(to-from)/2]))
		}, ""},
		"one ends at once": {every(6), func(w http.ResponseWriter, _ *http.Request) { raw(w, "") }, ""},
		"one is no HTTP":   {every(6), func(w http.ResponseWriter, _ *http.Request) { raw(w, "garbage\r\n\r\n") }, ""},
		"endless header": {every(6), func(w http.ResponseWriter, _ *http.Request) {
			raw(w, "HTTP/1.1 206 Partial Content\r\nA: "+strings.Repeat("b", 2<<20))
		}, ""},
		"one hangs": {every(6), func(w http.ResponseWriter, r *http.Request) {
			from, to := asked(r)
			w.Header().Set("ETag", `"v1"`)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(data)))
			w.WriteHeader(206)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, ""},
		"If-Range heeded, another file":  {upTo(6, false), file(content(16 << 20)[1:], `"v2"`, longAgo), "the file changed"},
		"If-Range ignored, another file": {upTo(6, false), func(w http.ResponseWriter, r *http.Request) { raw(w, head(r, `"v2"`, len(data), 0)) }, "the file changed|another part"},
		"another size":                   {upTo(6, false), func(w http.ResponseWriter, r *http.Request) { raw(w, head(r, `"v1"`, len(data)+1, 0)) }, "the file changed|another part"},
		"another length":                 {upTo(6, false), func(w http.ResponseWriter, r *http.Request) { raw(w, head(r, `"v1"`, len(data), 5)) }, "it announced [0-9]+ bytes for a part of"},
		"another part": {upTo(6, false), func(w http.ResponseWriter, _ *http.Request) {
			raw(w, "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes 0-9/16777216\r\nContent-Length: 10\r\n\r\n0123456789")
		}, "another part than was asked for"},
		"416 in the middle": {upTo(6, false), status(416, "Content-Range", "bytes */1000"), "the file changed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var pieces atomic.Int64
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Range") != "" && tt.spoiled(int(pieces.Add(1))) {
					tt.answer(w, r)
					return
				}
				good(w, r)
			})
			c := newClient(t, nil)
			_, err := c.fetch(slow(t, s.Server))
			require.Positive(t, pieces.Load())
			if tt.want != "" {
				require.Error(t, err)
				require.Regexp(t, tt.want, err.Error())
				c.requirePrefix(data)
				return
			}
			require.NoError(t, err)
			c.requireFile(data)
		})
	}
}

func every(n int) func(int) bool { return func(i int) bool { return i%n == 0 } }

// upTo is true up to n or, reversed, from there on.
func upTo(n int, is bool) func(int) bool { return func(i int) bool { return (i <= n) == is } }

// requirePrefix holds what was told against the file.
func (c *client) requirePrefix(data []byte) {
	c.t.Helper()
	got := c.content()
	whole := c.last().Bytes
	require.Positive(c.t, whole)
	require.True(c.t, bytes.Equal(data[:whole], got[:whole]))
}

// A server that is gone in the middle: what was told is there, and the rest comes from there.
func TestResumeAfterPieces(t *testing.T) {
	t.Parallel()
	data := content(16 << 20)
	var pieces atomic.Int64
	var back atomic.Bool
	var ends sync.WaitGroup
	var s *server
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if back.Load() || r.Header.Get("Range") == "" || pieces.Add(1) < 6 {
			file(data, "", longAgo)(w, r)
			return
		}
		raw(w, "")
		ends.Go(s.CloseClientConnections)
	})
	c := newClient(t, nil)
	source := slow(t, s.Server)
	_, err := c.fetch(source)
	require.Equal(t, plugins.Retryable, plugins.KindOf(err))
	require.Error(t, err)
	c.requirePrefix(data)
	at := c.last()
	ends.Wait()
	back.Store(true)
	_, err = c.resume(source, at.Bytes, at.Validator)
	require.NoError(t, err)
	require.Equal(t, at.Bytes, c.told[0].Bytes)
	c.requireFile(data)
}

// Redirects lead to a mirror by a URL that soon passes: pieces go to the mirror directly, and when it
// refuses, the way is asked for again. The mirror never sees the credentials.
func TestPiecesOfAMirror(t *testing.T) {
	t.Parallel()
	data := content(16 << 20)
	var ticket, used, seen atomic.Int64
	mirror := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			seen.Add(1)
		}
		if r.URL.RawQuery != fmt.Sprint("signature=", ticket.Load()) || used.Add(1) > 6 {
			http.Error(w, "expired", http.StatusForbidden)
			return
		}
		file(data, `"v1"`, longAgo)(w, r)
	})
	away := slow(t, mirror.Server)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if user, _, _ := r.BasicAuth(); user != "bob" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		used.Store(0)
		http.Redirect(w, r, fmt.Sprint(away, "/file?signature=", ticket.Add(1)), http.StatusFound)
	})
	c := newClient(t, nil)
	_, err := c.fetch(strings.Replace(s.URL, "//", "//bob:secret@", 1))
	require.NoError(t, err)
	c.requireFile(data)
	require.Zero(t, seen.Load())
	require.Greater(t, ticket.Load(), int64(1))
	require.Less(t, len(s.all()), len(mirror.all()))
}

// Mirrors behind one name that do not agree on the ETag serve as one connection would.
func TestMirrorsThatDisagree(t *testing.T) {
	t.Parallel()
	data := content(16 << 20)
	var n atomic.Int64
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		file(data, fmt.Sprintf(`"v%d"`, n.Add(1)), longAgo)(w, r)
	})
	c := newClient(t, nil)
	_, err := c.fetch(slow(t, s.Server))
	require.NoError(t, err)
	c.requireFile(data)
}

// Where they begin to disagree later, the second try stays with one connection.
func TestMirrorsThatDisagreeLater(t *testing.T) {
	t.Parallel()
	data := content(16 << 20)
	var n atomic.Int64
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		file(data, fmt.Sprintf(`"v%d"`, n.Add(1)/6), longAgo)(w, r)
	})
	c := newClient(t, nil)
	source := slow(t, s.Server)
	_, err := c.fetch(source)
	requireKind(t, plugins.Changed, err, "the file changed")
	_, err = c.fetch(source + "/again")
	require.NoError(t, err)
	c.requireFile(data)
	again := 0
	for _, r := range s.all() {
		if r.URL.Path == "/again" {
			again++
		}
	}
	require.Equal(t, 1, again)
}

func TestGoneServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	c := newClient(t, map[string]string{"stall.timeout": "300ms"})
	_, err = c.fetch("http://" + l.Addr().String()) // it accepts, and says nothing
	requireKind(t, plugins.Retryable, err, "timeout awaiting response headers")
}
