package s3fetch

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/test/s3server"
)

// TestSources fetches by every form of a source from a real server.
func TestSources(t *testing.T) {
	t.Parallel()
	s := s3server.Start(t, s3server.Options{Versions: true, Region: "eu-test-1"})
	s.Bucket("plain")
	s.Bucket("dotted.one")
	s.Bucket("open")
	s.Public("open")
	s.Versioned("versions")
	data, older := content(100_000), content(99_999)
	for _, bucket := range []string{"plain", "dotted.one", "open"} {
		s.Put(bucket, "a/b c+d.tar", data)
	}
	version := s.Put("versions", "k.tar", older)
	s.Put("versions", "k.tar", data)
	key, endpoint := "/a/b%20c+d.tar", "?endpoint="+s.URL
	tests := []struct {
		source string
		config map[string]string
		want   []byte
	}{
		{"s3://plain" + key + endpoint, nil, data},
		{"s3://plain" + key + endpoint + "&region=eu-test-1&profile=root", nil, data},
		{"s3://plain" + key, map[string]string{"endpoint": s.URL, "region": "eu-test-1"}, data},
		{"s3://dotted.one" + key + endpoint, nil, data},
		{"s3::" + s.URL + "/plain" + key, nil, data},
		{"s3::" + s.URL + "/dotted.one" + key + "?region=eu-test-1", nil, data},
		{"s3://open" + key + endpoint + "&anonymous=true", nil, data},
		{"s3::" + s.URL + "/open" + key, map[string]string{"anonymous": "true", "credentials.file": ""}, data},
		{"s3://versions/k.tar" + endpoint, nil, data},
		{"s3://versions/k.tar" + endpoint + "&versionId=" + version, nil, older},
	}
	for _, tt := range tests {
		config := map[string]string{"credentials.file": s.CredentialsFile()}
		for k, v := range tt.config {
			config[k] = v
		}
		parsed, err := source.Parse(tt.source)
		require.NoError(t, err)
		g, err := fetch(t, started(t, nowhere(t), config), parsed.URL)
		require.NoError(t, err, tt.source)
		require.Equal(t, tt.want, g.data, tt.source)
		require.EqualValues(t, len(tt.want), g.Bytes)
		require.EqualValues(t, len(tt.want), g.progress[0].Total)
		require.NotEmpty(t, g.Validator)
		require.Contains(t, tt.source, strings.ReplaceAll(g.Name, " ", "%20"))
	}
}

// TestVirtualHost fetches from a server that has a host name for each bucket. Names below
// localhost need no DNS here: the proxy finds them all.
func TestVirtualHost(t *testing.T) {
	t.Parallel()
	s := s3server.Start(t, s3server.Options{Domain: "s3.test"})
	s.Bucket("plain")
	s.Put("plain", "k.tar", []byte("content"))
	config := map[string]string{"credentials.file": s.CredentialsFile(), "path.style": "false", "http.proxy": s.Faults().URL}
	g, err := fetch(t, started(t, nowhere(t), config), "s3://plain/k.tar?endpoint=http://s3.test")
	require.NoError(t, err)
	require.Equal(t, "content", string(g.data))
}

func TestTLS(t *testing.T) {
	t.Parallel()
	s := s3server.Start(t, s3server.Options{TLS: true})
	s.Bucket("plain")
	s.Put("plain", "k.tar", []byte("content"))
	config := map[string]string{"credentials.file": s.CredentialsFile(), "endpoint": s.URL}
	_, err := fetch(t, started(t, nowhere(t), config), "s3://plain/k.tar")
	require.ErrorContains(t, err, "is not trusted on this node")
	require.ErrorContains(t, err, "fetcher.s3.ca.file")
	require.Equal(t, plugins.Permanent, plugins.KindOf(err))

	config["ca.file"] = s.CAFile
	_, err = fetch(t, started(t, nowhere(t), config), "s3://plain/k.tar")
	require.NoError(t, err)

	config["endpoint"] = strings.Replace(s.URL, "https", "http", 1)
	_, err = fetch(t, started(t, nowhere(t), config), "s3://plain/k.tar")
	require.Error(t, err)
	t.Log(err)
}

// TestChanges replaces the object between two requests for it.
func TestChanges(t *testing.T) {
	t.Parallel()
	s := s3server.Start(t, s3server.Options{})
	s.Bucket("plain")
	first, second := content(3<<20), content(3<<20+1)
	s.Put("plain", "k.tar", first)
	f := started(t, nowhere(t), map[string]string{"credentials.file": s.CredentialsFile(), "endpoint": s.URL})
	g, err := fetch(t, f, "s3://plain/k.tar")
	require.NoError(t, err)
	require.Equal(t, first, g.data)

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, first[:1<<20], 0o600))
	request := plugins.FetchRequest{Source: "s3://plain/k.tar", File: file, Offset: 1 << 20, Validator: g.Validator}
	resumed, err := goOn(t, f, request)
	require.NoError(t, err)
	require.Equal(t, first, resumed.data)
	require.EqualValues(t, 1<<20, resumed.progress[0].Bytes)

	request.Offset = int64(len(first))
	resumed, err = goOn(t, f, request)
	require.NoError(t, err)
	require.EqualValues(t, len(first), resumed.Bytes)
	require.Equal(t, g.Validator, resumed.Validator)

	s.Put("plain", "k.tar", second)
	for _, offset := range []int64{1 << 20, int64(len(first))} {
		request.Offset = offset
		_, err = goOn(t, f, request)
		require.Equal(t, plugins.Changed, plugins.KindOf(err), "%v", err)
		require.ErrorContains(t, err, "changed since the download began")
	}
}

// TestPiecesArePinned has an object replaced while it is on its way, over many connections.
func TestPiecesArePinned(t *testing.T) {
	t.Parallel()
	s := s3server.Start(t, s3server.Options{})
	s.Bucket("plain")
	first, second := content(12<<20), content(12<<20+1)
	s.Put("plain", "k.tar", first)
	slow := s.Faults()
	slow.Slow(2 << 20)
	f := started(t, nowhere(t), map[string]string{"credentials.file": s.CredentialsFile(), "endpoint": slow.URL})
	slow.Set(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("If-Match") != "" { // a second piece is asked for
			slow.Set(nil)
			s.Put("plain", "k.tar", second)
		}
		return false
	})
	_, err := fetch(t, f, "s3://plain/k.tar")
	require.Greater(t, slow.Requests(), int64(1))
	require.Equal(t, plugins.Changed, plugins.KindOf(err), "%v", err)
	slow.Slow(0)
	g, err := fetch(t, f, "s3://plain/k.tar")
	require.NoError(t, err)
	require.Equal(t, second, g.data)
}

// TestParallel takes more connections where one is slow.
func TestParallel(t *testing.T) {
	t.Parallel()
	s := s3server.Start(t, s3server.Options{})
	s.Bucket("plain")
	data := content(24 << 20)
	s.Put("plain", "k.tar", data)
	slow := s.Faults()
	slow.Slow(4 << 20)
	f := started(t, nowhere(t), map[string]string{"credentials.file": s.CredentialsFile(), "endpoint": slow.URL})
	g, err := fetch(t, f, "s3://plain/k.tar")
	require.NoError(t, err)
	require.Equal(t, data, g.data)
	require.Greater(t, slow.Requests(), int64(8), "one connection needs one request, and 6 s")
}
