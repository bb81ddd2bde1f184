package mesostest

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/devcluster"
)

// Options of a cluster for a test.
type Options struct {
	// Version of a real Mesos, DefaultVersion if empty.
	Version string
	// Agents; empty: one with 4 cpus, 4 GB of memory and 20 free ports of its own.
	Agents []devcluster.Agent
	// Timing of both kinds, as far as a real Mesos can be told (not Heartbeat and
	// UpdateRetry). Allocation is 100 ms where it is not given.
	Timing devcluster.Timing
	// Auth wants principal "probe" and secret "secret"; a real Mesos only.
	Auth bool
	// ZooKeeper has masters and agents of a real Mesos meet there: "zk://host:port/path".
	ZooKeeper string
	// Env is passed to a real master and its agents: "MESOS_...=...".
	Env []string
}

// DefaultVersion of a real Mesos.
const DefaultVersion = "1.11.0"

// Versions that a test of the core calls should pass on.
func Versions() []string { return []string{DefaultVersion, "1.8.1", "1.4.3"} }

// Cluster is a Mesos that a test may hurt. It ends with the test.
type Cluster struct {
	backend
	// Name tells which one it is: "embedded" or "mesos-1.11.0".
	Name string
	// Version that it behaves as.
	Version string
	// Agents as they were started, host names filled in.
	Agents []devcluster.Agent
	// Embedded is the embedded cluster, with faults that only it can have; nil for
	// a real one.
	Embedded *devcluster.Cluster
}

// backend is what both kinds can do.
type backend interface {
	// Address is the master's "host:port".
	Address() string
	// Sandbox is the folder of the latest run of an executor, or empty.
	Sandbox(framework mesos.FrameworkID, executor mesos.ExecutorID) string
	// KillAgent ends agent n (from 1) as kill -9 does; its executors live on.
	KillAgent(n int) error
	// StartAgent brings a killed agent back.
	StartAgent(n int) error
	// KillMaster ends the master as kill -9 does.
	KillMaster() error
	// StartMaster starts a new one at its address.
	StartMaster() error
}

// Embedded starts an embedded Mesos for the test.
func Embedded(t testing.TB, options Options) *Cluster {
	t.Helper()
	options = options.withDefaults(t)
	config := devcluster.Config{Dir: t.TempDir(), Agents: options.Agents, Timing: options.Timing, Logger: Logger(t)}
	c, err := devcluster.Start(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return &Cluster{backend: embedded{c}, Name: "embedded", Version: DefaultVersion, Agents: options.Agents, Embedded: c}
}

// Wrap gives an embedded cluster that the test itself starts and closes.
func Wrap(c *devcluster.Cluster) *Cluster {
	return &Cluster{backend: embedded{c}, Name: "embedded", Version: DefaultVersion, Embedded: c}
}

type embedded struct{ *devcluster.Cluster }

func (e embedded) KillMaster() error {
	e.Cluster.KillMaster()
	return nil
}

// Real starts a real Mesos for the test. Where that cannot be done the test is
// skipped with the reason; with CI set it fails.
func Real(t testing.TB, options Options) *Cluster {
	t.Helper()
	options = options.withDefaults(t)
	r, err := startReal(t, options)
	if err != nil {
		unavailable(t, options.Version, err)
	}
	return &Cluster{backend: r, Name: "mesos-" + options.Version, Version: options.Version, Agents: options.Agents}
}

func unavailable(t testing.TB, version string, err error) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("cannot start a real Mesos %s, and CI is set: %v", version, err)
	}
	t.Skipf("cannot start a real Mesos %s: %v", version, err)
}

// Each runs a test on the embedded Mesos and on a real one, of the versions given
// or else of Options.Version.
func Each(t *testing.T, options Options, test func(t *testing.T, c *Cluster), versions ...string) {
	t.Helper()
	if len(versions) == 0 {
		versions = []string{options.Version}
	}
	t.Run("embedded", func(t *testing.T) { test(t, Embedded(t, options)) })
	for _, version := range versions {
		options := options
		options.Version = version
		if version == "" {
			options.Version = DefaultVersion
		}
		t.Run("mesos-"+options.Version, func(t *testing.T) { test(t, Real(t, options)) })
	}
}

// KillExecutor sends kill -9 to the process of an executor.
func (c *Cluster) KillExecutor(t testing.TB, framework mesos.FrameworkID, executor mesos.ExecutorID) {
	t.Helper()
	pid, err := c.ExecutorPID(framework, executor)
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGKILL)
	}
	if err != nil {
		t.Fatalf("cannot kill executor %s: %v", executor, err)
	}
}

// ExecutorPID finds the process of an executor.
func (c *Cluster) ExecutorPID(framework mesos.FrameworkID, executor mesos.ExecutorID) (int, error) {
	dir := c.Sandbox(framework, executor)
	if dir == "" {
		return 0, fmt.Errorf("executor %s of %s has no sandbox", executor, framework)
	}
	pid := processOfSandbox(dir)
	if pid == 0 {
		return 0, fmt.Errorf("no process runs in sandbox %s", dir)
	}
	return pid, nil
}
