// Package scheduler is the framework's side that talks to the Mesos master: one thin loop that takes events (of Mesos,
// of the clock, of the API), lets scheduler/plan decide, and carries out what it decided. What is wanted is read in
// scheduler/spec, whether an offer fits in scheduler/offer, what is remembered lies in scheduler/state, binaries are
// handed to agents by scheduler/artifacts, and people look in through scheduler/api.
package scheduler

import (
	"context"
	"log/slog"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/plan"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/spec"
)

// Config of one scheduler.
type Config struct {
	Deployment spec.Deployment
	// Mesos is "host:port[,host:port]", "http://...", or "zk://...".
	Mesos string
	// StateDir is the deployment's own folder on this host, ~/.alluxio-mesos/NAME.
	StateDir string
	// Executor is the path of the executor binary that agents get.
	Executor string
	// PluginDir holds the plugins that agents get; it stands in where the deployment names none.
	PluginDir string
	// Stop ends the deployment instead of running it: for a stop whose scheduler is dead.
	Stop   bool
	Logger *slog.Logger
	// Ready is called once, when the framework is registered, with the URL of the API; it may be nil.
	Ready func(api string)
	// Connect makes the connection to Mesos; nil: mesos/v1, after a look whether there is a Mesos at the address.
	Connect func(ctx context.Context, info mesos.FrameworkInfo) (mesos.Scheduler, error)
	// Timing of the plan; nil: plan.DefaultTiming.
	Timing *plan.Timing
}
