package plan

import (
	"fmt"
	"reflect"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

// Plan is the state of all decisions. It is not safe for concurrent use.
type Plan struct {
	config Config
	d      deployment
	timing Timing

	now       time.Time
	out       []mesos.Call
	done      *Done
	written   Saved // as last handed out for saving
	framework mesos.FrameworkID
	instances []*instance
	left      []string

	connection connection
	agents     map[mesos.AgentID]*agent
	ledger     ledger
	sweeps     map[mesos.TaskID]*sweep
	strays     map[mesos.ExecutorID]*strayExecutor
	audit      reconciliation
	stop       *stopping
	suppressed bool
	// calledMore is for workers without a number what called is for an instance; hold delays the next demand.
	calledMore bool
	hold       time.Time
	again      []mesos.Call // calls to repeat after hold

	plugins, older []*launchv1.Plugin
	swaps          []*Swap
	sendings       map[sendingKey]*sending
}

// connection is what is known of the link to the master.
type connection struct {
	state   string // Connecting, Registered, Failed
	master  string
	message string
	since   time.Time
}

// States of the framework, as a view shows them.
const (
	Connecting = "connecting"
	Registered = "registered"
	Stopping   = "stopping"
	Stopped    = "stopped"
	Failed     = "failed"
)

// agent is what has been seen of an agent in this run.
type agent struct {
	host string
	// offered is when it last made an offer.
	offered time.Time
	// lost is when Mesos removed it; zero: it did not.
	lost time.Time
	// declined counts offers in a row that nothing was launched on.
	declined int
}

// instance is a saved instance with what is only worth knowing while the scheduler runs.
type instance struct {
	Instance
	message  string // of the latest status
	progress *Progress
	failures int
	retryAt  time.Time
	// serving since; zero: it does not serve.
	serving time.Time
	// doubt is since when the task is unreachable or unknown.
	doubt time.Time
	// asked is when Mesos was last asked about the task.
	asked time.Time
	// called says that offers were revived for the instance since it began to wait.
	called bool
	// sweepAt is when a failed sweep may be tried again, and sweepFailure how it failed.
	sweepAt      time.Time
	sweepFailure string
	notes        []string
	// shutdown is when the executor was last told to end.
	shutdown time.Time
	// clean is when the executor, told to end, had ended its task and unmounted.
	clean time.Time
}

// New takes over from a saved state. It is an error if the deployment contradicts it.
func New(c Config, saved Saved, now time.Time) (*Plan, error) {
	p := &Plan{
		config: c, d: deployment{c.Deployment}, timing: DefaultTiming(), now: now,
		framework: saved.Framework, written: saved.clone(),
		agents: map[mesos.AgentID]*agent{}, ledger: ledger{}, sweeps: map[mesos.TaskID]*sweep{}, strays: map[mesos.ExecutorID]*strayExecutor{},
		connection: connection{state: Connecting, since: now},
		plugins:    c.Plugins, older: c.Older, sendings: map[sendingKey]*sending{},
	}
	if c.Timing != nil {
		p.timing = *c.Timing
	}
	for _, i := range saved.clone().Instances {
		p.instances = append(p.instances, &instance{Instance: i})
	}
	for _, s := range saved.clone().Swaps {
		p.swaps = append(p.swaps, &s)
	}
	if err := p.desire(); err != nil {
		return nil, err
	}
	for _, i := range p.instances {
		if i.live() && i.Task.State == mesos.TaskRunning {
			i.serving = i.Task.Since
		}
	}
	if c.Stop {
		p.requestStop()
	}
	return p, nil
}

// desire makes sure that there is an instance for everything that was asked for.
func (p *Plan) desire() error {
	if err := p.wantMaster(); err != nil {
		return err
	}
	workers := p.of(alluxio.Worker)
	for n := 0; len(workers) < p.d.WorkerCount; n++ {
		if p.named(name(alluxio.Worker, n)) == nil {
			workers = append(workers, p.add(alluxio.Worker, n))
		}
	}
	return nil
}

func (p *Plan) wantMaster() error {
	masters := p.of(alluxio.Master)
	if len(masters) == 0 {
		p.add(alluxio.Master, 0)
		return nil
	}
	at := masters[0].Placement
	if p.config.Stop || p.d.MasterHost == "" || at == nil || sameHost(p.d.MasterHost, at.Host) {
		return nil
	}
	return fmt.Errorf("cannot place %s on %s: it was placed on %s, where its journal is; start with the host %s or without one",
		masters[0].Name, p.d.MasterHost, at.Host, at.Host)
}

func name(process alluxio.Process, n int) string { return fmt.Sprintf("%s-%d", process, n) }

func (p *Plan) add(process alluxio.Process, n int) *instance {
	i := &instance{Instance: Instance{Name: name(process, n), Process: process}}
	p.instances = append(p.instances, i)
	return i
}

func (p *Plan) of(process alluxio.Process) []*instance {
	var found []*instance
	for _, i := range p.instances {
		if i.Process == process {
			found = append(found, i)
		}
	}
	return found
}

func (p *Plan) named(name string) *instance {
	for _, i := range p.instances {
		if i.Name == name {
			return i
		}
	}
	return nil
}

// Step takes one event and says what is to be done, in order.
func (p *Plan) Step(now time.Time, event Event) []Action {
	p.now = now
	p.out, p.done = nil, nil
	switch e := event.(type) {
	case Heard:
		p.heard(e.Event)
	case Called:
		p.called(e)
	case StopRequested:
		p.requestStop()
	case Ship:
		p.ship(e)
	case Unship:
		p.unship(e)
	case Tick:
	}
	if p.connection.state == Registered {
		p.due()
	}
	p.stopDue()
	return p.actions()
}

func (p *Plan) call(c mesos.Call) { p.out = append(p.out, c) }

// actions puts the saving of what changed before every call.
func (p *Plan) actions() []Action {
	var actions []Action
	if state := p.saved(); !reflect.DeepEqual(state, p.written) {
		p.written = state.clone()
		actions = append(actions, Save{state})
	}
	for _, c := range p.out {
		actions = append(actions, Call{c})
	}
	if p.done != nil {
		actions = append(actions, *p.done)
	}
	return actions
}

func (p *Plan) saved() Saved {
	s := Saved{Framework: p.framework, Left: p.left, Swaps: p.savedSwaps()}
	for _, i := range p.instances {
		s.Instances = append(s.Instances, i.Instance)
	}
	return s.clone()
}

func (p *Plan) heard(event mesos.Event) {
	switch e := event.(type) {
	case mesos.Subscribed:
		p.subscribed(e)
	case mesos.Disconnected:
		p.disconnected(e)
	case mesos.Failed:
		p.failed(e)
	case mesos.Offers:
		p.offers(e.Offers)
	case mesos.Update:
		p.update(e.Status)
	case mesos.AgentLost:
		p.agentLost(e.Agent)
	case mesos.ExecutorLost:
		p.executorLost(e)
	case mesos.Message:
		p.executorSaid(e)
	}
	// A rescinded offer needs nothing: offers are answered at once and never kept.
}

// due does what time has made due while the framework is registered.
func (p *Plan) due() {
	p.repeat()
	p.reconcileDue()
	for _, i := range p.instances {
		p.steady(i)
		p.doubtful(i)
	}
	p.swapDue()
	p.demand()
}
