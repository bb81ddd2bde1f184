package main_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
)

// world is a web server whose files come and change as the checks want.
func world(t *testing.T) plugintest.FetcherWorld {
	t.Helper()
	f := &files{byPath: map[string][]byte{}}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return plugintest.FetcherWorld{
		Serve: func(data []byte) (string, error) { return s.URL + f.add(data), nil },
		Change: func(source string, data []byte) error {
			f.set(strings.TrimPrefix(source, s.URL), data)
			return nil
		},
		Missing: s.URL + "/missing",
		Bad:     "http://",
	}
}

type files struct {
	mu     sync.Mutex
	byPath map[string][]byte
}

func (f *files) add(data []byte) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	path := fmt.Sprintf("/file-%d.tar", len(f.byPath))
	f.byPath[path] = data
	return path
}

func (f *files) set(path string, data []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.byPath[path] = data
}

func (f *files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	data, ok := f.byPath[r.URL.Path]
	f.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(data)))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}
