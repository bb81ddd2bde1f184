package plan

import (
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
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
	// Ship puts a plugin in the place of the shipped one of its kind and name, for launches and in the executors that run.
	Ship struct {
		ID     string
		Plugin *launchv1.Plugin
		// Back says that it is the one from before an install.
		Back bool
		// Older are the ones that can still be had, for executors that refuse the newer.
		Older []*launchv1.Plugin
	}
	// Unship takes a plugin out of what is shipped.
	Unship struct {
		Kind, Name string
		Older      []*launchv1.Plugin
	}
	// Called says how a call went that the plan asked for.
	Called struct {
		Call mesos.Call
		Err  error
	}
)

func (Heard) event()         {}
func (Tick) event()          {}
func (StopRequested) event() {}
func (Ship) event()          {}
func (Unship) event()        {}
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
