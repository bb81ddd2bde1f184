// Package ftp holds the test of the example beside it, a fetcher in Python.
package ftp

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest/suite"
)

// TestVerify builds the example as its README says, and runs the suite on the one file
// that comes of it. The lock is for other tests that build it. Where Python's packages cannot be had it is skipped with the reason;
// with CI set it fails.
func TestVerify(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "flock", "Makefile", "make").CombinedOutput()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("cannot build a plugin in Python here: %v: %s", err, out)
	}
	require.NoError(t, err, "%s", out)
	plugintest.VerifyTest(t, suite.Options{Path: filepath.Join("bin", "alluxio-mesos-fetcher-ftp")})
}

// TestTheSameServing holds the files that every fetcher in Python has against those that
// "plugins new" writes.
func TestTheSameServing(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"serving.py", "pack.py", "fetcher_pb2.py", "requirements.txt"} {
		want, err := os.ReadFile(filepath.Join("..", "..", "..", "plugins", "scaffold", "templates", "python-fetcher", file))
		require.NoError(t, err)
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), file)
	}
}
