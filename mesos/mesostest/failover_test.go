package mesostest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
)

func testFailover(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	task, _ := f.run("stay")
	require.NoError(t, f.Close())
	eventually(t, "the master notices", func() bool {
		known, ok := c.State(t).Framework(f.id)
		return ok && !known.Connected
	})
	g := connect(t, c, withID(f.id))
	require.Equal(t, f.id, g.id)
	g.do(mesos.Reconcile{})
	g.reconciled(task.ID, mesos.TaskRunning)
	g.do(mesos.Kill{Task: task.ID, Agent: task.Agent})
	g.status(task.ID, mesos.TaskKilled)
}

func testFailedOver(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	task, _ := f.run("stay")
	g := connect(t, c, withID(f.id))
	require.Equal(t, "Framework failed over", await(f, func(mesos.Failed) bool { return true }).Message)
	eventually(t, "calls of the old one fail", func() bool {
		return errors.Is(f.Call(t.Context(), mesos.Revive{}), mesos.ErrDisconnected)
	})
	g.do(mesos.Kill{Task: task.ID, Agent: task.Agent})
	g.status(task.ID, mesos.TaskKilled)
}

func testFailoverTimeout(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c, withFailover(time.Second))
	task, _ := f.run("stay")
	pid, err := c.ExecutorPID(f.id, task.Executor.ID)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	eventually(t, "the framework is removed", func() bool {
		_, ok := c.State(t).Framework(f.id)
		return !ok
	})
	g := dial(t, c, withID(f.id))
	require.Equal(t, "Framework has been removed", await(g, func(mesos.Failed) bool { return true }).Message)
	eventually(t, "its executor ends", func() bool {
		now, err := c.ExecutorPID(f.id, task.Executor.ID)
		return err != nil || now != pid
	})
}

func testTeardown(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	task, _ := f.run("stay")
	f.do(mesos.Teardown{})
	require.Equal(t, "the framework was torn down", await(f, func(mesos.Failed) bool { return true }).Message)
	eventually(t, "its executor ends", func() bool {
		_, err := c.ExecutorPID(f.id, task.Executor.ID)
		return err != nil
	})
	g := dial(t, c, withID(f.id))
	require.Equal(t, "Framework has been removed", await(g, func(mesos.Failed) bool { return true }).Message)
	var ended []mesostest.Task
	for _, known := range c.State(t).Completed {
		if known.ID == f.id {
			ended = known.Ended
		}
	}
	require.Len(t, ended, 1)
	require.Equal(t, mesos.TaskKilled, ended[0].State)
}

func testUnacknowledged(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	f.acknowledge(false)
	task, s := f.run("finish")
	_, next := tryAwait(f, 300*time.Millisecond, func(u mesos.Update) bool { return u.Status.State == mesos.TaskFinished })
	require.False(t, next, "the next update came before the first was acknowledged")
	require.NoError(t, f.Close())
	g := connect(t, c, withID(f.id))
	again := g.status(task.ID, mesos.TaskRunning)
	require.Equal(t, s.UUID, again.UUID)
	g.status(task.ID, mesos.TaskFinished)
}
