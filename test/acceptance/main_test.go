// Package acceptance tests deployments from outside: the built commands, a real Alluxio,
// and a Mesos that is embedded or real. Each test is one deployment with as many checks
// as fit, since a deployment takes seconds. See test/README.md for how to run them.
package acceptance

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/internal/freeports"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/devcluster"
	"github.com/alluxio-mesos/alluxio-mesos/test/deploy"
)

// startLimit is how long a deployment may take from start to serving, on a busy machine.
const startLimit = 2 * time.Minute

func TestMain(m *testing.M) { os.Exit(deploy.Main(m)) }

// agents have room for a master and a worker each, and free ports that are theirs alone:
// all of them are this machine.
func agents(t *testing.T, n int) []devcluster.Agent {
	t.Helper()
	var all []devcluster.Agent
	var taken []int
	for range n {
		ports, err := freeports.Find(8, nil, taken)
		require.NoError(t, err)
		taken = append(taken, ports...)
		all = append(all, agent(ranges(ports)...))
	}
	return all
}

func ranges(ports []int) []mesos.Range {
	var all []mesos.Range
	for _, port := range ports {
		all = append(all, mesos.Range{Begin: uint64(port), End: uint64(port)})
	}
	return all
}

func agent(ports ...mesos.Range) devcluster.Agent {
	return devcluster.Agent{Resources: []mesos.Resource{
		{Name: "cpus", Scalar: 4},
		{Name: "mem", Scalar: 4096},
		{Name: "disk", Scalar: 4096},
		{Name: "ports", Ranges: ports},
	}}
}
