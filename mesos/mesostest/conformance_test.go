package mesostest_test

import (
	"testing"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/devcluster"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
)

// conformance is what a framework may expect of any Mesos. Each runs on the
// embedded one and on real ones; where they differ, the embedded one is wrong.
type conformance struct {
	name string
	run  func(t *testing.T, c *mesostest.Cluster)
	core bool // also on the older versions
}

// quiet ones leave the cluster as it was, so they share one.
var quiet = []conformance{
	{"register", testRegister, true},
	{"offers", testOffers, true},
	{"launch and kill", testLaunchAndKill, true},
	{"task as the executor sees it", testTaskSeen, true},
	{"environment", testEnvironment, true},
	{"starting", testStarting, false},
	{"message", testMessage, true},
	{"executor holds resources", testExecutorResources, false},
	{"executor exits", testExecutorExits, true},
	{"executor killed", testExecutorKilled, true},
	{"executor never registers", testNeverRegisters, false},
	{"executor cannot be started", testNoProgram, false},
	{"uri", testURI, true},
	{"uri not found", testURINotFound, false},
	{"shutdown of an executor", testShutdown, true},
	{"shutdown of a stubborn executor", testShutdownStubborn, false},
	{"kill before the executor registers", testKillEarly, false},
	{"kill of an unknown task", testKillUnknown, false},
	{"reconcile", testReconcile, true},
	{"decline and revive", testDecline, true},
	{"suppress", testSuppress, true},
	{"accept refuses the rest", testAcceptRefuses, false},
	{"invalid tasks", testInvalidTasks, true},
	{"executor relabelled", testExecutorRelabelled, false},
	{"invalid offers", testInvalidOffers, true},
	{"two frameworks", testTwoFrameworks, false},
	{"failover", testFailover, true},
	{"failed over", testFailedOver, true},
	{"failover timeout", testFailoverTimeout, true},
	{"teardown", testTeardown, true},
	{"unacknowledged update", testUnacknowledged, false},
}

// loud ones hurt the cluster, so each has its own.
var loud = []conformance{
	{"agent restart", testAgentRestart, true},
	{"agent away too long", testAgentAway, false},
	{"executor dies with its agent", testExecutorDiesAway, false},
	{"master restart", testMasterRestart, true},
}

func options(t *testing.T, version string) mesostest.Options {
	return mesostest.Options{
		Version: version,
		Timing:  devcluster.Timing{Registration: 3 * time.Second, AgentTimeout: 4 * time.Second},
		Agents: []devcluster.Agent{{
			Resources:  mesostest.Resources(4, 4096, mesostest.Ports(t, 20)),
			Attributes: []mesos.Attribute{{Name: "rack", Value: "r7"}, {Name: "cores", Value: "16"}},
		}},
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	runConformance(t, func(t *testing.T) *mesostest.Cluster {
		return mesostest.Embedded(t, options(t, ""))
	}, false)
}

func TestConformanceReal(t *testing.T) {
	t.Parallel()
	for _, version := range mesostest.Versions() {
		t.Run(version, func(t *testing.T) {
			runConformance(t, func(t *testing.T) *mesostest.Cluster {
				return mesostest.Real(t, options(t, version))
			}, version != mesostest.DefaultVersion)
		})
	}
}

func runConformance(t *testing.T, start func(*testing.T) *mesostest.Cluster, coreOnly bool) {
	t.Run("quiet", func(t *testing.T) {
		c := start(t)
		for _, one := range quiet {
			if one.core || !coreOnly {
				t.Run(one.name, func(t *testing.T) { one.run(t, c) })
			}
		}
	})
	for _, one := range loud {
		if one.core || !coreOnly {
			t.Run(one.name, func(t *testing.T) { one.run(t, start(t)) })
		}
	}
}
