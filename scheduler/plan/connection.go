package plan

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// subscribed takes up the conversation: everything may have changed while nobody listened.
func (p *Plan) subscribed(e mesos.Subscribed) {
	p.framework = e.Framework
	p.connection = connection{state: Registered, master: e.Master, since: p.now}
	p.again = nil
	clear(p.sendings)    // what was sent last may not have arrived
	p.suppressed = false // a subscription without suppressed roles gets offers
	for _, i := range p.instances {
		i.called = false
	}
	if p.stop != nil {
		p.stop.since = p.now
	}
	p.startReconciliation()
}

func (p *Plan) disconnected(e mesos.Disconnected) {
	message := "the connection to Mesos broke"
	if e.Err != nil {
		message = e.Err.Error()
	}
	p.connection = connection{state: Connecting, master: p.connection.master, message: message, since: p.now}
}

// The words are Mesos' own (Master::subscribe and Master::failoverFramework).
var removed = regexp.MustCompile(`(?i)has been removed|completed framework|framework .*removed|torn down`)
var failedOver = regexp.MustCompile(`(?i)failed over`)

// ErrFailedOver says that another scheduler has taken this one's place: its state is the right one now.
var ErrFailedOver = errors.New("another scheduler has taken over")

// failed ends the scheduler: Mesos will have no more of it.
func (p *Plan) failed(e mesos.Failed) {
	p.connection = connection{state: Failed, master: p.connection.master, message: e.Message, since: p.now}
	switch {
	case failedOver.MatchString(e.Message):
		p.done = &Done{fmt.Errorf("framework %s: %w (Mesos: %s): tasks run on under that one", p.framework, ErrFailedOver, e.Message)}
	case removed.MatchString(e.Message):
		p.frameworkGone(e.Message)
	default:
		p.done = &Done{fmt.Errorf("cannot run framework %s: Mesos refuses it: %s", p.d.Name, e.Message)}
	}
}

// frameworkGone forgets a framework that Mesos has ended, with everything that it ran. What is on disks stays known.
func (p *Plan) frameworkGone(message string) {
	id := p.framework
	p.forgetFramework()
	if p.stop != nil {
		p.stopped()
		return
	}
	p.done = &Done{fmt.Errorf("Mesos has ended framework %s (%s): it was torn down, or its scheduler was away for longer than "+
		"alluxio.integration.mesos.failover.timeout=%s; start again to deploy anew on the same agents, with the same journals",
		id, message, p.d.FailoverTimeout)}
}

func (p *Plan) forgetFramework() {
	p.framework, p.swaps = "", nil
	for _, i := range p.instances {
		i.Executor, i.Task, i.progress = nil, nil, nil
		i.Failure, i.Permanent, i.message = "", false, ""
	}
}

// called hears how a call went. Most calls need no more: what they were for shows in the events that follow, or is
// asked for again when it does not.
func (p *Plan) called(e Called) {
	switch call := e.Call.(type) {
	case mesos.Teardown:
		p.tornDown(e.Err)
	case mesos.Suppress, mesos.Revive:
		if e.Err != nil {
			p.demandFailed()
		}
	case mesos.Decline:
		// Without an answer the resources would stay with us. A new connection rescinds them by itself.
		if e.Err != nil && !errors.Is(e.Err, mesos.ErrDisconnected) {
			p.hold = p.now.Add(p.timing.BackoffMin)
			p.again = append(p.again, call)
		}
	}
}

// repeat calls again what failed a while ago.
func (p *Plan) repeat() {
	if len(p.again) == 0 || p.now.Before(p.hold) {
		return
	}
	for _, c := range p.again {
		p.call(c)
	}
	p.again = nil
}
