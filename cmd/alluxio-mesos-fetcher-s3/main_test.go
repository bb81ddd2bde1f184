package main_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/s3fetch"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
)

func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "alluxio-mesos-fetcher-s3")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w -X main.version=1.2.3", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return binary
}

func TestConformance(t *testing.T) {
	t.Parallel()
	t.Run("here", func(t *testing.T) {
		plugintest.FetcherTest(t, func() plugins.Fetcher { return s3fetch.New("1.2.3") }, world(t))
	})
	t.Run("as a binary", func(t *testing.T) { plugintest.FetcherBinaryTest(t, build(t), world(t)) })
}

func TestRunByHand(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), build(t)).CombinedOutput()
	var exit *exec.ExitError
	require.True(t, errors.As(err, &exit))
	require.Equal(t, 2, exit.ExitCode())
	require.Contains(t, string(out), "alluxio-mesos-fetcher-s3 1.2.3\n")
	require.Contains(t, string(out), "It is not run by hand")
}
