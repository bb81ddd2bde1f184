package plan

import (
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// demand tells Mesos whether offers are wanted. Whatever begins to wait revives them once, since its agent may have
// been refused for long; when nothing waits they are suppressed.
func (p *Plan) demand() {
	if p.now.Before(p.hold) {
		return
	}
	begins, waits := p.newWishes()
	switch {
	case begins:
		p.suppressed = false
		p.call(mesos.Revive{})
	case !waits && !p.suppressed:
		p.suppressed = true
		p.call(mesos.Suppress{})
	}
}

// newWishes says whether something waits for an offer, and whether it only begins to.
func (p *Plan) newWishes() (begins, waits bool) {
	wish := func(is bool, called *bool) {
		begins = begins || is && !*called
		waits = waits || is
		*called = is
	}
	for _, i := range p.instances {
		wish(p.wants(i) || p.wantsSweep(i) || p.wantsWord(i), &i.called)
	}
	// Without a count every agent that ever joins gets a worker.
	wish(p.stop == nil && p.d.WorkerCount == 0 && p.mastersPlaced(), &p.calledMore)
	return begins, waits
}

// demandFailed makes the next step but a few ask again.
func (p *Plan) demandFailed() {
	p.hold = p.now.Add(p.timing.BackoffMin)
	p.suppressed = false
	p.calledMore = false
	for _, i := range p.instances {
		i.called = false
	}
}
