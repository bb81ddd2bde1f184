package alluxio_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// TestRealAlluxio runs the processes of the tarball that `make alluxio` builds with the command lines, ports and probes
// of this package, and holds its tables against the tarball's own.
func TestRealAlluxio(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts JVMs")
	}
	java := findJava(t)
	home := unpackHome(t)
	require.NoError(t, alluxio.CheckJava(home.Version, java))

	t.Run("facts", func(t *testing.T) {
		t.Parallel()
		checkFacts(t, java, home)
	})
	t.Run("script", func(t *testing.T) {
		t.Parallel()
		checkScript(t, java, home)
	})
	t.Run("all processes", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, home, java, "UFS")
		s.format()
		for _, process := range []alluxio.Process{alluxio.Master, alluxio.Worker, alluxio.JobMaster, alluxio.JobWorker, alluxio.Proxy} {
			s.start(process)
		}
		s.writeAndRead()
	})
	t.Run("embedded journal", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, home, java, "EMBEDDED")
		s.format()
		s.start(alluxio.Master)
		s.start(alluxio.JobMaster)
	})
}

// unpackHome unpacks the built tarball.
func unpackHome(t *testing.T) alluxio.Home {
	t.Helper()
	tarballs, err := filepath.Glob("../build/alluxio-*-bin.tar.gz")
	require.NoError(t, err)
	if len(tarballs) != 1 {
		needed(t, "want one Alluxio to test with, have %q: run make alluxio", tarballs)
	}
	dir := t.TempDir()
	output, err := exec.CommandContext(t.Context(), "tar", "-xzf", tarballs[0], "-C", dir).CombinedOutput()
	require.NoError(t, err, "%s", output)
	tops, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, tops, 1)
	dir = filepath.Join(dir, tops[0].Name())
	home, err := alluxio.InspectHome(os.DirFS(dir), dir)
	require.NoError(t, err)
	require.Equal(t, "alluxio-"+home.Version.String(), tops[0].Name())
	require.False(t, home.WebUI)
	return home
}
