package transfer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// mover is one Move on its way: its connections share the ledger, and one goroutine
// (watch) tells progress, ends connections that stand still, and adds others.
type mover struct {
	opener    Opener
	opts      Options
	file      *os.File
	validator string
	total     int64
	ctx       context.Context // of every request: they begin in goroutines
	cancel    context.CancelCauseFunc
	over      chan struct{} // closed when the last connection has left

	started time.Time
	mu      sync.Mutex
	wake    *sync.Cond // something was given back, the window moved, or it is over
	ledger  ledger
	conns   []*conn       // that may still bring something
	running int           // goroutines
	waiting int           // connections without a span
	moving  bool          // the first request is still being read
	refused int           // connections that were not to be had
	again   time.Time     // when one may be tried again
	enough  bool          // what there is has to do
	got     int64         // bytes of all connections
	typical time.Duration // that a span takes
	err     error
}

func newMover(o Opener, opts Options, file *os.File, p Piece) *mover {
	if !p.Ranges || p.Validator == "" || p.end() < 0 {
		opts.Connections = 1
	}
	m := &mover{opener: o, opts: opts, file: file, validator: p.Validator, total: p.Total, moving: true, started: time.Now(),
		over: make(chan struct{}), ledger: ledger{piece: opts.Piece, window: opts.Window}}
	m.wake = sync.NewCond(&m.mu)
	return m
}

// begin runs the first connection, with the piece that is open already.
func (m *mover) begin(ctx context.Context, cancel context.CancelCauseFunc, p Piece, from int64) {
	c := newConn(m)
	c.cancel, c.first, c.serves = cancel, true, true
	end := p.end()
	if end < 0 {
		end = endless
	}
	c.span = m.ledger.begin(from, end, c.last)
	m.add(c)
	go c.runFirst(ctx, p)
}

func (m *mover) add(c *conn) {
	m.conns = append(m.conns, c)
	m.running++
}

// assign waits for a span for the connection. There is none when all is there, or all is lost.
func (m *mover) assign(c *conn) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.err == nil && !m.ledger.done() {
		if c.span = m.ledger.claim(time.Now()); c.span != nil {
			return true
		}
		m.waiting++
		m.wake.Wait()
		m.waiting--
	}
	return false
}

// asks tells what to ask for: a connection that is alone streams to the end. It may be
// that nothing is left to ask for.
func (m *mover) asks(c *conn, cancel context.CancelCauseFunc) (from, to int64, left bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c.cancel, c.last, c.got, c.serves = cancel, time.Now(), 0, false
	s := c.span
	if len(m.conns) == 1 {
		return s.at, -1, s.at < s.end
	}
	return s.at, s.end, s.at < s.end
}

// accept holds a piece against what was asked for and what is known of the file.
func (m *mover) accept(c *conn, p Piece, from int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case p.Validator != "" && p.Validator != m.validator, p.Total > 0 && m.total > 0 && p.Total != m.total:
		return plugins.AsChanged(errors.New("the file changed since the download began"))
	case p.From > from:
		return plugins.AsChanged(fmt.Errorf("it answered from byte %d on, when asked for byte %d", p.From, from))
	case p.From < from && len(m.conns) > 1:
		return errWhole
	}
	c.serves = true
	return nil
}

// room is how many bytes from at on the connection may read of a piece up to end (-1:
// unknown), and up to where they are in the file already; 0: it has all of its span, and
// there is none behind it for this connection.
func (m *mover) room(c *conn, at, end int64) (bytes, known int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := c.span
	if at < s.end {
		return s.end - at, s.at
	}
	since := s.since
	if at == end || !(m.ledger.extend(s, time.Now()) || m.takeOver(c)) {
		return 0, s.at
	}
	m.took(s.since.Sub(since))
	return s.end - at, s.at
}

// takeOver lets the first request go on into a piece that another connection has asked
// for, but was not answered: it may never be, and the first one brings all, if it must.
func (m *mover) takeOver(c *conn) bool {
	if !c.first {
		return false
	}
	for _, other := range m.conns {
		if s := other.span; s != nil && other != c && s.at == c.span.end && !other.serves {
			c.span.end, c.span.since = s.end, time.Now()
			s.at = s.end
			if other.cancel != nil {
				other.cancel(errReplaced)
			}
			return true
		}
	}
	return false
}

// took notes how long a span took.
func (m *mover) took(d time.Duration) {
	if m.typical == 0 {
		m.typical = d
	}
	m.typical = (7*m.typical + d) / 8
}

// came notes n bytes up to at.
func (m *mover) came(c *conn, at int64, n int) {
	if n == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c.last = time.Now()
	c.got += int64(n)
	m.got += int64(n)
	c.span.at = max(c.span.at, at)
	if m.waiting > 0 {
		m.wake.Broadcast()
	}
}

// complete says whether the connection has all of its span; last, that the file ends at at.
func (m *mover) complete(c *conn, at int64, last bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if last && m.ledger.end == endless {
		m.ledger.ends(max(at, c.span.at), c.span)
	}
	return at >= c.span.end
}

// reached is how far the file goes without a gap, and its end.
func (m *mover) reached() (whole, end int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ledger.whole(), m.ledger.end
}

// settle takes the span back and says whether the connection may go on. The last one
// that fails ends the whole; others just leave, and what is missing is brought by those that stay.
func (m *mover) settle(c *conn, err error) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.wake.Broadcast()
	s := c.span
	m.ledger.release(s)
	c.span, c.cancel = nil, nil
	if err == nil {
		m.took(time.Since(s.since))
		return true
	}
	if m.err != nil {
		return false
	}
	if errors.Is(err, errReplaced) {
		s.tries++
		return true
	}
	if m.fatal(err) {
		m.err = err
		m.cancel(err)
		return false
	}
	if c.got > tooFew {
		return true
	}
	m.refuse(err)
	m.conns = slices.DeleteFunc(m.conns, func(other *conn) bool { return other == c })
	return false
}

// refuse notes that one connection less has to do, for a while that grows. A server that
// does not serve pieces at all is not asked again.
func (m *mover) refuse(err error) {
	now := time.Now()
	if !now.Before(m.again) { // else it was tried together with one that was refused, too
		m.again = now.Add(firstWait << min(m.refused, 10))
		m.refused++
	}
	var known *plugins.Error
	if errors.As(err, &known) && m.again.Before(now.Add(known.RetryAfter)) {
		m.again = now.Add(known.RetryAfter)
	}
	m.enough = m.enough || plugins.KindOf(err) != plugins.Retryable || errors.Is(err, errWhole)
}

// fatal says whether an error of one connection ends them all. As long as the first
// request goes on, it alone can bring all, whatever others are told.
func (m *mover) fatal(err error) bool {
	var local Local
	changed := plugins.KindOf(err) == plugins.Changed && !m.moving
	return changed || len(m.conns) == 1 || m.ctx.Err() != nil || errors.As(err, &local)
}

func (m *mover) firstEnded(c *conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.moving, c.first = false, false
}

// leave is the last that a connection's goroutine does.
func (m *mover) leave() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running--
	if m.running == 0 {
		close(m.over)
	}
}
