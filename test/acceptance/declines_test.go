package acceptance

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/devcluster"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
	"github.com/alluxio-mesos/alluxio-mesos/test/deploy"
)

// The most reported pain of the Java framework: it registers, declines every offer, and
// does not say that the agents offer other ports than Alluxio's.
func TestAgentsThatDoNotOfferThePorts(t *testing.T) {
	t.Parallel()
	agents := []devcluster.Agent{agent(mesos.Range{Begin: 31000, End: 31009}), agent(mesos.Range{Begin: 31010, End: 31019})}
	mesostest.Each(t, mesostest.Options{Agents: agents}, func(t *testing.T, c *mesostest.Cluster) {
		d := deploy.New(t, c.Address(), map[string]string{deploy.Prefix + "port.source": "fixed"})
		d.Start()
		s := d.Until(5*time.Second, "both agents are declined for the master", func(s client.Status) bool {
			return len(declines(s, "master-0")) == 2
		})
		for _, decline := range declines(s, "master-0") {
			require.NotEmpty(t, decline.Agent)
			require.NotEmpty(t, decline.Host)
			require.Contains(t, decline.Reason, "19998")
			require.Contains(t, decline.Reason, "19999")
			require.Contains(t, decline.Advice, "port.source=offer", "one way out: other ports")
			require.Contains(t, decline.Advice, "--resources", "the other: agents that offer these")
		}
		r := d.Run("status")
		require.Equal(t, 4, r.Code, r)
		for _, text := range []string{"19998", "port.source=offer", s.Declines[0].Host, s.Declines[1].Host} {
			require.Contains(t, r.Stdout, text)
		}
		require.Equal(t, 4, d.Run("endpoints").Code)

		again := d.Run("start", d.Mesos)
		require.Equal(t, 1, again.Code, again)
		require.Contains(t, again.Stderr, "already runs")
		d.Stop()
		require.Equal(t, 3, d.Run("status").Code)
		require.NotContains(t, activeFrameworks(t, c.Address()), d.Name)
	})
}

func declines(s client.Status, instance string) []client.Decline {
	return slices.DeleteFunc(s.Declines, func(d client.Decline) bool { return d.Instance != instance })
}
