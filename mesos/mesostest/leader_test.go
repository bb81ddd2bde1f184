package mesostest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
	v1 "github.com/alluxio-mesos/alluxio-mesos/mesos/v1"
)

func withMasters(masters string) clientOption {
	return func(c *v1.SchedulerConfig) { c.Masters = masters }
}

// TestLeader: found in ZooKeeper, by asking those that do not lead, and again after
// the leader died.
func TestLeader(t *testing.T) {
	t.Parallel()
	zk := "zk://" + mesostest.ZooKeeper(t) + "/mesos"
	_, err := v1.Ping(t.Context(), zk)
	require.ErrorContains(t, err, "no master ever contended there")
	c := mesostest.Real(t, mesostest.Options{ZooKeeper: zk})
	second := c.StartSecondMaster(t)

	leader, err := v1.Ping(t.Context(), zk)
	require.NoError(t, err)
	require.Equal(t, c.Address(), leader)
	eventually(t, "the other redirects", func() bool {
		leader, err := v1.Ping(t.Context(), second)
		return err == nil && leader == c.Address()
	})
	require.Equal(t, c.Address(), subscribedAt(t, c, second), "by redirect")

	f := connect(t, c, withMasters(zk))
	g := connect(t, c, withMasters(second+","+c.Address()))
	task, _ := f.run("stay")
	g.do(mesos.Teardown{})
	require.NoError(t, c.KillMaster())
	await(f, func(mesos.Disconnected) bool { return true })
	// The session of the dead leader lasts 10 s, and the wait between attempts has
	// grown until then.
	s, ok := tryAwait(f, 3*patience, func(mesos.Subscribed) bool { return true })
	require.True(t, ok)
	require.Equal(t, second, s.Master)
	eventually(t, "the task is known to the new leader", func() bool {
		f.do(mesos.Reconcile{Tasks: []mesos.TaskRef{{Task: task.ID, Agent: task.Agent}}})
		_, ok := tryAwait(f, time.Second, func(u mesos.Update) bool { return u.Status.State == mesos.TaskRunning })
		return ok
	})
}

func subscribedAt(t *testing.T, c *mesostest.Cluster, masters string) string {
	t.Helper()
	f := dial(t, c, withMasters(masters))
	s := await(f, func(mesos.Subscribed) bool { return true })
	f.do(mesos.Teardown{})
	return s.Master
}
