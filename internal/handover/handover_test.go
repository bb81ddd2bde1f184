package handover_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/internal/handover"
)

// tree is read-only, as one of a cache.
func tree(t *testing.T) string {
	t.Helper()
	top := filepath.Join(t.TempDir(), "tree")
	dir := filepath.Join(top, "soft", "bin")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "run"), []byte("#!/bin/sh\n"), 0o555))
	require.NoError(t, os.Symlink("run", filepath.Join(dir, "link")))
	for _, path := range []string{dir, filepath.Dir(dir), top} {
		require.NoError(t, os.Chmod(path, 0o555))
		t.Cleanup(func() { _ = os.Chmod(path, 0o755) })
	}
	return filepath.Dir(dir)
}

func TestATreeIsPutInItsPlace(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"move", "copy"} {
		for _, there := range []bool{true, false} {
			from, parent := tree(t), t.TempDir()
			to := filepath.Join(parent, "out")
			if there {
				require.NoError(t, os.Mkdir(to, 0o700))
			}
			p, err := handover.Prepare(to)
			require.NoError(t, err)
			if how == "move" {
				require.NoError(t, p.Move(t.Context(), from))
			} else {
				require.NoError(t, p.Copy(t.Context(), from))
				require.FileExists(t, filepath.Join(from, "bin", "run"))
			}
			require.NoError(t, p.Release())
			require.Equal(t, to, p.Dir())
			info, err := os.Stat(filepath.Join(to, "bin", "link"))
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o755), info.Mode().Perm()&0o755)
			require.NoError(t, os.WriteFile(filepath.Join(to, "bin", "mine"), nil, 0o600))
			entries, err := os.ReadDir(parent)
			require.NoError(t, err)
			require.Len(t, entries, 1)
		}
	}
}

func TestWhatIsThereStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mine"), nil, 0o600))
	here, err := os.Getwd()
	require.NoError(t, err)
	for to, text := range map[string]string{
		dir: "is not empty (it holds mine)", filepath.Join(dir, "mine"): "not a directory", "": "no folder",
		filepath.Join(dir, "a", "b"): "make the folder above it first", here: "is not empty",
	} {
		_, err := handover.Prepare(to)
		require.ErrorContains(t, err, text, to)
	}
}

func TestNothingIsHalfDone(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	to := filepath.Join(parent, "out")
	p, err := handover.Prepare(to)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, p.Copy(ctx, tree(t)), context.Canceled)
	require.NoError(t, p.Release())
	entries, err := os.ReadDir(parent)
	require.NoError(t, err)
	require.Empty(t, entries)
}
