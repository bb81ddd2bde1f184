package state

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/plan"
)

func open(t *testing.T) *Dir {
	t.Helper()
	d, err := Open(filepath.Join(t.TempDir(), "alluxio"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestStateComesBackAsItWas(t *testing.T) {
	t.Parallel()
	d := open(t)
	empty, err := d.Load()
	require.NoError(t, err)
	require.Empty(t, empty.Plan.Instances)

	at := plan.AgentRef{Agent: "a1", Host: "h1"}
	want := File{Version: 1, Name: "alluxio", Mesos: "m:5050", Artifacts: Listener{"h", 1234}, Plan: plan.Saved{
		Framework: "fw", Left: []string{"x"}, Instances: []plan.Instance{{
			Name: "worker-0", Process: alluxio.Worker, Placement: &plan.Placement{AgentRef: at, Ports: map[string]int{"rpc": 1}},
			JournalFormatted: true, Generation: 2, Traces: []plan.AgentRef{at}, Failure: "f", Permanent: true,
			Executor: &plan.Executor{Agent: "a1", Info: mesos.ExecutorInfo{ID: "e", Command: mesos.Command{URIs: []mesos.URI{{Value: "u", Cache: true}}},
				Resources: []mesos.Resource{{Name: "mem", Scalar: 64.5, AllocatedTo: "*", Reservations: []mesos.Reservation{{Role: "r", Labels: map[string]string{"k": "v"}}}}}}},
			Task: &plan.Task{ID: "t", Agent: "a1", State: mesos.TaskRunning, Notices: []string{"n"}, GivenUp: true},
		}},
	}}
	require.NoError(t, d.Save(want))
	got, err := Read(d.Path())
	require.NoError(t, err)
	require.Equal(t, want, got)

	info, err := os.Stat(filepath.Join(d.Path(), stateFile))
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
}

func TestCorruptStateIsNotGuessed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ content, want string }{
		{`{"version": 1, "name"`, "put a good copy in its place"},
		{``, "put a good copy in its place"},
		{`{"version": 7}`, "use the release that wrote it"},
	} {
		d := open(t)
		require.NoError(t, os.WriteFile(filepath.Join(d.Path(), stateFile), []byte(c.content), 0o600))
		_, err := d.Load()
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, d.Path())
	}
}

func TestOneHolder(t *testing.T) {
	t.Parallel()
	d := open(t)
	pid, held := Holder(d.Path())
	require.True(t, held)
	require.Equal(t, os.Getpid(), pid)

	_, err := Open(d.Path())
	var locked *LockedError
	require.ErrorAs(t, err, &locked)
	require.Equal(t, os.Getpid(), locked.PID)

	require.NoError(t, d.Close())
	_, held = Holder(d.Path())
	require.False(t, held)
	again, err := Open(d.Path())
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

// A child that was started while the lock was held must not keep it.
func TestLockIsNotInherited(t *testing.T) {
	t.Parallel()
	d := open(t)
	child := exec.Command("sleep", "60")
	require.NoError(t, child.Start())
	t.Cleanup(func() { _ = child.Process.Kill(); _ = child.Wait() })
	require.NoError(t, d.Close())
	_, held := Holder(d.Path())
	require.False(t, held)
}

func TestAPIAndToken(t *testing.T) {
	t.Parallel()
	d := open(t)
	_, _, err := API(d.Path())
	require.ErrorIs(t, err, fs.ErrNotExist)
	token, err := d.Token()
	require.NoError(t, err)
	require.Len(t, token, 64)
	again, err := d.Token()
	require.NoError(t, err)
	require.Equal(t, token, again)
	require.NoError(t, d.SetAPI("http://127.0.0.1:1"))
	url, got, err := API(d.Path())
	require.NoError(t, err)
	require.Equal(t, "http://127.0.0.1:1", url)
	require.Equal(t, token, got)

	require.NoError(t, d.Close())
	_, _, err = API(d.Path())
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestFolderThatCannotBeMade(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := Open(filepath.Join(file, "x"))
	require.ErrorContains(t, err, "cannot make the state folder")
	require.True(t, strings.Contains(err.Error(), file))
}
