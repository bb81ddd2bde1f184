package s3fetch

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/test/s3server"
)

// env is an environment of a plugin.
type env map[string]string

func (e env) get(name string) string { return e[name] }

// nowhere is an environment without anything, and no files or metadata service by chance.
func nowhere(t *testing.T) env {
	return env{
		"AWS_SHARED_CREDENTIALS_FILE": filepath.Join(t.TempDir(), "none"), "AWS_CONFIG_FILE": filepath.Join(t.TempDir(), "none"),
		"AWS_EC2_METADATA_DISABLED": "true",
	}
}

func (e env) with(key, value string, more ...string) env {
	e[key] = value
	for i := 0; i+1 < len(more); i += 2 {
		e[more[i]] = more[i+1]
	}
	return e
}

func started(t *testing.T, e env, values map[string]string) *fetcher {
	t.Helper()
	f := with("1.2.3", e.get)
	require.NoError(t, f.Init(t.Context(), values))
	t.Cleanup(func() { require.NoError(t, f.Shutdown(t.Context())) })
	return f
}

// got is what a fetch brought.
type got struct {
	plugins.FetchResult
	data     []byte
	progress []plugins.Progress
}

func fetch(t *testing.T, f plugins.Fetcher, source string) (got, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	return goOn(t, f, plugins.FetchRequest{Source: source, File: file})
}

func goOn(t *testing.T, f plugins.Fetcher, r plugins.FetchRequest) (got, error) {
	t.Helper()
	var g got
	var err error
	g.FetchResult, err = f.Fetch(t.Context(), r, func(p plugins.Progress) { g.progress = append(g.progress, p) })
	if err != nil {
		require.NotContains(t, err.Error(), s3server.SecretKey)
		require.NotContains(t, err.Error(), "hush")
		return g, err
	}
	data, readErr := os.ReadFile(r.File)
	require.NoError(t, readErr)
	g.data = data
	return g, nil
}

func content(size int) []byte {
	data := make([]byte, size)
	random := rand.NewChaCha8([32]byte{byte(size)})
	_, _ = random.Read(data)
	return data
}
