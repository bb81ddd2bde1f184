package s3server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Fault answers a request in the server's place, or says that it did not.
type Fault func(w http.ResponseWriter, r *http.Request) bool

// Faults is a proxy before a server that makes what the server cannot: slow lines, servers
// that are busy, clocks that differ, buckets in other regions.
type Faults struct {
	// URL is the proxy's, to be used in place of the server's.
	URL string

	mu       sync.Mutex
	fault    Fault
	slow     atomic.Int64
	sent     atomic.Int64
	requests atomic.Int64
}

// Faults starts a proxy before the server, which ends with the test. Signatures stay
// right, since the Host header passes as it is.
func (s *Server) Faults() *Faults {
	s.t.Helper()
	return newFaults(s.t, s.URL, s.httpClient().Transport)
}

func newFaults(t testing.TB, to string, through http.RoundTripper) *Faults {
	t.Helper()
	target, err := url.Parse(to)
	require.NoError(t, err)
	f := &Faults{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
		Transport:     through,
		FlushInterval: -1,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.requests.Add(1)
		if fault := f.current(); fault != nil && fault(w, r) {
			return
		}
		proxy.ServeHTTP(&counted{ResponseWriter: w, f: f, done: r.Context().Done()}, r)
	}))
	server.Config.ErrorLog = nil
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	f.URL = server.URL
	return f
}

func (f *Faults) current() Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault
}

// Set makes a fault from now on; nil: none.
func (f *Faults) Set(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}

// Slow limits each answer to bytes in a second; 0: none.
func (f *Faults) Slow(bytes int64) { f.slow.Store(bytes) }

// Sent is how many bytes of answers passed.
func (f *Faults) Sent() int64 { return f.sent.Load() }

// Requests is how many there were.
func (f *Faults) Requests() int64 { return f.requests.Load() }

// counted counts, and writes as fast as it may at that moment.
type counted struct {
	http.ResponseWriter
	f    *Faults
	done <-chan struct{}
}

func (w *counted) Write(p []byte) (int, error) {
	if limit := w.f.slow.Load(); limit > 0 {
		select {
		case <-w.done:
		case <-time.After(time.Duration(int64(len(p)) * int64(time.Second) / limit)):
		}
	}
	n, err := w.ResponseWriter.Write(p)
	w.f.sent.Add(int64(n))
	return n, err
}

func (w *counted) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Answer is an error of S3, with headers as NAME, VALUE, ...
func Answer(status int, code, message string, headers ...string) Fault {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s</Message></Error>`, code, message)
		return true
	}
}

// Times makes a fault for the first n requests only.
func Times(n int64, fault Fault) Fault {
	var count atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) bool {
		return count.Add(1) <= n && fault(w, r)
	}
}
