package mesostest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
)

func testAgentRestart(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	task, _ := f.run("stay")
	pid, err := c.ExecutorPID(f.id, task.Executor.ID)
	require.NoError(t, err)
	require.NoError(t, c.KillAgent(1))
	require.NoError(t, c.StartAgent(1))
	c.AwaitAgents(t, 1)
	now, err := c.ExecutorPID(f.id, task.Executor.ID)
	require.NoError(t, err)
	require.Equal(t, pid, now, "the executor lives on")
	eventually(t, "the executor is back", func() bool {
		f.do(mesos.SendMessage{Agent: task.Agent, Executor: task.Executor.ID, Data: []byte("again")})
		_, ok := tryAwait(f, patience/100, func(u mesos.Update) bool { return u.Status.Message == "message: again" })
		return ok
	})
	f.do(mesos.Kill{Task: task.ID, Agent: task.Agent})
	f.status(task.ID, mesos.TaskKilled)
	f.offer(func(o mesos.Offer) bool { return o.Agent == task.Agent })
}

func testAgentAway(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	task, _ := f.run("stay")
	require.NoError(t, c.KillAgent(1))
	s := f.status(task.ID, mesos.TaskUnreachable)
	require.Equal(t, "REASON_AGENT_REMOVED", s.Reason)
	require.Equal(t, "SOURCE_MASTER", s.Source)
	require.Equal(t, mesos.AgentLost{Agent: task.Agent}, await(f, func(mesos.AgentLost) bool { return true }))
	f.do(mesos.Reconcile{Tasks: []mesos.TaskRef{{Task: task.ID, Agent: task.Agent}}})
	f.reconciled(task.ID, mesos.TaskUnreachable)
	require.NoError(t, c.StartAgent(1))
	require.Equal(t, "REASON_AGENT_REREGISTERED", f.status(task.ID, mesos.TaskRunning).Reason)
	f.do(mesos.Kill{Task: task.ID, Agent: task.Agent})
	f.status(task.ID, mesos.TaskKilled)
}

func testExecutorDiesAway(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	task, _ := f.run("stay")
	require.NoError(t, c.KillAgent(1))
	c.KillExecutor(t, f.id, task.Executor.ID)
	require.NoError(t, c.StartAgent(1))
	s := f.status(task.ID, mesos.TaskFailed)
	require.Equal(t, "REASON_EXECUTOR_TERMINATED", s.Reason)
	require.Equal(t, "SOURCE_AGENT", s.Source)
}

func testMasterRestart(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	task, _ := f.run("stay")
	require.NoError(t, c.KillMaster())
	await(f, func(mesos.Disconnected) bool { return true })
	require.ErrorIs(t, f.Call(t.Context(), mesos.Revive{}), mesos.ErrDisconnected)
	require.NoError(t, c.StartMaster())
	require.Equal(t, f.id, await(f, func(mesos.Subscribed) bool { return true }).Framework)
	c.AwaitAgents(t, 1)
	f.do(mesos.Reconcile{Tasks: []mesos.TaskRef{{Task: task.ID, Agent: task.Agent}}})
	f.reconciled(task.ID, mesos.TaskRunning)
	f.do(mesos.Kill{Task: task.ID, Agent: task.Agent})
	f.status(task.ID, mesos.TaskKilled)
}
