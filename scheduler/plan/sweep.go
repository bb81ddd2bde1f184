package plan

import (
	"fmt"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/offer"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/spec"
)

// sweep is a task that unmounts and removes what an instance left on an agent where no executor of it lives any more.
type sweep struct {
	instance *instance
	at       AgentRef // as it stands in the instance's list of traces
	agent    mesos.AgentID
	executor mesos.ExecutorID
	since    time.Time
}

// wantsSweep says that a trace of the instance waits for an offer to be swept.
func (p *Plan) wantsSweep(i *instance) bool {
	for _, r := range i.Traces {
		if p.toSweep(i, r) && !p.sweeping(i, r.Agent) {
			return true
		}
	}
	return false
}

// toSweep says that nothing will use or remove the trace any more: not while an executor lives that does, nor while the
// instance will come back to it.
func (p *Plan) toSweep(i *instance, r AgentRef) bool {
	if i.Executor != nil && i.Executor.Agent == r.Agent {
		return false
	}
	if p.stop != nil {
		return p.stop.teardown.IsZero()
	}
	return i.Placement != nil && i.Placement.Agent != r.Agent && !sameHost(i.Placement.Host, r.Host) && p.now.After(i.sweepAt)
}

func (p *Plan) sweeping(i *instance, agent mesos.AgentID) bool {
	for _, s := range p.sweeps {
		if s.instance == i && s.at.Agent == agent {
			return true
		}
	}
	return false
}

// sweepOn launches the sweeps that are due on the agent.
func (p *Plan) sweepOn(b *bid) {
	for _, i := range p.instances {
		for _, r := range i.Traces {
			if p.standsFor(b, r) && p.toSweep(i, r) && !p.sweeping(i, r.Agent) && p.now.After(i.sweepAt) {
				p.launchSweep(i, r, b)
			}
		}
	}
}

// standsFor says that the agent is the one, or a new one on the host of one that is gone.
func (p *Plan) standsFor(b *bid, r AgentRef) bool {
	if b.ID == r.Agent {
		return true
	}
	own := p.agents[r.Agent]
	return sameHost(b.Host, r.Host) && (own == nil || !own.lost.IsZero())
}

func (p *Plan) launchSweep(i *instance, r AgentRef, b *bid) {
	b.unmet = true
	for _, id := range b.Executors {
		if p.belongs(id, i) && p.ends(id) {
			return // it is being shut down, and cleans up by itself
		}
	}
	need := offer.Need{
		Task:     offer.Amounts{CPUs: sweepCPUs, Memory: sweepMemory},
		Executor: offer.Amounts{CPUs: executorCPUs, Memory: executorMemory},
	}
	fit := offer.Match(need, b.Agent)
	if !fit.OK {
		reason, advice := fit.Text()
		p.ledger.add(p.now, i.Name, b.ref(), "the sweep of what it left does not fit: "+reason, advice)
		return
	}
	data, err := p.marshal(spec.BindSweep(p.d.Deployment, i.Name, i.Process), nil)
	if err != nil {
		return
	}
	info := p.executorInfo(i, fit.Executor)
	id := p.taskID(i, spec.SweepProcess)
	p.sweeps[id] = &sweep{instance: i, at: r, agent: b.ID, executor: info.ID, since: p.now}
	b.tasks = append(b.tasks, mesos.TaskInfo{ID: id, Name: "sweep of " + i.Name, Agent: b.ID, Resources: fit.Task, Executor: info,
		Data: data, Labels: p.labels(i)})
	b.Resources = fit.Rest
}

func (p *Plan) sweepUpdate(s *sweep, status mesos.Status) {
	if !status.State.Terminal() {
		return
	}
	delete(p.sweeps, status.Task)
	if status.State == mesos.TaskFinished {
		s.instance.dropTrace(s.at.Agent)
	} else {
		s.instance.sweepFailure = fmt.Sprintf("the sweep of what it left on %s failed: %s", s.at.Host, endText(status))
		s.instance.message = s.instance.sweepFailure
		s.instance.sweepAt = p.now.Add(p.timing.BackoffMin)
	}
	p.call(mesos.ShutdownExecutor{Agent: s.agent, Executor: s.executor})
}
