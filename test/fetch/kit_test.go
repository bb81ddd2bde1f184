package fetch

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
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/internal/procs"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
	"github.com/alluxio-mesos/alluxio-mesos/test/s3server"
)

func TestMain(m *testing.M) {
	runVictim()
	os.Exit(m.Run())
}

// soft is an archive, large enough that what is lost on the way is little of it.
type soft struct {
	packed []byte
	digest string // of the archive
	inside string // of the one file in it
}

const softSize = 140 << 20 // as a JDK has

func newSoft(t *testing.T) soft {
	t.Helper()
	data := make([]byte, softSize)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data)
	var out bytes.Buffer
	out.Grow(softSize + softSize/100)
	zip, err := gzip.NewWriterLevel(&out, gzip.NoCompression)
	require.NoError(t, err)
	w := tar.NewWriter(zip)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "soft-1.0/data", Mode: 0o644, Size: softSize, Typeflag: tar.TypeReg}))
	_, err = w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, zip.Close())
	return soft{packed: out.Bytes(), digest: digestOf(out.Bytes()), inside: digestOf(data)}
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// requireRight digests what was unpacked.
func (s soft) requireRight(t *testing.T, a host.Artifact) {
	t.Helper()
	require.Equal(t, s.digest, a.Digest)
	require.Len(t, a.Dirs, 1)
	sum, _, err := host.DigestFile(filepath.Join(a.Dirs[0], "data"))
	require.NoError(t, err)
	require.Equal(t, s.inside, "sha256:"+sum)
}

// origin is a server of soft, and how a fetcher is told of it.
type origin struct {
	fetcher string
	target  string                   // HOST:PORT
	source  func(addr string) string // with the line's address
	config  func(addr string) map[string]string
}

func httpOrigin(t *testing.T, s soft) origin {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", fmt.Sprintf("%q", s.digest))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.packed))
	}))
	t.Cleanup(server.Close)
	return origin{
		fetcher: "http", target: server.Listener.Addr().String(),
		source: func(addr string) string { return "http://" + addr + "/soft-1.0.tar.gz" },
		config: func(string) map[string]string { return nil },
	}
}

func s3Origin(t *testing.T, s soft) origin {
	server := s3server.Start(t, s3server.Options{})
	server.Bucket("soft")
	server.Public("soft")
	server.Put("soft", "soft-1.0.tar.gz", s.packed)
	return origin{
		fetcher: "s3", target: strings.TrimPrefix(server.URL, "http://"),
		source: func(addr string) string { return "s3://soft/soft-1.0.tar.gz?endpoint=http://" + addr },
		config: func(string) map[string]string { return map[string]string{"anonymous": "true", "region": "us-east-1"} },
	}
}

// build builds a fetcher, as that version.
func build(t *testing.T, name, version string) host.Plugin {
	t.Helper()
	path := plugintest.Build(t, "../../cmd/alluxio-mesos-fetcher-"+name, "alluxio-mesos-fetcher-"+name, version)
	sum, size, err := host.DigestFile(path)
	require.NoError(t, err)
	return host.Plugin{Kind: "fetcher", Name: name, SHA256: sum, Size: size, URL: path}
}

// hostConfig is as an executor has it, but for a stall that is noticed sooner.
func hostConfig(t *testing.T, p host.Plugin) host.Config {
	return host.Config{
		Plugins: []host.Plugin{p}, CacheDir: plugintest.CacheDir(t), StallTimeout: 2 * time.Second,
		Logger: slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// fetchersOf are the processes of fetchers that a host with that cache has.
func fetchersOf(t *testing.T, cacheDir string) []procs.Process {
	all, err := procs.List()
	if err != nil {
		t.Error(err)
	}
	var found []procs.Process
	for _, p := range all {
		if strings.HasPrefix(p.Exe, cacheDir+"/") {
			found = append(found, p)
		}
	}
	return found
}
