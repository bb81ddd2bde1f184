package mesostest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/devcluster"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
)

// Faults that only the embedded cluster can be told to make.

func TestUpdatesDroppedAndRepeated(t *testing.T) {
	t.Parallel()
	c := mesostest.Embedded(t, mesostest.Options{Timing: devcluster.Timing{UpdateRetry: 50 * time.Millisecond}})
	f := connect(t, c)
	var mu sync.Mutex
	seen := map[mesos.TaskState]int{}
	c.Embedded.OnUpdate(func(u devcluster.Update) (copies int, delay time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		seen[u.State]++
		switch {
		case u.State == mesos.TaskRunning && seen[u.State] <= 2:
			return 0, 0 // lost twice
		case u.State == mesos.TaskRunning:
			return 1, 20 * time.Millisecond
		}
		return 2, 0
	})
	task, running := f.run("finish")
	require.Equal(t, task.ID, running.Task)
	first := f.status(task.ID, mesos.TaskFinished)
	require.Equal(t, first.UUID, f.status(task.ID, mesos.TaskFinished).UUID)
	mu.Lock()
	defer mu.Unlock()
	require.GreaterOrEqual(t, seen[mesos.TaskRunning], 3)
}

func TestPartition(t *testing.T) {
	t.Parallel()
	c := mesostest.Embedded(t, mesostest.Options{Timing: devcluster.Timing{AgentTimeout: 100 * time.Millisecond}})
	f := connect(t, c)
	task, _ := f.run("stay")
	pid, err := c.ExecutorPID(f.id, task.Executor.ID)
	require.NoError(t, err)
	require.NoError(t, c.Embedded.Partition(1, true))
	f.status(task.ID, mesos.TaskUnreachable)
	await(f, func(mesos.AgentLost) bool { return true })
	require.NoError(t, c.Embedded.Partition(1, false))
	require.Equal(t, "REASON_AGENT_REREGISTERED", f.status(task.ID, mesos.TaskRunning).Reason)
	now, err := c.ExecutorPID(f.id, task.Executor.ID)
	require.NoError(t, err)
	require.Equal(t, pid, now)
}

func TestBrokenStreams(t *testing.T) {
	t.Parallel()
	c := mesostest.Embedded(t, mesostest.Options{})
	f := connect(t, c)
	task, _ := f.run("stay")
	c.Embedded.Disconnect()
	await(f, func(mesos.Disconnected) bool { return true })
	require.Equal(t, f.id, await(f, func(mesos.Subscribed) bool { return true }).Framework)
	require.NoError(t, c.Embedded.DisconnectExecutors(1))
	eventually(t, "the executor is back", func() bool {
		f.do(mesos.SendMessage{Agent: task.Agent, Executor: task.Executor.ID, Data: []byte("again")})
		_, ok := tryAwait(f, 100*time.Millisecond, func(u mesos.Update) bool { return u.Status.Message == "message: again" })
		return ok
	})
}

func TestHeartbeats(t *testing.T) {
	t.Parallel()
	c := mesostest.Embedded(t, mesostest.Options{Timing: devcluster.Timing{Heartbeat: 50 * time.Millisecond}})
	f := connect(t, c)
	_, lost := tryAwait(f, time.Second, func(mesos.Disconnected) bool { return true })
	require.False(t, lost, "heartbeats keep a quiet connection")
}

func TestSeveralAgents(t *testing.T) {
	t.Parallel()
	agent := func() devcluster.Agent {
		return devcluster.Agent{Resources: mesostest.Resources(2, 1024, mesostest.Ports(t, 5))}
	}
	mesostest.Each(t, mesostest.Options{Agents: []devcluster.Agent{agent(), agent(), agent()}}, func(t *testing.T, c *mesostest.Cluster) {
		f := connect(t, c)
		hosts := map[string]bool{}
		for range 3 {
			o := f.offer(func(o mesos.Offer) bool { return !hosts[o.Host] })
			hosts[o.Host] = true
			task := task(o, "stay")
			f.do(mesos.Accept{Offers: []mesos.OfferID{o.ID}, Tasks: []mesos.TaskInfo{task}, Refuse: time.Hour})
			f.status(task.ID, mesos.TaskRunning)
		}
		require.Equal(t, map[string]bool{"127.0.0.11": true, "127.0.0.12": true, "127.0.0.13": true}, hosts)
	})
}

// TestCloseLeavesNothing: executors that end, one that does not, one that is not
// an executor at all, and a child in a process group of its own.
func TestCloseLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cluster, err := devcluster.Start(t.Context(), devcluster.Config{
		Dir: dir, Agents: []devcluster.Agent{{Resources: mesostest.Resources(8, 8192, mesostest.Ports(t, 5))}}, Logger: mesostest.Logger(t),
	})
	require.NoError(t, err)
	c := mesostest.Wrap(cluster)
	f := connect(t, c)
	var pids []int
	for _, what := range []string{"stay", "stubborn", "child"} {
		task, _ := f.run(what)
		pid, err := c.ExecutorPID(f.id, task.Executor.ID)
		require.NoError(t, err)
		pids = append(pids, pid)
		if what == "child" {
			text, err := os.ReadFile(filepath.Join(c.Sandbox(f.id, task.Executor.ID), "child"))
			require.NoError(t, err)
			child, err := strconv.Atoi(string(text))
			require.NoError(t, err)
			pids = append(pids, child)
		}
	}
	o := f.anyOffer()
	sleeper := task(o, "")
	sleeper.Executor.Command = mesos.Command{Path: "/bin/sleep", Arguments: []string{"1000"}}
	f.launchOne(o, sleeper)
	eventually(t, "it runs", func() bool { return cluster.ExecutorPID(f.id, sleeper.Executor.ID) > 0 })
	pids = append(pids, cluster.ExecutorPID(f.id, sleeper.Executor.ID))

	require.NoError(t, cluster.Close())
	for _, pid := range pids {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		require.True(t, err != nil || !running(string(stat)), "process %d: %s", pid, stat)
	}
	require.DirExists(t, filepath.Join(dir, "agent1", "work", "slaves"))
	require.NoError(t, cluster.Close(), "again")
}

// TestKilledClusterLeavesNothing kills -9 a process that holds a cluster.
func TestKilledClusterLeavesNothing(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), clusterMode+"="+dir)
	cmd.Stderr = t.Output()
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may be dead already
	pidFile := filepath.Join(dir, "executor.pid")
	var pid int
	eventually(t, "its executor runs", func() bool {
		text, err := os.ReadFile(pidFile)
		pid, _ = strconv.Atoi(string(text))
		return err == nil && pid > 0
	})
	require.NoError(t, syscall.Kill(pid, 0))
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	eventually(t, "the executor dies with it", func() bool {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		return err != nil || !running(string(stat))
	})
}
