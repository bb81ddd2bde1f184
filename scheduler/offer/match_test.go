package offer

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

func scalar(name string, amount float64, roles ...string) mesos.Resource {
	return mesos.Resource{Name: name, Scalar: amount, Reservations: reserved(roles)}
}

func ports(begin, end uint64, roles ...string) mesos.Resource {
	return mesos.Resource{Name: "ports", Ranges: []mesos.Range{{Begin: begin, End: end}}, Reservations: reserved(roles)}
}

func reserved(roles []string) []mesos.Reservation {
	var all []mesos.Reservation
	for _, role := range roles {
		all = append(all, mesos.Reservation{Role: role})
	}
	return all
}

func twoPorts(any bool) Need {
	return Need{Task: Amounts{1, 1024}, Executor: Amounts{0.1, 64}, AnyPorts: any,
		Ports: []Port{{"rpc", "alluxio.master.rpc.port", 19998}, {"web", "alluxio.master.web.port", 19999}}}
}

func TestMatchTakesFromSeveralResources(t *testing.T) {
	t.Parallel()
	fit := Match(twoPorts(false), Agent{Host: "h", Resources: []mesos.Resource{
		scalar("cpus", 0.7), scalar("cpus", 0.5, "eng"), scalar("mem", 2000), scalar("mem", 100, "eng"),
		ports(31000, 32000), ports(19999, 19999, "eng"), ports(19990, 19998),
	}})
	require.True(t, fit.OK, fit.Problems)
	require.Equal(t, []mesos.Resource{scalar("cpus", 0.1, "eng"), scalar("mem", 64, "eng")}, fit.Executor)
	require.Equal(t, []mesos.Resource{
		scalar("cpus", 0.4, "eng"), scalar("cpus", 0.6), scalar("mem", 36, "eng"), scalar("mem", 988),
		ports(19998, 19998), ports(19999, 19999, "eng"),
	}, fit.Task)
	require.Equal(t, map[string]int{"rpc": 19998, "web": 19999}, fit.Ports)
	require.Equal(t, []mesos.Resource{scalar("cpus", 0.1), scalar("mem", 1012), ports(31000, 32000), ports(19990, 19997)}, fit.Rest)
}

func TestMatchNeverTakesSpecial(t *testing.T) {
	t.Parallel()
	special := scalar("mem", 4096)
	special.Special = true
	fit := Match(twoPorts(true), Agent{Resources: []mesos.Resource{scalar("cpus", 4), special, ports(1, 9)}})
	require.False(t, fit.OK)
	require.Equal(t, "1088 MB of memory short: 1088 MB are needed, 0 MB are offered", fit.Problems[0].Reason)
}

func TestPortsOutOfTheOffer(t *testing.T) {
	t.Parallel()
	n := twoPorts(true)
	n.Ports = append(n.Ports, Port{"journal", "alluxio.master.embedded.journal.port", 19200})
	fit := Match(n, Agent{Resources: []mesos.Resource{scalar("cpus", 4), scalar("mem", 4096), ports(19998, 19998), ports(19999, 20000, "eng")}})
	require.True(t, fit.OK, fit.Problems)
	require.Equal(t, map[string]int{"rpc": 19998, "web": 19999, "journal": 20000}, fit.Ports)

	fit = Match(n, Agent{Host: "h", Resources: []mesos.Resource{scalar("cpus", 4), scalar("mem", 4096), ports(7, 8)}})
	require.Equal(t, "3 ports are needed, agent h offers only 2 (7-8)", fit.Problems[0].Reason)
}

func TestEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	n := twoPorts(false)
	n.Host, n.HostWhy, n.HostAdvice = "a", "it must be on a", "move"
	n.Constraints = []Constraint{{Attribute: "rack", Value: "r1"}, {Attribute: "rack", Value: "r2", Not: true}}
	n.CPUKeys = "the.key"
	fit := Match(n, Agent{Host: "b", Attributes: []mesos.Attribute{{Name: "rack", Value: "r2"}}})
	require.Len(t, fit.Problems, 6)
	reason, advice := fit.Text()
	require.Equal(t, "it must be on a, and this agent announces itself as b; the agent does not meet the constraint rack==r1; "+
		"the agent does not meet the constraint rack!=r2; 1.1 cpus short: 1.1 are needed, 0 are offered; "+
		"1088 MB of memory short: 1088 MB are needed, 0 MB are offered; "+
		"agent b does not offer ports 19998 (alluxio.master.rpc.port), 19999 (alluxio.master.web.port); it offers no ports", reason)
	require.Contains(t, advice, "or lower the.key")
	require.Contains(t, advice, "start the agent with --resources='ports:[19998-19999]'")
	require.Contains(t, advice, "or set alluxio.integration.mesos.port.source=offer")
}

func TestGroupJoinsOffersOfAnAgent(t *testing.T) {
	t.Parallel()
	agents := Group([]mesos.Offer{
		{ID: "1", Agent: "a", Host: "h", Resources: []mesos.Resource{scalar("cpus", 1)}},
		{ID: "2", Agent: "b"},
		{ID: "3", Agent: "a", Resources: []mesos.Resource{scalar("cpus", 2)}},
	})
	require.Len(t, agents, 2)
	require.Equal(t, []mesos.OfferID{"1", "3"}, agents[0].Offers)
	require.Len(t, agents[0].Resources, 2)
}

func TestParseConstraints(t *testing.T) {
	t.Parallel()
	constraints, err := ParseConstraints(" rack == r1,hostname!=h, ")
	require.NoError(t, err)
	require.Equal(t, []Constraint{{"rack", "r1", false}, {"hostname", "h", true}}, constraints)
	require.False(t, constraints[1].holds("h", nil))
	for _, bad := range []string{"rack", "==x", "a=b", "a!="} {
		_, err := ParseConstraints(bad)
		require.Error(t, err, bad)
	}
}
