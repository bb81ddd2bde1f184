package httpfetch_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/httpfetch"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/test/shape"
)

// farAway is a server behind 20 ms of delay each way and 10 MB/s on each connection.
func farAway(t testing.TB, data []byte) *shape.Proxy {
	t.Helper()
	s := httptest.NewServer(file(data, `"v1"`, longAgo))
	t.Cleanup(s.Close)
	return shape.Start(t, s.Listener.Addr().String(), shape.Link{Delay: 20 * time.Millisecond, Rate: 10 << 20})
}

// A slow connection gets company, and what they bring together is right.
func TestSlowConnectionGetsCompany(t *testing.T) {
	t.Parallel()
	data := content(24 << 20)
	p := farAway(t, data)
	c := newClient(t, nil)
	result, err := c.fetch("http://" + p.Addr + "/jdk.tar")
	require.NoError(t, err)
	require.Equal(t, plugins.FetchResult{Bytes: 24 << 20, Validator: `"v1"`, Name: "jdk.tar"}, result)
	c.requireFile(data)
	require.Greater(t, p.Opened.Load(), int64(3))
	// Some 2 % on an idle machine; on a busy one more connections are given up.
	require.Less(t, p.Moved.Load(), int64(len(data)*5/4), "bytes that moved for nothing")
	for i := range c.told[1:] {
		require.GreaterOrEqual(t, c.told[i+1].Bytes, c.told[i].Bytes)
	}
}

func TestNeverMoreThanOne(t *testing.T) {
	t.Parallel()
	data := content(8 << 20)
	p := farAway(t, data)
	c := newClient(t, map[string]string{"connections": "1"})
	_, err := c.fetch("http://" + p.Addr)
	require.NoError(t, err)
	c.requireFile(data)
	require.EqualValues(t, 1, p.Opened.Load())
}

// BenchmarkShaped brings the same file over the same slow link: with one connection, with
// as many as pay, and with curl.
func BenchmarkShaped(b *testing.B) {
	const size = 64 << 20
	p := farAway(b, content(size))
	url := "http://" + p.Addr + "/jdk.tar"
	rates := map[string]float64{}
	run := func(name string, fetch func(b *testing.B, to string)) {
		b.Run(name, func(b *testing.B) {
			to := filepath.Join(b.TempDir(), "file")
			b.SetBytes(size)
			for b.Loop() {
				require.NoError(b, os.WriteFile(to, nil, 0o600))
				fetch(b, to)
			}
			rates[name] = size * float64(b.N) / b.Elapsed().Seconds()
			if one := rates["one"]; one > 0 {
				b.ReportMetric(rates[name]/one, "x-one")
			}
		})
	}
	run("one", ours(url, 1))
	run("many", ours(url, 8))
	if _, err := exec.LookPath("curl"); err == nil {
		run("curl", func(b *testing.B, to string) {
			out, err := exec.CommandContext(b.Context(), "curl", "-sSf", "-o", to, url).CombinedOutput()
			require.NoError(b, err, "%s", out)
		})
	}
}

// BenchmarkLoopback shows what parallel ranges cost where they do not pay.
func BenchmarkLoopback(b *testing.B) {
	const size = 128 << 20
	s := httptest.NewServer(file(content(size), `"v1"`, longAgo))
	defer s.Close()
	for _, connections := range []int{1, 8} {
		b.Run(strconv.Itoa(connections), func(b *testing.B) {
			fetch := ours(s.URL, connections)
			to := filepath.Join(b.TempDir(), "file")
			b.SetBytes(size)
			for b.Loop() {
				require.NoError(b, os.WriteFile(to, nil, 0o600))
				fetch(b, to)
			}
		})
	}
}

func ours(url string, connections int) func(*testing.B, string) {
	return func(b *testing.B, to string) {
		f := httpfetch.New("bench")
		require.NoError(b, f.Init(b.Context(), map[string]string{"connections": strconv.Itoa(connections)}))
		_, err := f.Fetch(b.Context(), plugins.FetchRequest{Source: url, File: to}, nil)
		require.NoError(b, err)
		require.NoError(b, f.Shutdown(b.Context()))
	}
}
