package mesostest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/devcluster"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
	v1 "github.com/alluxio-mesos/alluxio-mesos/mesos/v1"
)

func withRole(role string) clientOption {
	return func(c *v1.SchedulerConfig) { c.Framework.Role = role }
}

// TestReservations: a task takes what is reserved for its role and what is not, each
// from where it was offered.
func TestReservations(t *testing.T) {
	t.Parallel()
	storage := []mesos.Reservation{{Role: "storage"}}
	ports := mesostest.Ports(t, 8)
	options := mesostest.Options{Agents: []devcluster.Agent{{Resources: []mesos.Resource{
		{Name: "cpus", Scalar: 1}, {Name: "cpus", Scalar: 2, Reservations: storage},
		{Name: "disk", Scalar: 100}, {Name: "mem", Scalar: 512}, {Name: "mem", Scalar: 1024, Reservations: storage},
		{Name: "ports", Ranges: []mesos.Range{{Begin: ports.Begin, End: ports.Begin + 3}}},
		{Name: "ports", Ranges: []mesos.Range{{Begin: ports.Begin + 4, End: ports.End}}, Reservations: storage},
	}}}}
	mesostest.Each(t, options, func(t *testing.T, c *mesostest.Cluster) {
		other := connect(t, c)
		o := other.anyOffer()
		require.Len(t, o.Resources, 4)
		for _, r := range o.Resources {
			require.Equal(t, "*", r.Role())
		}
		other.do(mesos.Suppress{})
		other.do(mesos.Decline{Offers: []mesos.OfferID{o.ID}})

		f := connect(t, c, withRole("storage"))
		// What is reserved comes at once, the rest maybe later.
		o = f.offer(func(o mesos.Offer) bool { return len(o.Resources) == 7 })
		for _, r := range o.Resources {
			require.Equal(t, "storage", r.AllocatedTo)
		}
		all := task(o, "stay")
		all.Executor.Resources, all.Resources = nil, o.Resources
		f.launchOne(o, all)
		f.status(all.ID, mesos.TaskRunning)
		f.do(mesos.Kill{Task: all.ID, Agent: all.Agent})
		f.status(all.ID, mesos.TaskKilled)

		// As if the reserved ones were not: there are not so many.
		f.do(mesos.Revive{})
		o = f.offer(func(o mesos.Offer) bool { return len(o.Resources) == 7 })
		bad := task(o, "stay")
		bad.Resources = []mesos.Resource{{Name: "cpus", Scalar: 2, AllocatedTo: "storage"}, {Name: "mem", Scalar: 64, AllocatedTo: "storage"}}
		bad.Executor.Resources = nil
		f.launchOne(o, bad)
		require.Equal(t, "REASON_TASK_INVALID", f.status(bad.ID, mesos.TaskError).Reason)
	}, "1.11.0", "1.4.3")
}
