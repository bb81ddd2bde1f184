package devcluster

import (
	"fmt"
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

// Timing holds what takes long in a real Mesos. A zero value takes the default,
// which is Mesos' own unless another is named.
type Timing struct {
	Heartbeat      time.Duration // 15 s, to schedulers
	Allocation     time.Duration // between rounds of offers: 200 ms (Mesos: 1 s)
	AgentTimeout   time.Duration // until a silent agent is unreachable: 75 s
	Registration   time.Duration // until an executor must have subscribed: 1 min
	Reregistration time.Duration // the same after a restart of its agent: 2 s
	Recovery       time.Duration // how long an executor waits for its agent: 15 min
	ExecutorGrace  time.Duration // shutdown grace where the executor sets none: 5 s
	UpdateRetry    time.Duration // until an unacknowledged update is resent: 10 s
	FetchStall     time.Duration // until a download without progress is given up: 1 min
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	agents := make([]Agent, len(c.Agents))
	for i, a := range c.Agents {
		if a.Host == "" {
			a.Host = fmt.Sprintf("127.0.0.1%d", i+1)
		}
		agents[i] = a
	}
	c.Agents = agents
	for _, d := range []struct {
		value *time.Duration
		unset time.Duration
	}{
		{&c.Timing.Heartbeat, 15 * time.Second},
		{&c.Timing.Allocation, 200 * time.Millisecond},
		{&c.Timing.AgentTimeout, 75 * time.Second},
		{&c.Timing.Registration, time.Minute},
		{&c.Timing.Reregistration, 2 * time.Second},
		{&c.Timing.Recovery, 15 * time.Minute},
		{&c.Timing.ExecutorGrace, 5 * time.Second},
		{&c.Timing.UpdateRetry, 10 * time.Second},
		{&c.Timing.FetchStall, time.Minute},
	} {
		if *d.value == 0 {
			*d.value = d.unset
		}
	}
	return c
}
