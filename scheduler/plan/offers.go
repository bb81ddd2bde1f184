package plan

import (
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/offer"
)

// bid is what one agent offers in this step, and what is going to be launched on it.
type bid struct {
	offer.Agent
	tasks []mesos.TaskInfo
	// unmet says that something would have used the agent, had it fitted or come later.
	unmet bool
}

func (b *bid) ref() AgentRef { return AgentRef{Agent: b.ID, Host: b.Host} }

// offers answers every offer at once: with launches, or with a refusal and its reasons.
func (p *Plan) offers(offers []mesos.Offer) {
	var bids []*bid
	for _, a := range offer.Group(offers) {
		b := &bid{Agent: a, unmet: p.stop != nil}
		p.seen(b)
		bids = append(bids, b)
	}
	if p.stop == nil {
		p.placeMasters(bids)
		p.placeWorkers(bids)
	}
	for _, b := range bids {
		p.sweepOn(b)
		p.answer(b)
	}
}

// seen notes that an agent is there and which executors of ours it runs.
func (p *Plan) seen(b *bid) {
	a := p.agents[b.ID]
	if a == nil {
		a = &agent{}
		p.agents[b.ID] = a
	}
	a.host, a.offered, a.lost = b.Host, p.now, time.Time{}
	p.executorsOn(b)
	for _, i := range p.instances {
		if i.live() && !i.doubt.IsZero() && i.Task.Agent == b.ID {
			// Mesos 1.4 does not say by itself that a task is reachable again.
			p.ask(i, p.timing.Reconcile)
		}
	}
}

func (p *Plan) answer(b *bid) {
	a := p.agents[b.ID]
	if len(b.tasks) > 0 {
		a.declined = 0
		p.call(mesos.Accept{Offers: b.Offers, Tasks: b.tasks, Refuse: p.refuse(b, a)})
		return
	}
	a.declined++
	p.call(mesos.Decline{Offers: b.Offers, Refuse: p.refuse(b, a)})
}

// A minute of short refusals, then longer ones: Mesos offers again by itself when the agent has more to give.
const patience = 12

func (p *Plan) refuse(b *bid, a *agent) time.Duration {
	switch {
	case !b.unmet:
		return p.timing.RefuseLong
	case a.declined > patience:
		return p.timing.RefuseMedium
	}
	return p.timing.RefuseShort
}

func (p *Plan) placeMasters(bids []*bid) {
	for _, i := range p.of(alluxio.Master) {
		if !p.wants(i) {
			continue
		}
		// With a root UFS of one host, a host that has room for a worker as well is worth more.
		if i.Placement == nil && p.d.UFS.OneHost() && p.place(i, bids, p.roomForWorker) {
			continue
		}
		p.place(i, bids, nil)
	}
}

func (p *Plan) placeWorkers(bids []*bid) {
	for _, i := range p.of(alluxio.Worker) {
		if p.wants(i) {
			p.place(i, bids, nil)
		} else if i.Placement == nil && !p.mastersPlaced() {
			p.foresee(i, bids)
		}
	}
	if p.d.WorkerCount > 0 {
		return
	}
	for _, b := range bids {
		p.placeMore(b)
	}
}

// placeMore gives an agent without a worker a new one.
func (p *Plan) placeMore(b *bid) {
	if p.occupied(alluxio.Worker, b.ID) || p.expects(b) {
		return
	}
	i := &instance{Instance: Instance{Name: string(alluxio.Worker), Process: alluxio.Worker}}
	if !p.mastersPlaced() {
		p.foresee(i, []*bid{b})
		return
	}
	n := 0
	for p.named(name(alluxio.Worker, n)) != nil {
		n++
	}
	if p.try(i, b, func() { i.Name = name(alluxio.Worker, n) }) {
		p.instances = append(p.instances, i)
	}
}

// expects says that the agent is on the host of a worker that will soon be sure that its own agent is gone.
func (p *Plan) expects(b *bid) bool {
	for _, i := range p.of(alluxio.Worker) {
		own := i.Placement
		if own == nil || !sameHost(own.Host, b.Host) || i.live() {
			continue
		}
		if known := p.agents[own.Agent]; known == nil && p.now.Sub(p.connection.since) < p.timing.Follow {
			b.unmet = true
			return true
		}
	}
	return false
}

// place launches the instance on the first agent where it may go and fits.
func (p *Plan) place(i *instance, bids []*bid, prefer func(*bid) bool) bool {
	for _, b := range bids {
		if p.mayUse(i, b) && (prefer == nil || prefer(b)) && p.try(i, b, nil) {
			return true
		}
	}
	return false
}

// mayUse says whether an instance may go to the agent at all; if not, that is no reason to report.
func (p *Plan) mayUse(i *instance, b *bid) bool {
	switch {
	case i.Placement == nil || p.movable(i):
		return !p.occupied(i.Process, b.ID)
	case i.Placement.Agent == b.ID:
		return true
	case p.follows(i, b.ID, b.Host):
		return true
	}
	if sameHost(i.Placement.Host, b.Host) {
		b.unmet = true // it may follow in a few seconds
	}
	return false
}

// foresee notes what would keep a worker off the agents once the masters are placed: all problems at once.
func (p *Plan) foresee(i *instance, bids []*bid) {
	for _, b := range bids {
		b.unmet = true
		if fit := offer.Match(p.workerNeed(i, b), b.Agent); !fit.OK {
			p.note(i, b, fit)
		}
	}
}

func (p *Plan) note(i *instance, b *bid, fit offer.Fit) {
	reason, advice := fit.Text()
	p.ledger.add(p.now, i.Name, b.ref(), reason, advice)
	b.unmet = true
}

// roomForWorker says that master and worker would both fit on the agent.
func (p *Plan) roomForWorker(b *bid) bool {
	fit := offer.Match(p.d.need(alluxio.Master), b.Agent)
	if !fit.OK {
		return false
	}
	rest := b.Agent
	rest.Resources = fit.Rest
	return offer.Match(p.d.need(alluxio.Worker), rest).OK
}
