// Package acceptance tests deployments from outside: the built commands, a real Alluxio,
// and a Mesos that is embedded or real. Each test is one deployment with as many checks
// as fit, since a deployment takes seconds. See test/README.md for how to run them.
package acceptance

import (
	"os"
	"testing"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/devcluster"
	"github.com/alluxio-mesos/alluxio-mesos/test/deploy"
)

// startLimit is how long a deployment may take from start to serving, on a busy machine.
const startLimit = 2 * time.Minute

func TestMain(m *testing.M) { os.Exit(deploy.Main(m)) }

// agent is an agent with room for a master and a worker. Without ports it gets some of
// its own from mesostest.
func agent(ports ...mesos.Range) devcluster.Agent {
	resources := []mesos.Resource{
		{Name: "cpus", Scalar: 4},
		{Name: "mem", Scalar: 4096},
		{Name: "disk", Scalar: 4096},
	}
	if len(ports) > 0 {
		resources = append(resources, mesos.Resource{Name: "ports", Ranges: ports})
	}
	return devcluster.Agent{Resources: resources}
}
