package deploy

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// Server serves files over HTTP on loopback, and can be told to be slow.
type Server struct {
	server *httptest.Server
	files  map[string]string // name in the URL -> path
	slow   atomic.Int64      // bytes in a second; 0: as fast as it goes
	sent   atomic.Int64
}

// Serve serves the files, each under its own name.
func Serve(t testing.TB, files ...string) *Server {
	t.Helper()
	s := &Server{files: map[string]string{}}
	for _, file := range files {
		s.files["/"+filepath.Base(file)] = file
	}
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(func() {
		s.server.CloseClientConnections()
		s.server.Close()
	})
	return s
}

// URL of a file, whether it is served or not.
func (s *Server) URL(file string) string { return s.server.URL + "/" + filepath.Base(file) }

// Slow limits each answer from now on to bytes in a second; 0 lifts that, also
// for answers under way.
func (s *Server) Slow(bytes int64) { s.slow.Store(bytes) }

// Sent is how many bytes of files were sent in all answers.
func (s *Server) Sent() int64 { return s.sent.Load() }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	path, ok := s.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	file, err := os.Open(path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("ETag", `"v1"`)
	// ServeContent answers ranges, so that a fetch can go on where it broke off.
	http.ServeContent(&throttled{ResponseWriter: w, s: s, done: r.Context().Done()}, r, path, info.ModTime(), file)
}

// throttled writes as fast as the server allows at that moment.
type throttled struct {
	http.ResponseWriter
	s    *Server
	done <-chan struct{}
}

func (w *throttled) Write(p []byte) (int, error) {
	if limit := w.s.slow.Load(); limit > 0 {
		select {
		case <-w.done:
		case <-time.After(time.Duration(int64(len(p)) * int64(time.Second) / limit)):
		}
	}
	n, err := w.ResponseWriter.Write(p)
	w.s.sent.Add(int64(n))
	return n, err
}
