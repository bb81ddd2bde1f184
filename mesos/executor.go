package mesos

import (
	"context"
	"errors"
	"time"
)

// ErrDisconnected is returned by a call made while there is no connection.
var ErrDisconnected = errors.New("not connected to Mesos")

// Executor is an executor's side of its conversation with its agent. The
// connection subscribes, subscribes again while the agent is away (for as long as
// the agent's recovery timeout allows, with the first try at once), and keeps
// and resends what the agent has not acknowledged.
type Executor interface {
	// Events in the order in which they came. The channel is closed when the
	// conversation is over: after ExecutorShutdown, or when the agent did not
	// come back in time (ExecutorOrphaned comes last then).
	Events() <-chan ExecutorEvent
	// Update reports the state of a task. It returns once the update is queued;
	// it is kept and resent until the agent acknowledges it. The connection
	// fills UUID, Time, Executor and Agent.
	Update(Status) error
	// Flush waits until every update so far is acknowledged, or ctx ends.
	Flush(ctx context.Context) error
	// Message sends data to the scheduler. Delivery is not guaranteed: not even where
	// there is no error, and nothing is sent again.
	Message(ctx context.Context, data []byte) error
	// Close ends the connection and waits for its goroutines.
	Close() error
}

// ExecutorEvent is what the agent says to the executor: one of the types below.
type ExecutorEvent interface{ executorEvent() }

type (
	// ExecutorSubscribed opens each connection.
	ExecutorSubscribed struct {
		Framework     FrameworkID
		FrameworkName string
		Executor      ExecutorID
		Agent         AgentID
		Host          string
		// TaskKilling says that the framework has the capability
		// TASK_KILLING_STATE: only then may the executor send TASK_KILLING.
		TaskKilling bool
	}
	// LaunchTask hands over a task.
	LaunchTask struct{ Task TaskInfo }
	// KillTask asks for the end of a task. Grace is zero where the event does
	// not override what the task was launched with.
	KillTask struct {
		Task  TaskID
		Grace time.Duration
	}
	// ExecutorMessage comes from the scheduler. Delivery is not guaranteed.
	ExecutorMessage struct{ Data []byte }
	// ExecutorShutdown asks the executor to end its tasks, report them and exit
	// within Grace (MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD).
	ExecutorShutdown struct{ Grace time.Duration }
	// ExecutorOrphaned says that the agent stayed away longer than it may.
	ExecutorOrphaned struct{ Err error }
)

func (ExecutorSubscribed) executorEvent() {}
func (LaunchTask) executorEvent()         {}
func (KillTask) executorEvent()           {}
func (ExecutorMessage) executorEvent()    {}
func (ExecutorShutdown) executorEvent()   {}
func (ExecutorOrphaned) executorEvent()   {}
