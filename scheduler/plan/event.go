package plan

import (
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// Event is what can happen to a plan: one of the types below.
type Event interface{ event() }

type (
	// Heard is what the Mesos master said.
	Heard struct{ Event mesos.Event }
	// Tick says that time has passed.
	Tick struct{}
	// StopRequested asks for the end of the deployment.
	StopRequested struct{}
	// Called says how a call went that the plan asked for.
	Called struct {
		Call mesos.Call
		Err  error
	}
)

func (Heard) event()         {}
func (Tick) event()          {}
func (StopRequested) event() {}
func (Called) event()        {}

// Action is what is to be done, in the order given: one of the types below.
type Action interface{ action() }

type (
	// Save stores the state durably. If it fails, what follows must not be done.
	Save struct{ State Saved }
	// Call sends a call to Mesos; its outcome comes back as a Called event.
	Call struct{ Call mesos.Call }
	// Done ends the scheduler. Err is nil after a complete stop.
	Done struct{ Err error }
)

func (Save) action() {}
func (Call) action() {}
func (Done) action() {}
