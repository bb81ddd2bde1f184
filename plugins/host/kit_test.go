package host_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/alluxio-mesos/alluxio-mesos/internal/procs"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
)

// The test binary also plays the plugins, and a host that gets killed.
func TestMain(m *testing.M) {
	plugintest.RunFake()
	runVictim()
	goleak.VerifyTestMain(m)
}

// quick retries soon; its timeouts are long enough for a busy machine.
func quick(t *testing.T, shipped ...host.Plugin) host.Config {
	return host.Config{
		Plugins: shipped, CacheDir: plugintest.CacheDir(t), TempDir: shortDir(t),
		Fetchers: map[string]string{"fake": fakeName(shipped)},
		Logger:   slog.New(slog.NewTextHandler(testWriter{t}, nil)),
		Retry:    host.RetryPolicy{Attempts: 4, Wait: time.Millisecond, MaxWait: 10 * time.Millisecond},
	}
}

func fakeName(shipped []host.Plugin) string {
	for _, p := range shipped {
		if p.Kind == "fetcher" {
			return p.Name
		}
	}
	return ""
}

// shortDir is a temporary folder with a path short enough for sockets.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ht-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func newHost(t *testing.T, cfg host.Config) *host.Host {
	t.Helper()
	h, err := host.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.Close()) })
	return h
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// archive is a tar.gz with a top folder, a program and size random bytes.
func archive(t *testing.T, seed uint64, size int) []byte {
	t.Helper()
	var key [32]byte
	key[0] = byte(seed)
	data := make([]byte, size)
	_, _ = rand.NewChaCha8(key).Read(data)
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	for _, file := range []struct {
		name string
		mode int64
		data []byte
	}{{"soft-1.0/bin/run", 0o755, []byte("#!/bin/sh\n")}, {"soft-1.0/lib/data", 0o644, data}} {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: file.name, Mode: file.mode, Size: int64(len(file.data)), Typeflag: tar.TypeReg}))
		_, err := w.Write(file.data)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, zip.Close())
	return out.Bytes()
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// origin serves one file over HTTP, with ETag and ranges, and counts.
type origin struct {
	*httptest.Server
	mu       sync.Mutex
	data     []byte
	requests int
	sent     int64
	starts   []string // the ranges asked for
	// fail, if set, answers in place of the file where it returns true.
	fail func(n int, w http.ResponseWriter) bool
	// pause, if set, is called once, when half of the file is sent.
	pause func()
}

func serve(t *testing.T, data []byte) *origin {
	t.Helper()
	o := &origin{data: data}
	o.Server = httptest.NewServer(http.HandlerFunc(o.handle))
	t.Cleanup(o.Close)
	return o
}

func (o *origin) handle(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	data, fail := o.data, o.fail
	o.requests++
	n := o.requests
	o.starts = append(o.starts, r.Header.Get("Range"))
	o.mu.Unlock()
	if fail != nil && fail(n, w) {
		return
	}
	w.Header().Set("ETag", fmt.Sprintf("%q", digestOf(data)))
	http.ServeContent(&counting{w, o}, r, "", time.Time{}, bytes.NewReader(data))
}

type counting struct {
	http.ResponseWriter
	o *origin
}

func (c *counting) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.o.mu.Lock()
	c.o.sent += int64(n)
	pause := c.o.pause
	if pause != nil && c.o.sent >= int64(len(c.o.data)/2) {
		c.o.pause = nil
		defer pause()
	}
	c.o.mu.Unlock()
	return n, err
}

func (o *origin) set(data []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.data = data
}

func (o *origin) counts() (requests int, sent int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.requests, o.sent
}

// source is the file as a source of the fakes.
func (o *origin) source() string {
	return "fake" + strings.TrimPrefix(o.URL, "http") + "/soft-1.0.tar.gz"
}

// requireUnpacked checks an artifact against the archive's data.
func requireUnpacked(t *testing.T, a host.Artifact, packed []byte) {
	t.Helper()
	require.Equal(t, digestOf(packed), a.Digest)
	require.False(t, a.InPlace)
	require.Len(t, a.Dirs, 1)
	require.Equal(t, "soft-1.0", filepath.Base(a.Dirs[0]))
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	r := tar.NewReader(zip)
	for range 2 {
		header, err := r.Next()
		require.NoError(t, err)
		path := filepath.Join(filepath.Dir(a.Dirs[0]), header.Name)
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		want := make([]byte, header.Size)
		_, err = readFull(r, want)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), header.Name)
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(header.Mode&^0o222), info.Mode(), header.Name)
	}
}

func readFull(r *tar.Reader, p []byte) (int, error) {
	n := 0
	for n < len(p) {
		m, err := r.Read(p[n:])
		n += m
		if n < len(p) && err != nil {
			return n, err
		}
	}
	return n, nil
}

// requireNothingLeft checks that a cache holds no entry and nothing half done.
func requireNothingLeft(t *testing.T, cacheDir string) {
	t.Helper()
	for _, dir := range []string{"entries", "tmp", "downloads", "index"} {
		entries, err := os.ReadDir(filepath.Join(cacheDir, dir))
		require.NoError(t, err)
		require.Empty(t, entries, dir)
	}
}

// pluginProcesses are the processes that run an executable below dir.
func pluginProcesses(t *testing.T, dir string) []procs.Process {
	t.Helper()
	all, err := procs.List()
	require.NoError(t, err)
	var found []procs.Process
	for _, p := range all {
		if strings.HasPrefix(p.Exe, dir+"/") {
			found = append(found, p)
		}
	}
	return found
}

func requireNoProcess(t *testing.T, dir string) {
	t.Helper()
	require.Eventually(t, func() bool { return len(pluginProcesses(t, dir)) == 0 }, 10*time.Second, 10*time.Millisecond)
}
