package main_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
	"github.com/alluxio-mesos/alluxio-mesos/test/s3server"
)

// TestThroughHost fetches as an executor does, with the digest in the object beside it, and
// with credentials that the agent's environment holds under a name that the operator gave.
func TestThroughHost(t *testing.T) {
	s := s3server.Start(t, s3server.Options{})
	s.Bucket("software")
	archive := tarball(t)
	s.Put("software", "soft.tar", archive)
	s.Put("software", "soft.tar.sha256", fmt.Appendf(nil, "%s  soft.tar\n", sum(archive)))
	t.Setenv("AWS_ACCESS_KEY_ID", s3server.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s3server.SecretKey)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")

	binary := build(t)
	content, err := os.ReadFile(binary)
	require.NoError(t, err)
	want := host.Want{Artifact: "alluxio", Source: "s3::" + s.URL + "/software/soft.tar", Checksum: "file"}
	h := newHost(t, host.Plugin{Kind: plugins.KindFetcher, Name: "s3", SHA256: sum(content), URL: binary,
		Config: map[string]string{"env": "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_EC2_METADATA_DISABLED"}})
	got, err := h.Artifact(t.Context(), want, nil)
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(got.Dirs[0], "file"))
	require.NoError(t, err)
	require.Equal(t, "content", string(text))

	blind := newHost(t, host.Plugin{Kind: plugins.KindFetcher, Name: "s3", SHA256: sum(content), URL: binary,
		Config: map[string]string{"credentials.file": "/nonexistent/credentials"}})
	_, err = blind.Artifact(t.Context(), want, nil)
	require.ErrorContains(t, err, "cannot get credentials from profile default in /nonexistent/credentials: there is no such file")
}

func newHost(t *testing.T, p host.Plugin) *host.Host {
	t.Helper()
	temp, err := os.MkdirTemp("", "s3-") // sockets want a short path
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(temp)) })
	h, err := host.New(host.Config{Plugins: []host.Plugin{p}, CacheDir: plugintest.CacheDir(t), TempDir: temp})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.Close()) })
	return h
}

func tarball(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "soft/file", Mode: 0o644, Size: int64(len("content")), Typeflag: tar.TypeReg}))
	_, err := w.Write([]byte("content"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func sum(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}
