package transfer

import "time"

// How the pace is judged: over at least span, a first time after settle (a connection's
// window has to open); growth is what further connections have to bring to be followed by more.
const (
	paceSpan   = 200 * time.Millisecond
	paceSettle = 400 * time.Millisecond
	paceGrowth = 1.25
	// worthwhile is how long the rest has to take at the present rate for more connections to pay.
	worthwhile = 400 * time.Millisecond
	firstStep  = 4
)

// pace decides how many connections there should be, from how many bytes came until
// when. One that is slow gets company; if that brings more, it gets more.
type pace struct {
	most  int
	fast  int64
	conns int
	since time.Time // of this measurement
	bytes int64     // at since
	rate  float64   // bytes a second before the last step; 0: there was none
}

func newPace(most int, fast int64, now time.Time) *pace {
	return &pace{most: most, fast: fast, conns: 1, since: now}
}

// next is called every now and then with the bytes that came so far and those still to be asked for.
func (p *pace) next(now time.Time, bytes, left int64) int {
	passed := now.Sub(p.since)
	if p.conns >= p.most || passed < paceSpan {
		return p.conns
	}
	rate := float64(bytes-p.bytes) / passed.Seconds()
	switch {
	case rate == 0 || rate >= float64(p.fast) || float64(left)/rate < worthwhile.Seconds():
		p.since, p.bytes = now, bytes
	case p.rate == 0:
		p.step(now, bytes, rate, min(firstStep, p.most))
	case passed < paceSettle:
	case rate >= p.rate*paceGrowth:
		p.step(now, bytes, rate, p.most)
	default:
		p.settle()
	}
	return p.conns
}

func (p *pace) step(now time.Time, bytes int64, rate float64, conns int) {
	p.since, p.bytes, p.rate, p.conns = now, bytes, rate, conns
}

// settle keeps the number as it is.
func (p *pace) settle() { p.most = p.conns }
