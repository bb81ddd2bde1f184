package transfer

import (
	"time"
)

const (
	firstLook = 10 * time.Millisecond // small files are told of early, too
	leadTime  = 300 * time.Millisecond
	// A span is taken from a connection that needs slowness times what is usual, if others wait for it.
	slowness = 4
	patience = time.Second
	maxTries = 3
	// firstWait is how long after a refusal another connection may be tried; it doubles each time.
	firstWait = time.Second
)

// watch follows the connections until the last one has left, and tells how it ended.
func (m *mover) watch(meter *Meter) error {
	pace := newPace(m.opts.Connections, m.opts.Fast, m.started)
	most := min(Every, max(m.opts.StallTimeout/4, time.Millisecond))
	timer := time.NewTimer(min(firstLook, most))
	defer timer.Stop()
	for {
		select {
		case <-m.over:
			whole, _ := m.reached()
			meter.state.Bytes = whole
			meter.End()
			return m.err
		case now := <-timer.C:
			meter.reach(m.look(now, pace), now)
			timer.Reset(min(max(now.Sub(m.started)/2, firstLook), most))
		}
	}
}

// look is one round: it returns up to where the file has no gap.
func (m *mover) look(now time.Time, p *pace) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.endStalled(now)
	m.replaceSlow(now)
	if to := p.next(now, m.got, m.ledger.left()); m.refused == 0 {
		m.grow(to, now)
	} else if !m.enough && now.After(m.again) {
		m.grow(min(to, len(m.conns)+1), now)
	}
	return m.ledger.whole()
}

func (m *mover) endStalled(now time.Time) {
	for _, c := range m.conns {
		if c.cancel != nil && now.Sub(c.last) > m.opts.StallTimeout {
			c.cancel(errStalled)
		}
	}
}

// replaceSlow takes the lowest span from its connection where others have nothing to do
// but wait for it: its window is full, or it is the last.
func (m *mover) replaceSlow(now time.Time) {
	var slow *conn
	head := m.ledger.head()
	for _, c := range m.conns {
		if c.span != nil && c.span == head {
			slow = c
		}
	}
	if m.waiting == 0 || m.typical == 0 || slow == nil || slow.cancel == nil || head.tries >= maxTries {
		return
	}
	if now.Sub(head.since) > max(patience, slowness*m.typical)<<head.tries {
		slow.cancel(errReplaced)
	}
}

// grow adds connections. The first one keeps a lead, so that it is not broken off before
// it is known whether the server lets others in.
func (m *mover) grow(to int, now time.Time) {
	if to <= len(m.conns) || m.err != nil || m.running == 0 || m.ledger.done() {
		return
	}
	if len(m.conns) == 1 && m.conns[0].first {
		m.lead(m.conns[0].span, now)
	}
	for len(m.conns) < to {
		c := newConn(m)
		m.add(c)
		go c.run()
	}
}

func (m *mover) lead(s *span, now time.Time) {
	passed := now.Sub(m.started).Seconds()
	bytes := int64(float64(m.got) / passed * leadTime.Seconds())
	for range min(bytes, m.ledger.window/2) / m.ledger.piece {
		m.ledger.extend(s, now)
	}
}

// reach tells how far the file goes, if that is news.
func (m *Meter) reach(bytes int64, now time.Time) {
	if bytes != m.state.Bytes {
		m.state.Bytes = bytes
		m.tell(now)
	}
}
