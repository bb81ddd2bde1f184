package procs

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestFindsItself(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	require.NoError(t, err)
	all, err := List()
	require.NoError(t, err)
	i := slices.IndexFunc(all, func(p Process) bool { return p.PID == os.Getpid() })
	require.GreaterOrEqual(t, i, 0)
	require.Equal(t, exe, all[i].Exe)
	require.Equal(t, os.Args, all[i].Args)
	require.True(t, all[i].Alive())
}

func TestEndEndsTheProcess(t *testing.T) {
	t.Parallel()
	child, p := sleeper(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, p.End(ctx, unix.SIGKILL))
	require.ErrorContains(t, child.Wait(), "killed")
	require.NoError(t, p.End(ctx, unix.SIGKILL), "a process that is gone is no error")
	require.False(t, p.Alive())
}

func TestEndLeavesAnotherProcessWithTheSameIDAlone(t *testing.T) {
	t.Parallel()
	_, p := sleeper(t)
	stranger := p
	stranger.Start++
	require.NoError(t, stranger.End(t.Context(), unix.SIGKILL))
	require.True(t, p.Alive())
}

func sleeper(t *testing.T) (*exec.Cmd, Process) {
	t.Helper()
	child := exec.Command("sleep", "600")
	require.NoError(t, child.Start())
	t.Cleanup(func() {
		_ = child.Process.Kill()
		_ = child.Wait()
	})
	p, err := Find(child.Process.Pid)
	require.NoError(t, err)
	return child, p
}
