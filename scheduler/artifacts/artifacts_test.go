package artifacts

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func serve(t *testing.T, port int) (*Server, File) {
	t.Helper()
	f := File{Path: filepath.Join(t.TempDir(), "alluxio-mesos-executor"), SHA256: strings.Repeat("ab", 32), Size: 10}
	require.NoError(t, os.WriteFile(f.Path, []byte("0123456789"), 0o755))
	s, err := Listen(Config{Host: "127.0.0.1", Port: port, Files: []File{f}, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s, f
}

func do(t *testing.T, method, url string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, url, nil)
	require.NoError(t, err)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(body)
}

func TestServesExactlyItsFiles(t *testing.T) {
	t.Parallel()
	s, f := serve(t, 0)
	url := s.URL(f)
	response, body := do(t, http.MethodGet, url)
	require.Equal(t, 200, response.StatusCode)
	require.Equal(t, "0123456789", body)
	require.Equal(t, int64(10), response.ContentLength)

	response, body = do(t, http.MethodHead, url)
	require.Equal(t, int64(10), response.ContentLength)
	require.Empty(t, body)

	response, body = do(t, http.MethodGet, url, "Range", "bytes=7-")
	require.Equal(t, http.StatusPartialContent, response.StatusCode)
	require.Equal(t, "789", body)

	base := strings.TrimSuffix(url, "/alluxio-mesos-executor")
	for _, other := range []string{base, base + "/", base + "/x", base + "/../../../etc/passwd", strings.Split(url, "/artifacts")[0] + "/"} {
		response, _ = do(t, http.MethodGet, other)
		require.Equal(t, 404, response.StatusCode, other)
	}
	response, _ = do(t, http.MethodPost, url)
	require.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)
}

// A new build of the binary does not change what its address gives.
func TestServesWhatItWasStartedWith(t *testing.T) {
	t.Parallel()
	s, f := serve(t, 0)
	require.NoError(t, os.WriteFile(f.Path+".new", []byte("something else"), 0o755))
	require.NoError(t, os.Rename(f.Path+".new", f.Path))
	_, body := do(t, http.MethodGet, s.URL(f))
	require.Equal(t, "0123456789", body)
}

func TestKeepsItsPortIfItCan(t *testing.T) {
	t.Parallel()
	first, _ := serve(t, 0)
	second, _ := serve(t, first.Port())
	require.NotEqual(t, first.Port(), second.Port())
	require.NoError(t, first.Close())
	third, _ := serve(t, first.Port())
	require.Equal(t, first.Port(), third.Port())
}

func TestMissingFile(t *testing.T) {
	t.Parallel()
	_, err := Listen(Config{Host: "127.0.0.1", Files: []File{{Path: "/nowhere/x"}}, Logger: slog.New(slog.DiscardHandler)})
	require.ErrorContains(t, err, "cannot hand out x")
}

func TestFirstAddress(t *testing.T) {
	t.Parallel()
	for mesos, want := range map[string]string{
		"h:5050": "h:5050", "h": "h:5050", "h1:1,h2:2": "h1:1", "http://h:80/": "h:80", "https://h/x": "h:443",
		"zk://u:p@z1:2181,z2:2181/mesos": "z1:2181", "zk://z1/mesos": "z1:2181", "[::1]:5050": "[::1]:5050",
	} {
		require.Equal(t, want, firstAddress(mesos), mesos)
	}
	host, err := HostToward(context.Background(), "127.0.0.1:5050")
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1", host)
}

// Files come and go while it serves; who reads one that goes may finish.
func TestFilesComeAndGo(t *testing.T) {
	t.Parallel()
	s, first := serve(t, 0)
	f := File{Path: filepath.Join(t.TempDir(), "alluxio-mesos-fetcher-http"), SHA256: strings.Repeat("cd", 32), Size: 4 << 20}
	require.Error(t, s.Add(f), "it is not there")
	require.NoError(t, os.WriteFile(f.Path, make([]byte, f.Size), 0o755))
	require.NoError(t, s.Add(f))
	require.NoError(t, s.Add(f))
	require.NoError(t, os.Remove(f.Path), "the file is held")

	response, err := http.Get(s.URL(f))
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	s.Remove(f)
	s.Remove(f)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Len(t, body, int(f.Size))
	gone, _ := do(t, http.MethodGet, s.URL(f))
	require.Equal(t, 404, gone.StatusCode)
	there, _ := do(t, http.MethodGet, s.URL(first))
	require.Equal(t, 200, there.StatusCode)
}
