package dev

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
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

// A long transfer is told at each quarter, and after a while.
func TestTransfersAreTold(t *testing.T) {
	t.Parallel()
	var said []string
	told := teller{say: func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }}
	begun := time.Now()
	at := func(after time.Duration, bytes int64) {
		progress := &client.Progress{Step: "fetch", Transfers: []client.Transfer{{Artifact: "jdk", Bytes: bytes << 20, Total: 200 << 20}}}
		told.transfers("worker-0", client.Task{State: "TASK_STARTING", Progress: progress}, begun.Add(after))
	}
	at(0, 0)
	at(time.Second, 10)
	at(2*time.Second, 50)
	at(3*time.Second, 60)
	at(20*time.Second, 60)
	at(21*time.Second, 62)
	told.transfers("worker-0", client.Task{State: "TASK_STARTING", Progress: &client.Progress{Step: "unpack"}}, begun.Add(time.Minute))
	require.Equal(t, []string{
		"worker-0: starting: fetch, jdk 25% of 200 MB", "worker-0: starting: fetch, jdk 30% of 200 MB",
	}, said)
}
