package scheduler_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/devcluster"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/spec"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/state"
)

// kit is a deployment on a cluster, with the test binary as its executor.
type kit struct {
	t      *testing.T
	c      *mesostest.Cluster
	config scheduler.Config
	disks  string
}

func newKit(t *testing.T, c *mesostest.Cluster, lines ...string) *kit {
	t.Helper()
	dir, disks := t.TempDir(), filepath.Join(t.TempDir(), "disks")
	site := alluxio.FromMap(map[string]string{
		"alluxio.integration.mesos.port.source": "offer", "alluxio.integration.mesos.ramdisk.dir": disks,
		"alluxio.worker.ramdisk.size": "64MB", "alluxio.master.mount.table.root.ufs": "hdfs://nowhere/",
		"alluxio.integration.mesos.alluxio.jar.url": "LOCAL",
	})
	for _, line := range lines {
		key, value, _ := strings.Cut(line, "=")
		site.Set(key, value)
	}
	d, err := spec.Read(site, spec.Options{})
	require.NoError(t, err)
	plugins := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(plugins, "alluxio-mesos-ramdisk-tmpfs"), []byte("#!/bin/sh\n"), 0o755))
	self, err := os.Executable()
	require.NoError(t, err)
	return &kit{t: t, c: c, disks: disks, config: scheduler.Config{
		Deployment: d, Mesos: c.Address(), StateDir: dir, Executor: self, PluginDir: plugins, Logger: mesostest.Logger(t),
	}}
}

// run is a scheduler that runs.
type run struct {
	cancel context.CancelFunc
	ended  chan struct{}
	err    error
}

func (k *kit) start() *run {
	ctx, cancel := context.WithCancel(context.Background())
	r := &run{cancel: cancel, ended: make(chan struct{})}
	config := k.config
	go func() {
		defer close(r.ended)
		r.err = scheduler.Run(ctx, config)
	}()
	k.t.Cleanup(func() { r.cancel(); <-r.ended })
	return r
}

func (k *kit) wait(r *run) error {
	k.t.Helper()
	select {
	case <-r.ended:
		return r.err
	case <-time.After(time.Minute):
		k.t.Fatal("the scheduler does not end")
		return nil
	}
}

// await polls the API until what it says is right.
func (k *kit) await(what string, right func(client.Status) bool) client.Status {
	k.t.Helper()
	var last client.Status
	require.Eventually(k.t, func() bool {
		c, err := client.Open(k.config.StateDir)
		if err != nil {
			return false
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		status, err := c.Status(ctx)
		last = status
		return err == nil && right(status)
	}, time.Minute, 50*time.Millisecond, "%s", what)
	return last
}

func serving(n int) func(client.Status) bool {
	return func(s client.Status) bool {
		count := 0
		for _, i := range s.Instances {
			for _, task := range i.Tasks {
				if task.Serving {
					count++
				}
			}
		}
		return count == n && len(s.Instances) == n
	}
}

func tasks(s client.Status) map[string]string {
	ids := map[string]string{}
	for _, i := range s.Instances {
		ids[i.Name] = i.Tasks[0].ID
	}
	return ids
}

// ramdisks are the files that stand for mounts.
func (k *kit) ramdisks() []string {
	found, err := filepath.Glob(filepath.Join(k.disks, "alluxio", "*"))
	require.NoError(k.t, err)
	return found
}

func (k *kit) executor(instance string) mesos.ExecutorID {
	file, err := state.Read(k.config.StateDir)
	require.NoError(k.t, err)
	for _, i := range file.Plan.Instances {
		if i.Name == instance && i.Executor != nil {
			return i.Executor.Info.ID
		}
	}
	k.t.Fatalf("%s has no executor", instance)
	return ""
}

func twoAgents(t *testing.T) mesostest.Options {
	return mesostest.Options{Agents: []devcluster.Agent{
		{Resources: mesostest.Resources(4, 4096, mesostest.Ports(t, 10))},
		{Resources: mesostest.Resources(4, 4096, mesostest.Ports(t, 10))},
	}}
}

// From nothing to serving, over a scheduler's and an executor's death, to nothing again.
func TestDeploymentLives(t *testing.T) {
	mesostest.Each(t, twoAgents(t), func(t *testing.T, c *mesostest.Cluster) {
		k := newKit(t, c)
		first := k.start()
		before := k.await("one master and two workers serve", serving(3))
		require.Equal(t, "registered", before.Framework.State)
		require.NotEmpty(t, before.Framework.ID)

		// A second scheduler is refused.
		require.ErrorContains(t, scheduler.Run(context.Background(), k.config), "cannot run a second scheduler")

		// The scheduler ends; another takes the same tasks over.
		first.cancel()
		require.ErrorIs(t, k.wait(first), context.Canceled)
		second := k.start()
		after := k.await("the same tasks serve", func(s client.Status) bool { return serving(3)(s) && s.Framework.State == "registered" })
		require.Equal(t, tasks(before), tasks(after))
		require.Equal(t, before.Framework.ID, after.Framework.ID)

		// kill -9 of a worker's executor: another one of the same instance, at the same place.
		c.KillExecutor(t, mesos.FrameworkID(after.Framework.ID), k.executor("worker-1"))
		again := k.await("worker-1 serves again", func(s client.Status) bool {
			return serving(3)(s) && tasks(s)["worker-1"] != tasks(after)["worker-1"]
		})
		require.Equal(t, tasks(after)["master-0"], tasks(again)["master-0"])
		require.Equal(t, after.Instances[2].Tasks[0].Addresses, again.Instances[2].Tasks[0].Addresses)

		api, err := client.Open(k.config.StateDir)
		require.NoError(t, err)
		require.Len(t, k.ramdisks(), 2)
		require.NoError(t, api.Stop(context.Background()))
		require.NoError(t, k.wait(second))
		require.NoError(t, api.WaitStopped(context.Background()))
		require.Empty(t, k.ramdisks())
		_, err = api.Status(context.Background())
		require.ErrorIs(t, err, client.ErrNotRunning)

		// Started again, everything is where it was, and the journal is expected.
		k.start()
		anew := k.await("all serve again", serving(3))
		require.NotEqual(t, before.Framework.ID, anew.Framework.ID)
		for i := range anew.Instances {
			require.Equal(t, again.Instances[i].Tasks[0].Addresses, anew.Instances[i].Tasks[0].Addresses)
		}
	}, mesostest.Versions()...)
}

// stop with the scheduler and an executor dead: what the executor left is swept.
func TestStopOfTheDead(t *testing.T) {
	mesostest.Each(t, twoAgents(t), func(t *testing.T, c *mesostest.Cluster) {
		k := newKit(t, c, "alluxio.integration.mesos.worker.count=1")
		r := k.start()
		s := k.await("all serve", serving(2))
		r.cancel()
		require.ErrorIs(t, k.wait(r), context.Canceled)
		c.KillExecutor(t, mesos.FrameworkID(s.Framework.ID), k.executor("worker-0"))

		k.config.Stop, k.config.Mesos = true, "" // the address is in the state
		require.NoError(t, k.wait(k.start()))
		require.Empty(t, k.ramdisks())
		require.NoError(t, client.Ended(k.config.StateDir))

		// Nothing is left to stop.
		require.NoError(t, scheduler.Run(context.Background(), k.config))
	})
}

// Without its state a deployment is not deployed beside itself.
func TestLostState(t *testing.T) {
	mesostest.Each(t, twoAgents(t), func(t *testing.T, c *mesostest.Cluster) {
		k := newKit(t, c, "alluxio.integration.mesos.worker.count=1")
		r := k.start()
		s := k.await("all serve", serving(2))
		own := k.config.StateDir

		k.config.StateDir = t.TempDir() // as on another host
		err := k.wait(k.start())
		require.ErrorContains(t, err, s.Framework.ID)
		require.ErrorContains(t, err, "its scheduler runs on host")

		r.cancel()
		<-r.ended
		require.Eventually(t, func() bool {
			err := k.wait(k.start())
			require.ErrorContains(t, err, s.Framework.ID)
			return strings.Contains(err.Error(), "no scheduler is connected") && strings.Contains(err.Error(), "put that file back")
		}, time.Minute, 100*time.Millisecond)

		k.config.StateDir = own
		k.start()
		require.Equal(t, tasks(s), tasks(k.await("all serve on", serving(2))))
	})
}

// A scheduler that is killed before it can save the framework's id leaves a framework without anything: the next takes
// it over.
func TestKilledBeforeTheFirstSave(t *testing.T) {
	mesostest.Each(t, twoAgents(t), func(t *testing.T, c *mesostest.Cluster) {
		k := newKit(t, c, "alluxio.integration.mesos.worker.count=1", "alluxio.integration.mesos.constraints=rack==nowhere")
		r := k.start()
		s := k.await("it is registered", func(s client.Status) bool { return s.Framework.State == "registered" })
		r.cancel()
		<-r.ended
		require.NoError(t, os.Remove(filepath.Join(k.config.StateDir, "state.json")))

		var again client.Status
		require.Eventually(t, func() bool { // Mesos notices the first one's end a moment later
			r := k.start()
			for {
				select {
				case <-r.ended:
					return false
				case <-time.After(50 * time.Millisecond):
				}
				c, err := client.Open(k.config.StateDir)
				if err != nil {
					continue
				}
				if again, err = c.Status(t.Context()); err == nil && again.Framework.State == "registered" {
					return true
				}
			}
		}, time.Minute, 50*time.Millisecond)
		require.Equal(t, s.Framework.ID, again.Framework.ID)
	})
}

func TestPortsNotOffered(t *testing.T) {
	mesostest.Each(t, twoAgents(t), func(t *testing.T, c *mesostest.Cluster) {
		k := newKit(t, c, "alluxio.integration.mesos.port.source=fixed", "alluxio.master.rpc.port=1998")
		k.start()
		started := time.Now()
		s := k.await("both agents are named", func(s client.Status) bool {
			hosts := map[string]bool{}
			for _, d := range s.Declines {
				if d.Instance == "master-0" {
					hosts[d.Host] = true
				}
			}
			return len(hosts) == 2
		})
		require.Less(t, time.Since(started), 5*time.Second)
		require.Contains(t, s.Declines[0].Reason, "does not offer ports 1998 (alluxio.master.rpc.port), 19999 (alluxio.master.web.port)")
		require.Contains(t, s.Declines[0].Advice, "start the agent with --resources='ports:[1998-1998,")
		require.Contains(t, s.Declines[0].Advice, "or set alluxio.integration.mesos.port.source=offer")
	})
}

func TestNoMesos(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	dir := filepath.Join(t.TempDir(), "state")
	err = scheduler.Run(context.Background(), scheduler.Config{Mesos: address, StateDir: dir})
	require.ErrorContains(t, err, address)
	_, held := state.Holder(dir)
	require.False(t, held)
}
