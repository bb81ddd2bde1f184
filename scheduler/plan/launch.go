package plan

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/offer"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/spec"
)

// try launches the instance on the agent if it fits, and notes why not otherwise. The caller's named is called before
// the launch; it may be nil.
func (p *Plan) try(i *instance, b *bid, named func()) bool {
	executor, busy := p.executorFor(i, b)
	if busy != "" {
		p.ledger.add(p.now, i.Name, b.ref(), busy, "wait: it is tried again by itself")
		b.unmet = true
		return false
	}
	need := p.workerNeed(i, b)
	if executor != nil {
		need.Executor = offer.Amounts{}
	}
	fit := offer.Match(need, b.Agent)
	if !fit.OK {
		p.note(i, b, fit)
		return false
	}
	delete(p.ledger, entry{i.Name, b.ID})
	if named != nil {
		named()
	}
	return p.launch(i, b, fit, executor)
}

// workerNeed is the instance's need on the agent; a worker must share a root UFS that only the master's host has.
func (p *Plan) workerNeed(i *instance, b *bid) offer.Need {
	need := p.d.need(i.Process)
	if i.Placement != nil && !p.movable(i) {
		need = p.d.placedNeed(i)
	}
	if i.Process != alluxio.Worker || !p.d.UFS.OneHost() {
		return need
	}
	for _, master := range p.of(alluxio.Master) {
		if master.Placement != nil {
			need.Host = master.Placement.Host
			need.HostWhy = fmt.Sprintf("the root UFS %s is a folder of the master's host, %s, so all workers must be there", p.d.UFS.URI, need.Host)
			need.HostAdvice = p.d.UFS.WayOut()
		}
	}
	return need
}

// launch decides everything and hands the task to the bid. The placement is saved before the call goes out, since
// every step saves before it calls.
func (p *Plan) launch(i *instance, b *bid, fit offer.Fit, executor *mesos.ExecutorInfo) bool {
	previous := i.Placement
	i.Placement = &Placement{AgentRef: b.ref(), Ports: fit.Ports}
	data, err := p.message(i, executor)
	if err != nil {
		i.Placement = previous
		p.fault(i, err.Error(), true)
		return false
	}
	if executor == nil {
		executor = p.newExecutor(i, b, fit.Executor)
	}
	i.addTrace(b.ref())
	i.Task = &Task{ID: p.taskID(i, string(i.Process)), Agent: b.ID, Since: p.now}
	i.progress, i.message, i.asked = nil, "", p.now
	b.tasks = append(b.tasks, mesos.TaskInfo{
		ID: i.Task.ID, Name: p.d.process(i.Process).TaskName, Agent: b.ID, Resources: fit.Task, Executor: *executor,
		Data: data, Labels: p.labels(i),
	})
	b.Resources = fit.Rest
	p.ledger.forgetInstance(i.Name)
	return true
}

func (p *Plan) taskID(i *instance, process string) mesos.TaskID {
	return mesos.TaskID(fmt.Sprintf("%s.%s.%s.%s", p.d.Name, i.Name, process, p.config.NewID()))
}

func (p *Plan) labels(i *instance) map[string]string {
	return map[string]string{"alluxio-mesos.framework": p.d.Name, "alluxio-mesos.instance": i.Name}
}

func (p *Plan) message(i *instance, executor *mesos.ExecutorInfo) ([]byte, error) {
	var masters []spec.Address
	for _, m := range p.of(alluxio.Master) {
		if m.Placement != nil {
			masters = append(masters, spec.Address{Host: m.Placement.Host, Ports: m.Placement.Ports})
		}
	}
	launch, notes := spec.Bind(p.d.Deployment, spec.Target{
		Instance: i.Name, Process: i.Process, Host: i.Placement.Host, Ports: i.Placement.Ports,
		Masters: masters, JournalExpected: i.JournalFormatted,
	})
	i.notes = notes
	return p.marshal(launch, executor)
}

func (p *Plan) marshal(launch *launchv1.Launch, executor *mesos.ExecutorInfo) ([]byte, error) {
	launch.Plugins = p.pluginsFor(executor)
	data, err := proto.Marshal(launch)
	if err != nil {
		return nil, fmt.Errorf("cannot write the launch message (is a property not UTF-8?): %w", err)
	}
	return data, nil
}
