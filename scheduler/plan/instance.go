package plan

import (
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// live says that the latest task runs, may run, or is about to.
func (i *instance) live() bool { return i.Task != nil && !i.Task.State.Terminal() }

// wants says that the instance should be launched now.
func (p *Plan) wants(i *instance) bool {
	return p.stop == nil && !i.live() && !p.now.Before(i.retryAt) && p.ready(i.Process) && !p.surplus(i)
}

// surplus are workers beyond a count that was lowered. They are not ended, but not launched again either.
func (p *Plan) surplus(i *instance) bool {
	if i.Process != alluxio.Worker || p.d.WorkerCount == 0 {
		return false
	}
	for n, worker := range p.of(alluxio.Worker) {
		if worker == i {
			return n >= p.d.WorkerCount
		}
	}
	return false
}

// ready says that what a process needs to be told is decided: a worker needs the masters' addresses.
func (p *Plan) ready(kind alluxio.Process) bool { return kind != alluxio.Worker || p.mastersPlaced() }

func (p *Plan) mastersPlaced() bool {
	for _, master := range p.of(alluxio.Master) {
		if master.Placement == nil {
			return false
		}
	}
	return true
}

// backoff is how long a failed instance waits: doubling with each failure in a row.
func (p *Plan) backoff(i *instance) time.Duration {
	wait, most := p.timing.BackoffMin, p.timing.BackoffMax
	if i.Permanent {
		wait, most = p.timing.PermanentMin, p.timing.PermanentMax
	}
	for n := 1; n < i.failures && wait < most; n++ {
		wait *= 2
	}
	return min(wait, most)
}

// steady forgets failures of an instance that has served for a while.
func (p *Plan) steady(i *instance) {
	if !i.serving.IsZero() && p.now.Sub(i.serving) >= p.timing.Steady {
		i.failures = 0
	}
}

// movable says that the instance's agent is gone for good. A master's journal is there, so it never moves.
func (p *Plan) movable(i *instance) bool {
	if i.Process == alluxio.Master || i.Placement == nil || i.live() {
		return false
	}
	if i.Task != nil && (i.Task.GivenUp || i.Task.State == mesos.TaskGoneByOperator) {
		return true
	}
	a := p.agents[i.Placement.Agent]
	return a != nil && !a.lost.IsZero() && p.now.Sub(a.lost) >= p.timing.Lost
}

// follows says that another agent on the same host stands in for the instance's own: an agent that lost its state
// registers under a new id, but the host's folders are still there.
func (p *Plan) follows(i *instance, id mesos.AgentID, host string) bool {
	if i.Placement == nil || !sameHost(i.Placement.Host, host) || p.occupied(i.Process, id) {
		return false
	}
	if own := p.agents[i.Placement.Agent]; own != nil && own.lost.IsZero() {
		return false
	}
	return p.now.Sub(p.connection.since) >= p.timing.Follow
}

// occupied says that an instance of the kind belongs to the agent.
func (p *Plan) occupied(kind alluxio.Process, id mesos.AgentID) bool {
	for _, i := range p.of(kind) {
		if i.Placement != nil && i.Placement.Agent == id && !p.movable(i) {
			return true
		}
	}
	return false
}

// addTrace remembers that an executor may leave something on an agent, before it can.
func (i *instance) addTrace(at AgentRef) {
	for _, known := range i.Traces {
		if known.Agent == at.Agent {
			return
		}
	}
	i.Traces = append(i.Traces, at)
}

func (i *instance) dropTrace(agent mesos.AgentID) {
	var kept []AgentRef
	for _, r := range i.Traces {
		if r.Agent != agent {
			kept = append(kept, r)
		}
	}
	i.Traces = kept
}

func (i *instance) traceOn(agent mesos.AgentID) bool {
	for _, r := range i.Traces {
		if r.Agent == agent {
			return true
		}
	}
	return false
}
