package dev

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// A signal in the first moments is an interruption, whatever it cut short.
func TestInterruptedAtOnce(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	root := filepath.Join(t.TempDir(), "dev")
	err := Run(ctx, Config{
		Root: root, Bin: t.TempDir(), Agents: 1, StartTimeout: 1, Out: t.Output(), ReadFile: os.ReadFile,
		Site:   alluxio.FromMap(map[string]string{sourceKey: "LOCAL"}),
		Getenv: func(string) string { return "" },
	})
	require.ErrorIs(t, err, ErrInterrupted)
	require.NotContains(t, err.Error(), "canceled")
	require.NoDirExists(t, filepath.Join(root, "run"))
}
