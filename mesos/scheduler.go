package mesos

import (
	"context"
	"time"
)

// Scheduler is the framework's side of its conversation with the leading
// master. The connection finds the leader, subscribes, watches heartbeats and
// subscribes again by itself, with backoff, until Close.
type Scheduler interface {
	// Events in the order in which they came. The channel is closed after a
	// Failed event, and after Close. The first event of each connection is
	// Subscribed; Disconnected comes between two of them.
	Events() <-chan Event
	// Call sends one call. It is safe for concurrent use. An error means that
	// the master may not have seen the call: while disconnected every call fails
	// at once with ErrDisconnected.
	Call(ctx context.Context, call Call) error
	// Close ends the connection without touching tasks: to Mesos the scheduler
	// has failed over. It waits until no goroutine of the connection is left.
	Close() error
}

// FrameworkInfo is how the framework introduces itself.
type FrameworkInfo struct {
	ID              FrameworkID // empty at the first registration
	Name            string
	User            string
	Role            string // "*" or empty: none of its own
	Principal       string
	FailoverTimeout time.Duration
	WebUI           string
	Hostname        string
	Labels          map[string]string
}

// Event is what the master says to the scheduler: one of the types below.
type Event interface{ event() }

type (
	// Subscribed opens a connection. Master is "host:port" of the leader,
	// Version is empty where the master does not say it.
	Subscribed struct {
		Framework FrameworkID
		Master    string
		Version   string
	}
	// Offers are new offers.
	Offers struct{ Offers []Offer }
	// Rescinded takes an offer back.
	Rescinded struct{ Offer OfferID }
	// Update is the state of a task; acknowledge it (Acknowledge) once stored.
	Update struct{ Status Status }
	// Message comes from an executor. Delivery is not guaranteed.
	Message struct {
		Agent    AgentID
		Executor ExecutorID
		Data     []byte
	}
	// AgentLost says that an agent was removed from the cluster.
	AgentLost struct{ Agent AgentID }
	// ExecutorLost says that an executor ended; WaitStatus is as wait(2) gives it.
	ExecutorLost struct {
		Agent      AgentID
		Executor   ExecutorID
		WaitStatus int
	}
	// Disconnected says that the connection broke and a new one is being made.
	Disconnected struct{ Err error }
	// Failed ends the conversation for good: the framework was removed, failed
	// over to another scheduler, or is not allowed to register.
	Failed struct{ Message string }
)

func (Subscribed) event()   {}
func (Offers) event()       {}
func (Rescinded) event()    {}
func (Update) event()       {}
func (Message) event()      {}
func (AgentLost) event()    {}
func (ExecutorLost) event() {}
func (Disconnected) event() {}
func (Failed) event()       {}

// Call is what the scheduler says to the master: one of the types below.
type Call interface{ call() }

type (
	// Accept launches tasks on the resources of offers of one agent. Refuse is
	// for how long what remains of the offers is not wanted.
	Accept struct {
		Offers []OfferID
		Tasks  []TaskInfo
		Refuse time.Duration
	}
	// Decline gives offers back, and is not offered the same for Refuse.
	Decline struct {
		Offers []OfferID
		Refuse time.Duration
	}
	// Suppress asks for no more offers until Revive.
	Suppress struct{}
	// Revive drops all refusals and asks for offers again.
	Revive struct{}
	// Kill asks for the end of a task.
	Kill struct {
		Task  TaskID
		Agent AgentID
	}
	// ShutdownExecutor asks the agent to end an executor and all its tasks.
	ShutdownExecutor struct {
		Agent    AgentID
		Executor ExecutorID
	}
	// Acknowledge confirms an update that has a UUID.
	Acknowledge struct{ Status Status }
	// Reconcile asks for the state of tasks; without any: of all that Mesos knows.
	Reconcile struct{ Tasks []TaskRef }
	// SendMessage goes to an executor. Delivery is not guaranteed.
	SendMessage struct {
		Agent    AgentID
		Executor ExecutorID
		Data     []byte
	}
	// Teardown ends the framework and everything it runs.
	Teardown struct{}
)

func (Accept) call()           {}
func (Decline) call()          {}
func (Suppress) call()         {}
func (Revive) call()           {}
func (Kill) call()             {}
func (ShutdownExecutor) call() {}
func (Acknowledge) call()      {}
func (Reconcile) call()        {}
func (SendMessage) call()      {}
func (Teardown) call()         {}
