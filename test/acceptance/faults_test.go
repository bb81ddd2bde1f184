package acceptance

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/internal/procs"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
	"github.com/alluxio-mesos/alluxio-mesos/test/deploy"
)

// Kill -9 of one process after another. Each time all serves again without a hand, and a
// file that is nowhere but in the worker's memory is still there.
func TestKilledProcesses(t *testing.T) {
	t.Parallel()
	mesostest.Each(t, mesostest.Options{Agents: agents(t, 1)}, func(t *testing.T, c *mesostest.Cluster) {
		d := deploy.New(t, c.Address())
		d.Start()
		s := d.Serving(2, startLimit)
		written := d.Write("/memory", deploy.InMemoryOnly())
		for _, victim := range []struct {
			name string
			kill func() []procs.Process
			// gone are the tasks that are expected to be others afterwards.
			gone []string
		}{
			{"the worker's JVM", func() []procs.Process { return d.Java("worker") }, []string{"worker-0 worker"}},
			{"the master's JVM", func() []procs.Process { return d.Java("master") }, []string{"master-0 master"}},
			{"both executors", d.Executors, []string{"master-0 master", "worker-0 worker"}},
		} {
			before := deploy.Serving(s)
			kill(t, victim.kill())
			s = replaced(d, before, victim.gone)
			require.Len(t, d.Executors(), 2, victim.name)
			require.Len(t, d.Java("master"), 1, victim.name)
			require.Len(t, d.Java("worker"), 1, victim.name)
			require.LessOrEqual(t, len(d.Mounts())+len(d.RamFolders()), 1, "after %s was killed: one ramdisk", victim.name)
			require.Equal(t, written, d.Read("/memory"), "after %s was killed", victim.name)
		}

		before := deploy.Serving(s)
		kill(t, []procs.Process{d.Scheduler()})
		require.Equal(t, 3, d.Run("status").Code)
		require.Len(t, d.Java("worker"), 1, "Alluxio serves on without a scheduler")
		d.Start()
		require.Equal(t, before, deploy.Serving(d.Serving(2, startLimit)), "the next scheduler takes over the same tasks")
		require.Equal(t, written, d.Read("/memory"))

		// stop with a dead scheduler
		kill(t, []procs.Process{d.Scheduler()})
		d.Stop()
		require.Empty(t, d.Leftovers())
		require.NotContains(t, activeFrameworks(t, c.Address()), d.Name)
	})
}

// A fetcher is killed in the middle of a download: another one goes on from the byte that
// was reached.
func TestKilledFetcher(t *testing.T) {
	t.Parallel()
	c := mesostest.Embedded(t, mesostest.Options{Agents: agents(t, 1)})
	server := deploy.Serve(t, deploy.Tarball(t))
	server.Slow(20 << 20)
	d := deploy.New(t, c.Address(), map[string]string{deploy.Prefix + "alluxio.jar.url": server.URL(deploy.Tarball(t))})
	d.Site[deploy.Prefix+"cache.dir"] = d.Dir + "/cache"
	d.Start()
	d.Until(startLimit, "the download is on its way", func(client.Status) bool {
		return server.Sent() > 20<<20 && len(d.Plugins("fetcher-http")) > 0
	})
	kill(t, d.Plugins("fetcher-http"))
	sent := server.Sent()
	d.Until(startLimit, "another fetcher goes on", func(client.Status) bool {
		return server.Sent() > sent && len(d.Plugins("fetcher-http")) > 0
	})
	server.Slow(0)
	d.Serving(2, startLimit)
	require.Less(t, server.Sent(), int64(230<<20), "it went on and did not begin anew: the tarball has some 200 MB")
	require.Equal(t, d.Write("/file", nil), d.Read("/file"))
	d.Stop()
}

// kill sends SIGKILL and waits until all are gone.
func kill(t *testing.T, victims []procs.Process) {
	t.Helper()
	require.NotEmpty(t, victims)
	ctx, cancel := deadline(t, 10*time.Second)
	defer cancel()
	for _, p := range victims {
		require.NoError(t, p.End(ctx, unix.SIGKILL))
	}
}

// replaced waits until all serve again, the killed tasks under new ids.
func replaced(d *deploy.Deployment, before map[string]string, gone []string) client.Status {
	return d.Until(startLimit, "all serve again", func(s client.Status) bool {
		now := deploy.Serving(s)
		for _, task := range gone {
			if now[task] == before[task] {
				return false
			}
		}
		return len(now) == len(before)
	})
}

func deadline(t *testing.T, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), limit)
}
