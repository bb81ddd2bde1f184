package devcluster

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// Config describes a cluster.
type Config struct {
	// Dir holds the work folders of the agents, with the sandboxes. It is
	// created, and left as it is by Close.
	Dir    string
	Agents []Agent
	Logger *slog.Logger
	// Port of the master; 0 takes any that is free.
	Port   int
	Timing Timing
}

// Agent is one agent as it announces itself.
type Agent struct {
	// Host is the announced host name; empty: 127.0.0.1N for the Nth agent.
	Host       string
	Resources  []mesos.Resource
	Attributes []mesos.Attribute
}

// Timing holds what takes long in a real Mesos. Zero values take its defaults,
// except where noted.
type Timing struct {
	Heartbeat      time.Duration // 15 s, to schedulers
	Allocation     time.Duration // between rounds of offers: 200 ms (Mesos: 1 s)
	AgentTimeout   time.Duration // until a silent agent is unreachable: 75 s
	Registration   time.Duration // until an executor must have subscribed: 1 min
	Reregistration time.Duration // the same after a restart of its agent: 2 s
	Recovery       time.Duration // how long an executor waits for its agent: 15 min
	ExecutorGrace  time.Duration // shutdown grace where the executor sets none: 5 s
	UpdateRetry    time.Duration // until an unacknowledged update is resent: 10 s
	FetchTimeout   time.Duration // for one URI: 1 min without progress
}

// Cluster is a running master with its agents.
type Cluster struct{}

// Start brings a cluster up. Cancelling ctx does not end it; Close does.
func Start(ctx context.Context, config Config) (*Cluster, error) {
	return nil, errors.New("cannot start: in the making")
}

// Address is the "host:port" of the master.
func (c *Cluster) Address() string { return "" }

// Close ends every executor with all its processes, then agents and master, and
// waits for them.
func (c *Cluster) Close() error { return nil }

// Sandbox is the folder of the latest run of an executor, or empty.
func (c *Cluster) Sandbox(framework mesos.FrameworkID, executor mesos.ExecutorID) string { return "" }

// KillAgent ends agent n (from 1) as kill -9 would: its executors live on.
func (c *Cluster) KillAgent(n int) error { return nil }

// StartAgent starts agent n again, with its old state.
func (c *Cluster) StartAgent(n int) error { return nil }

// FailOverMaster replaces the master by one that remembers nothing, as after the
// crash of a leader. Agents register with it again.
func (c *Cluster) FailOverMaster() error { return nil }
