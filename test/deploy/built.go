package deploy

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/unpack"
	"github.com/alluxio-mesos/alluxio-mesos/test/repo"
)

// Binary is the built command.
func Binary(t testing.TB) string {
	t.Helper()
	file := filepath.Join(repo.Root(t), "bin", "alluxio-mesos")
	require.FileExists(t, file, "run \"make build\" first")
	return file
}

// Tarball is the built Alluxio tarball.
func Tarball(t testing.TB) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(repo.Root(t), "build", "alluxio-*-bin.tar.gz"))
	require.NoError(t, err)
	require.NotEmpty(t, found, "run \"make alluxio\" first")
	return found[len(found)-1]
}

// Checksum of the built tarball, "sha256:HEX".
func Checksum(t testing.TB) string {
	t.Helper()
	line, err := os.ReadFile(Tarball(t) + ".sha256")
	require.NoError(t, err, "run \"make alluxio\" first")
	return "sha256:" + strings.Fields(string(line))[0]
}

// shared is what all tests of one run use together, made when first needed. The folder
// goes when the tests have run (Main).
var shared struct {
	sync.Mutex
	dir  string
	home string
}

// Main runs the tests of a package and removes what they shared.
func Main(m *testing.M) int {
	defer func() {
		shared.Lock()
		defer shared.Unlock()
		if shared.dir != "" {
			removeAll(shared.dir)
		}
	}()
	return m.Run()
}

func sharedDir(t testing.TB) string {
	t.Helper()
	if shared.dir == "" {
		dir, err := os.MkdirTemp("", "shared-")
		require.NoError(t, err)
		shared.dir = dir
	}
	return shared.dir
}

// SharedCache is a node cache that all tests of one run fill only once.
func SharedCache(t testing.TB) string {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	return filepath.Join(sharedDir(t), "cache")
}

// Home is the built tarball, unpacked.
func Home(t testing.TB) string {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.home != "" {
		return shared.home
	}
	dir := filepath.Join(sharedDir(t), "alluxio")
	require.NoError(t, os.Mkdir(dir, 0o755))
	file, err := os.Open(Tarball(t))
	require.NoError(t, err)
	defer file.Close()
	require.NoError(t, unpack.Archive(context.Background(), file, filepath.Base(file.Name()), dir, unpack.DefaultLimits()))
	home, err := unpack.TopDir(dir)
	require.NoError(t, err)
	shared.home = home
	return home
}

// tempDir is short, since sockets lie below it, and goes even where it holds read-only
// folders, as a node cache does.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "d")
	require.NoError(t, err)
	t.Cleanup(func() { removeAll(dir) })
	return dir
}

func removeAll(dir string) {
	_ = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	_ = os.RemoveAll(dir)
}
