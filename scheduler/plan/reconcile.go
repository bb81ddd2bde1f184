package plan

import (
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// reconciliation asks Mesos for the state of tasks: first for each that should live, again with growing patience for
// those without an answer, then for whatever Mesos knows, and all of it now and then.
type reconciliation struct {
	pending  map[mesos.TaskID]mesos.AgentID
	next     time.Time
	wait     time.Duration
	implicit bool
	again    time.Time
}

func (p *Plan) startReconciliation() {
	a := &p.audit
	*a = reconciliation{pending: map[mesos.TaskID]mesos.AgentID{}, next: p.now, wait: p.timing.Reconcile, again: p.now.Add(p.timing.Audit)}
	for _, i := range p.instances {
		if i.live() {
			a.pending[i.Task.ID] = i.Task.Agent
		}
	}
}

func (p *Plan) reconcileDue() {
	a := &p.audit
	if !p.now.Before(a.again) {
		p.startReconciliation()
	}
	if len(a.pending) == 0 {
		if !a.implicit {
			a.implicit = true
			p.call(mesos.Reconcile{})
		}
		return
	}
	if p.now.Before(a.next) {
		return
	}
	a.next = p.now.Add(a.wait)
	a.wait = min(2*a.wait, p.timing.ReconcileMax)
	p.call(mesos.Reconcile{Tasks: p.pendingTasks()})
}

// pendingTasks are in the order of the instances, so that the same story gives the same calls.
func (p *Plan) pendingTasks() []mesos.TaskRef {
	var refs []mesos.TaskRef
	for _, i := range p.instances {
		if i.Task == nil {
			continue
		}
		if agent, waits := p.audit.pending[i.Task.ID]; waits {
			refs = append(refs, mesos.TaskRef{Task: i.Task.ID, Agent: agent})
		}
	}
	return refs
}

// answered notes that something was heard of a task.
func (p *Plan) answered(id mesos.TaskID) { delete(p.audit.pending, id) }

// ask asks for the state of an instance's task, not too often.
func (p *Plan) ask(i *instance, every time.Duration) {
	if p.now.Sub(i.asked) < every {
		return
	}
	i.asked = p.now
	p.call(mesos.Reconcile{Tasks: []mesos.TaskRef{{Task: i.Task.ID, Agent: i.Task.Agent}}})
}

// doubtful asks for a task of which too little is known, and gives it up when nothing comes.
func (p *Plan) doubtful(i *instance) {
	if !i.live() {
		return
	}
	switch {
	case !i.doubt.IsZero() && p.now.Sub(i.doubt) >= p.timing.Lost:
		p.giveUp(i)
	case !i.doubt.IsZero():
		p.ask(i, p.timing.Launch)
	case i.Task.State == "" && p.now.Sub(i.Task.Since) >= p.timing.Launch:
		p.ask(i, p.timing.Launch)
	case i.Executor == nil:
		p.ask(i, p.timing.Reconcile)
	}
}
