package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// shutdownGrace is how long an executor has to stop its JVM and unmount; Alluxio's worker needs some 2.5 s.
const shutdownGrace = 30 * time.Second

// executorsOn compares the executors that an agent says it runs with those that are known. The master that made the
// offer knows them for sure; ExecutorLost events may get lost.
func (p *Plan) executorsOn(b *bid) {
	for _, i := range p.instances {
		if e := i.Executor; e != nil && e.Agent == b.ID && !i.live() && !slices.Contains(b.Executors, e.Info.ID) {
			p.executorGone(i, false)
		}
	}
	for _, id := range b.Executors {
		if !p.knownExecutor(b.ID, id) {
			p.stray(b.ID, id)
		}
	}
}

// stray orders the end of an executor that nobody knows any more.
func (p *Plan) stray(agent mesos.AgentID, id mesos.ExecutorID) {
	s := p.strays[id]
	if s == nil {
		s = &strayExecutor{since: p.now}
		p.strays[id] = s
	}
	if !s.told.IsZero() && p.now.Sub(s.told) < p.timing.Repeat {
		return
	}
	s.told = p.now
	p.call(mesos.ShutdownExecutor{Agent: agent, Executor: id})
}

// strayExecutor is an executor that was told to end since and last at the times.
type strayExecutor struct{ since, told time.Time }

// ends says that a listed executor is on its way out, rather than a mistake in the list.
func (p *Plan) ends(id mesos.ExecutorID) bool {
	s := p.strays[id]
	return s == nil || p.now.Sub(s.since) < p.timing.Phantom
}

func (p *Plan) knownExecutor(agent mesos.AgentID, id mesos.ExecutorID) bool {
	for _, i := range p.instances {
		if i.Executor != nil && i.Executor.Agent == agent && i.Executor.Info.ID == id {
			return true
		}
	}
	for _, s := range p.sweeps {
		if s.at.Agent == agent && s.executor == id {
			return true
		}
	}
	return false
}

// executorFor returns the executor to launch on: the instance's own if it lives on the agent, or nil for a new one.
// busy says why nothing may be launched yet: two executors of one instance would fight over its folders.
func (p *Plan) executorFor(i *instance, b *bid) (info *mesos.ExecutorInfo, busy string) {
	own := i.Executor
	for _, id := range b.Executors {
		if p.belongs(id, i) && (own == nil || own.Info.ID != id) && p.ends(id) {
			return nil, fmt.Sprintf("an earlier executor of %s (%s) still runs there and is being shut down", i.Name, id)
		}
	}
	if own == nil || own.Agent != b.ID {
		return nil, ""
	}
	if i.Task != nil && i.Task.GivenUp {
		p.ask(i, p.timing.Reconcile)
		return nil, fmt.Sprintf("the agent is back, and Mesos is asked whether %s still runs there", i.Name)
	}
	if need := p.d.executorNeed(i.Process); !holds(own.Info.Resources, need.CPUs, need.Memory) {
		p.shutdownExecutor(i)
		return nil, fmt.Sprintf("the executor of %s holds another amount of memory than is configured now, and is being replaced", i.Name)
	}
	return &own.Info, ""
}

func holds(resources []mesos.Resource, cpus, memory float64) bool {
	sums := map[string]float64{}
	for _, r := range resources {
		sums[r.Name] += r.Scalar
	}
	same := func(a, b float64) bool { return a-b < 0.0005 && b-a < 0.0005 }
	return same(sums["cpus"], cpus) && same(sums["mem"], memory)
}

// belongs says by its id whose executor it is.
func (p *Plan) belongs(id mesos.ExecutorID, i *instance) bool {
	return strings.HasPrefix(string(id), p.d.Name+"."+i.Name+".")
}

func (p *Plan) newExecutor(i *instance, b *bid, resources []mesos.Resource) *mesos.ExecutorInfo {
	info := p.executorInfo(i, resources)
	i.Executor = &Executor{Agent: b.ID, Info: info}
	i.shutdown, i.clean = time.Time{}, time.Time{}
	return &info
}

func (p *Plan) executorInfo(i *instance, resources []mesos.Resource) mesos.ExecutorInfo {
	i.Generation++
	return mesos.ExecutorInfo{
		ID:   mesos.ExecutorID(fmt.Sprintf("%s.%s.%d", p.d.Name, i.Name, i.Generation)),
		Name: "alluxio-mesos-executor " + i.Name,
		Command: mesos.Command{
			Path: "./" + ExecutorFile,
			URIs: []mesos.URI{{Value: p.config.ExecutorURL, Executable: true, Cache: true, OutputFile: ExecutorFile}},
		},
		Resources:     resources,
		ShutdownGrace: shutdownGrace,
		Labels:        p.labels(i),
	}
}

// ExecutorFile is the executor's name in its sandbox.
const ExecutorFile = "alluxio-mesos-executor"

// shutdownExecutor orders the end of the instance's executor, again after a while.
func (p *Plan) shutdownExecutor(i *instance) {
	if !i.shutdown.IsZero() && p.now.Sub(i.shutdown) < p.timing.Repeat {
		return
	}
	i.shutdown = p.now
	p.call(mesos.ShutdownExecutor{Agent: i.Executor.Agent, Executor: i.Executor.Info.ID})
}

func (p *Plan) executorLost(e mesos.ExecutorLost) {
	for _, i := range p.instances {
		if i.Executor != nil && i.Executor.Agent == e.Agent && i.Executor.Info.ID == e.Executor {
			// One that was told to end unmounts and cleans up before it exits with 0.
			p.executorGone(i, !i.shutdown.IsZero() && e.WaitStatus == 0)
		}
	}
}

// executorGone forgets an executor. Only after a clean end it is known to have left nothing.
func (p *Plan) executorGone(i *instance, clean bool) {
	if clean {
		i.dropTrace(i.Executor.Agent)
	}
	i.Executor = nil
	i.shutdown, i.clean = time.Time{}, time.Time{}
	i.asked = p.now // its task's end is on the way; asking is for when it does not come
}

// agentLost hears that Mesos has removed an agent. It may come back with everything that runs on it, so only time makes
// it gone for good.
func (p *Plan) agentLost(id mesos.AgentID) {
	a := p.agents[id]
	if a == nil {
		a = &agent{}
		p.agents[id] = a
	}
	if a.lost.IsZero() {
		a.lost = p.now
	}
	p.ledger.forgetAgent(id)
}
