package scheduler_test

import (
	"context"
	"errors"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
	v1 "github.com/alluxio-mesos/alluxio-mesos/mesos/v1"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/plan"
)

// forgetful loses the first ACCEPT on its way.
type forgetful struct {
	mesos.Scheduler
	lost *atomic.Bool
}

func (f forgetful) Call(ctx context.Context, call mesos.Call) error {
	if _, accept := call.(mesos.Accept); accept && f.lost.CompareAndSwap(false, true) {
		return errors.New("lost on its way")
	}
	return f.Scheduler.Call(ctx, call)
}

func (k *kit) dial(ctx context.Context, info mesos.FrameworkInfo) (mesos.Scheduler, error) {
	return v1.NewScheduler(ctx, v1.SchedulerConfig{Masters: k.c.Address(), Framework: info, Logger: k.config.Logger})
}

// changed says that all serve, and exactly the instances named by another task than before.
func changed(before client.Status, names ...string) func(client.Status) bool {
	return func(s client.Status) bool {
		if !serving(len(before.Instances))(s) {
			return false
		}
		now, then := tasks(s), tasks(before)
		for _, name := range names {
			if now[name] == then[name] {
				return false
			}
			then[name] = now[name]
		}
		for name := range now {
			if now[name] != then[name] {
				return false
			}
		}
		return true
	}
}

// The JVMs die, the executors live: the next tasks run on the same executors, with their ramdisks.
func TestProcessesDie(t *testing.T) {
	mesostest.Each(t, twoAgents(t), func(t *testing.T, c *mesostest.Cluster) {
		k := newKit(t, c)
		k.start()
		before := k.await("all serve", serving(3))
		for _, name := range []string{"worker-0", "master-0"} {
			executor := k.executor(name)
			pid, err := c.ExecutorPID(mesos.FrameworkID(before.Framework.ID), executor)
			require.NoError(t, err)
			require.NoError(t, syscall.Kill(pid, jvmDies))
			before = k.await(name+" serves again", changed(before, name))
			require.Equal(t, executor, k.executor(name))
		}
	})
}

// The scheduler dies between saving and launching: Mesos has never heard of the task, and it is launched again.
func TestLostAccept(t *testing.T) {
	mesostest.Each(t, mesostest.Options{}, func(t *testing.T, c *mesostest.Cluster) {
		k := newKit(t, c)
		lost := &atomic.Bool{}
		k.config.Connect = func(ctx context.Context, info mesos.FrameworkInfo) (mesos.Scheduler, error) {
			s, err := k.dial(ctx, info)
			return forgetful{s, lost}, err
		}
		r := k.start()
		k.await("the launch is on its way", func(s client.Status) bool { return lost.Load() && len(s.Instances) == 2 })
		r.cancel()
		require.ErrorIs(t, k.wait(r), context.Canceled)

		k.config.Connect = k.dial
		k.start()
		k.await("all serve", serving(2))
	})
}

// An agent is restarted; once with its executors alive, once with one of them dead.
func TestAgentRestarts(t *testing.T) {
	mesostest.Each(t, twoAgents(t), func(t *testing.T, c *mesostest.Cluster) {
		k := newKit(t, c)
		timing := plan.DefaultTiming()
		timing.Phantom = 3 * time.Second // a master that comes late with the executor's end is not waited for long
		k.config.Timing = &timing
		k.start()
		before := k.await("all serve", serving(3))
		pid, err := c.ExecutorPID(mesos.FrameworkID(before.Framework.ID), k.executor("worker-1"))
		require.NoError(t, err)
		host := hostOf(before, "worker-1")
		agent := 1
		if host == c.Agents[1].Host {
			agent = 2
		}
		require.NoError(t, c.KillAgent(agent))
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		require.NoError(t, c.StartAgent(agent))
		after := k.await("worker-1 serves again", changed(before, "worker-1"))
		require.Equal(t, host, hostOf(after, "worker-1"))
	})
}

func hostOf(s client.Status, name string) string {
	for _, i := range s.Instances {
		if i.Name == name {
			return i.Host
		}
	}
	return ""
}

// The Mesos master dies and comes back: tasks are the same, and a stop still ends all.
func TestMasterRestarts(t *testing.T) {
	mesostest.Each(t, twoAgents(t), func(t *testing.T, c *mesostest.Cluster) {
		k := newKit(t, c)
		r := k.start()
		before := k.await("all serve", serving(3))
		require.NoError(t, c.KillMaster())
		k.await("the loss is seen", func(s client.Status) bool { return s.Framework.State == "connecting" })
		require.NoError(t, c.StartMaster())
		k.await("registered again", func(s client.Status) bool { return s.Framework.State == "registered" && changed(before)(s) })

		api, err := client.Open(k.config.StateDir)
		require.NoError(t, err)
		require.NoError(t, api.Stop(context.Background()))
		require.NoError(t, k.wait(r))
		require.Empty(t, k.ramdisks())
	})
}
