package s3fetch

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/test/s3server"
)

// BenchmarkFetch is the fetcher alone, from a real server on this machine into a file.
func BenchmarkFetch(b *testing.B) {
	const size = 128 << 20
	s := s3server.Start(b, s3server.Options{})
	s.Bucket("plain")
	s.Put("plain", "k.tar", content(size))
	f := with("1", os.Getenv)
	require.NoError(b, f.Init(b.Context(), map[string]string{"credentials.file": s.CredentialsFile(), "endpoint": s.URL}))
	b.SetBytes(size)
	for b.Loop() {
		file := filepath.Join(b.TempDir(), "file")
		require.NoError(b, os.WriteFile(file, nil, 0o600))
		got, err := f.Fetch(b.Context(), plugins.FetchRequest{Source: "s3://plain/k.tar", File: file}, nil)
		require.NoError(b, err)
		require.EqualValues(b, size, got.Bytes)
		require.NoError(b, os.Remove(file))
	}
}
