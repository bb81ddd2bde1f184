package acceptance

import (
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/test/deploy"
)

// The parts of TestDev run one after another: each dev prefers Alluxio's usual ports.
func TestDev(t *testing.T) {
	t.Parallel()
	t.Run("check after a killed dev", devCheckAfterAKilledDev)
	t.Run("as an ordinary user", devAsAnOrdinaryUser)
	t.Run("interrupted", devInterrupted)
}

// dev is killed without a chance to clean up; the next one sweeps, and shows that Alluxio
// works with two workers.
func devCheckAfterAKilledDev(t *testing.T) {
	d := deploy.NewDev(t)
	killed := d.Dev(0)
	killed.Says("Ctrl-C takes everything down")
	require.NoError(t, killed.Process.Kill())
	killed.End()

	check := d.Dev(0, "--check", "--agents", "2")
	require.Zero(t, check.End(), check.Output())
	require.Contains(t, check.Output(), "swept from an earlier run: ramdisk")
	require.Contains(t, check.Output(), "read the same back")
	for _, instance := range []string{"master-0", "worker-0", "worker-1"} {
		require.Regexp(t, instance+`: 127\.0\.0\.\d:\d+ \(RPC\), http://`, check.Output())
	}
	requireNothingLeft(t, d)
}

// An ordinary user needs no root: the ramdisk is a folder of /dev/shm, and that is said.
func devAsAnOrdinaryUser(t *testing.T) {
	uid := 0
	if os.Getuid() == 0 {
		uid = 65534 // nobody
	}
	d := deploy.NewDev(t)
	run := d.Dev(uid)
	run.Says("Ctrl-C takes everything down")
	require.Contains(t, run.Output(), "/dev/shm")
	second := d.Dev(uid, "--check")
	require.Equal(t, 1, second.End(), second.Output())
	require.Contains(t, second.Output(), "another dev runs already (process")
	require.NoError(t, run.Process.Signal(syscall.SIGINT))
	require.Zero(t, run.End(), run.Output())
	requireNothingLeft(t, d)
}

// A signal at any moment leaves nothing behind.
func devInterrupted(t *testing.T) {
	for _, c := range []struct {
		signal syscall.Signal
		after  string
	}{
		{syscall.SIGINT, ""},
		{syscall.SIGHUP, "embedded Mesos at"},
		{syscall.SIGTERM, "master-0: "},
		{syscall.SIGINT, "worker-0: starting"},
		{syscall.SIGTERM, "serving after"},
	} {
		t.Run(c.signal.String()+" after "+c.after, func(t *testing.T) {
			d := deploy.NewDev(t)
			run := d.Dev(0)
			run.Says(c.after)
			require.NoError(t, run.Process.Signal(c.signal))
			// A signal before the program listens ends it as the kernel does (-1).
			require.Contains(t, []int{130, -1}, run.End(), run.Output())
			requireNothingLeft(t, d)
		})
	}
}

func requireNothingLeft(t *testing.T, d *deploy.Deployment) {
	t.Helper()
	require.Empty(t, d.Leftovers())
	require.Empty(t, d.TempFiles())
	require.NoDirExists(t, d.Home+"/.alluxio-mesos/dev/run")
	require.NoFileExists(t, d.Home+"/.alluxio-mesos/dev/state.json")
}
