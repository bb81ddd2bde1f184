package plan

import (
	"time"

	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/spec"
)

// Config of a plan.
type Config struct {
	Deployment spec.Deployment
	// ExecutorURL is where Mesos fetches the executor's binary.
	ExecutorURL string
	// Plugins that are shipped, with their URLs.
	Plugins []*launchv1.Plugin
	// Older plugins that can still be had, with their URLs.
	Older []*launchv1.Plugin
	// Stop ends the deployment from the start.
	Stop bool
	// NewID gives the last part of a task id, never the same twice.
	NewID func() string
	// Timing; nil: DefaultTiming.
	Timing *Timing
}

// Timing is how long the plan waits for what.
type Timing struct {
	// Backoff between launches of a failing task: from Min, doubling, to Max; a permanent failure has its own.
	BackoffMin, BackoffMax     time.Duration
	PermanentMin, PermanentMax time.Duration
	// Steady is how long a task must serve until earlier failures are forgotten.
	Steady time.Duration
	// Launch is how long a launch may stay without any update until Mesos is asked.
	Launch time.Duration
	// Reconcile is how long the first reconciliation waits for answers; it doubles to ReconcileMax.
	Reconcile, ReconcileMax time.Duration
	// Audit is how often everything is reconciled although nothing seems wrong.
	Audit time.Duration
	// Lost is after how long an unreachable agent counts as gone, so that its worker may move.
	Lost time.Duration
	// Follow is how long an instance's own agent has time to show up before another agent on its host may take its place.
	Follow time.Duration
	// For how long an offer is not wanted again: while something waits, while it has long waited, and else.
	RefuseShort, RefuseMedium, RefuseLong time.Duration
	// Stop is how long a stop waits for executors and sweeps, Exit how long for an executor that has cleaned up.
	Stop, Exit time.Duration
	// Phantom is for how long an executor that was told to end, and is still listed on its agent, is waited for: the
	// shutdown grace and then some. Afterwards the list is held to be wrong, as after lost words between agent and master.
	Phantom time.Duration
	// Repeat is after how long an order that had no effect is given again.
	Repeat time.Duration
	// Order is after how long an order to an executor is sent again, doubling to OrderMax.
	Order, OrderMax time.Duration
}

// DefaultTiming is for production.
func DefaultTiming() Timing {
	return Timing{
		BackoffMin: time.Second, BackoffMax: time.Minute,
		PermanentMin: 30 * time.Second, PermanentMax: 5 * time.Minute,
		Steady: 2 * time.Minute, Launch: 30 * time.Second,
		Reconcile: 5 * time.Second, ReconcileMax: time.Minute, Audit: 15 * time.Minute,
		Lost: 10 * time.Minute, Follow: 5 * time.Second,
		RefuseShort: 5 * time.Second, RefuseMedium: time.Minute, RefuseLong: time.Hour,
		Stop: time.Minute, Exit: 5 * time.Second, Phantom: shutdownGrace + 15*time.Second, Repeat: 10 * time.Second,
		Order: 2 * time.Second, OrderMax: 30 * time.Second,
	}
}
