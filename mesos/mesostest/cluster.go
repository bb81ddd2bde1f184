package mesostest

import (
	"testing"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/devcluster"
)

// Options of a cluster for a test.
type Options struct {
	// Version of a real Mesos, "1.11.0" if empty.
	Version string
	// Agents; empty: one with 4 cpus, 4 GB and 100 ports of its own.
	Agents []devcluster.Agent
	// Timing of both kinds, as far as a real Mesos can be told.
	Timing devcluster.Timing
}

// Cluster is a Mesos that a test may hurt. It ends with the test.
type Cluster struct {
	// Name tells which one it is: "embedded" or "mesos-1.11.0".
	Name string
}

// Address is the master's "host:port".
func (c *Cluster) Address() string { return "" }

// Sandbox is the folder of the latest run of an executor, or empty.
func (c *Cluster) Sandbox(framework mesos.FrameworkID, executor mesos.ExecutorID) string { return "" }

// Embedded starts an embedded Mesos for the test.
func Embedded(t testing.TB, options Options) *Cluster { return &Cluster{Name: "embedded"} }

// Real starts a real Mesos for the test. Where that cannot be done the test is
// skipped with the reason; with CI set it fails.
func Real(t testing.TB, options Options) *Cluster { return &Cluster{} }

// Each runs a test on the embedded Mesos and on a real one.
func Each(t *testing.T, options Options, test func(t *testing.T, c *Cluster)) {}
