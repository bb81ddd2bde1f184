package scratch

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The test binary makes a folder and waits to be killed.
func TestMain(m *testing.M) {
	parent := os.Getenv("SCRATCH_TEST_PARENT")
	if parent == "" {
		os.Exit(m.Run())
	}
	dir, err := Make(parent, "a-")
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString(dir.Path)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func TestSweepRemovesWhatTheDeadLeft(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	mine, err := Make(parent, "a-")
	require.NoError(t, err)
	cmd, theirs := child(t, parent)
	readOnly := filepath.Join(theirs, "tree", "sub")
	require.NoError(t, os.MkdirAll(readOnly, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(readOnly, "f"), nil, 0o444))
	require.NoError(t, os.Chmod(readOnly, 0o555))
	other := filepath.Join(parent, "b-1")
	require.NoError(t, os.Mkdir(other, 0o755))

	require.NoError(t, Sweep(parent, "a-"))
	require.DirExists(t, theirs, "its owner lives")

	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.NoError(t, Sweep(parent, "a-"))
	require.NoDirExists(t, theirs)
	require.DirExists(t, mine.Path)
	require.DirExists(t, other)

	require.NoError(t, mine.Remove())
	require.NoError(t, mine.Remove(), "again")
	require.NoDirExists(t, mine.Path)
}

func child(t *testing.T, parent string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{"SCRATCH_TEST_PARENT=" + parent}
	_, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line := make([]byte, 4096)
	n, err := out.Read(line)
	require.NoError(t, err)
	return cmd, string(line[:n])
}
