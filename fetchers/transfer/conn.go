package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

const bufferSize = 256 << 10

// tooFew bytes are no reason to ask again: whoever brought no more counts as refused.
const tooFew = 64 << 10

var (
	errStalled  = errors.New("stalled")
	errReplaced = errors.New("too slow for the others")
	errWhole    = errors.New("it answered with the whole file when asked for a piece")
)

// conn is one connection after another, at most one at a time: it takes a span, asks for
// it, and reads on as long as what comes next is free. What the mover looks at is
// guarded by the mover's lock.
type conn struct {
	m      *mover
	buf    []byte
	cancel context.CancelCauseFunc // ends the request on the way
	span   *span                   // nil: it waits
	last   time.Time               // when the last byte came, or the request began
	got    int64                   // bytes of this request
	first  bool                    // it reads what Move asked for at the start
	serves bool                    // the request was answered, with what was asked for
}

// run works until nothing is left to do, or it is of no use any more.
func (c *conn) run() {
	defer c.m.leave()
	for c.m.assign(c) {
		if err := c.serve(); !c.m.settle(c, err) {
			return
		}
	}
}

// runFirst does the same, beginning with a piece that is open already.
func (c *conn) runFirst(ctx context.Context, p Piece) {
	defer c.m.leave()
	err := c.read(ctx, p)
	p.Body.Close()
	c.m.firstEnded(c)
	for c.m.settle(c, err) && c.m.assign(c) {
		err = c.serve()
	}
}

// serve asks for the span and reads it.
func (c *conn) serve() error {
	ctx, cancel := context.WithCancelCause(c.m.ctx)
	defer cancel(nil)
	from, to, left := c.m.asks(c, cancel)
	if !left {
		return nil
	}
	p, err := c.m.opener.Open(ctx, from, to, c.m.validator)
	if err != nil {
		return c.reason(ctx, err)
	}
	defer p.Body.Close()
	if err := c.m.accept(c, p, from); err != nil {
		return err
	}
	return c.read(ctx, p)
}

// read brings the span's bytes from the piece into the file, and goes on behind it as
// long as the piece has bytes that nobody else was given.
func (c *conn) read(ctx context.Context, p Piece) error {
	at := p.From
	for {
		room, known := c.m.room(c, at, p.end())
		if room == 0 {
			return c.surplus(p, at)
		}
		n, err := p.Body.Read(c.buf[:min(int64(len(c.buf)), room)])
		if err := c.m.write(c.buf[:n], at, known); err != nil {
			return Local{err}
		}
		at += int64(n)
		c.m.came(c, at, n)
		if err != nil {
			return c.ended(ctx, err, p, at)
		}
	}
}

// write puts down what of data, which lies at position at, lies behind what is known.
func (m *mover) write(data []byte, at, known int64) error {
	if skip := known - at; skip > 0 {
		data = data[min(skip, int64(len(data))):]
		at = known
	}
	if len(data) == 0 {
		return nil
	}
	_, err := m.file.WriteAt(data, at)
	return err
}

// surplus holds that a piece which was read to its end does end there; that also lets
// its connection serve another request. One with more in it is just left.
func (c *conn) surplus(p Piece, at int64) error {
	if end := p.end(); end != at {
		return nil
	}
	if n, _ := io.ReadFull(p.Body, c.buf[:1]); n > 0 {
		return plugins.AsChanged(fmt.Errorf("more than the announced %d bytes came", at))
	}
	return nil
}

// ended says what the end of a body means.
func (c *conn) ended(ctx context.Context, err error, p Piece, at int64) error {
	if c.m.complete(c, at, err == io.EOF && p.end() < 0) {
		return nil
	}
	after, end := c.m.reached()
	if end == endless {
		end = p.end()
	}
	switch {
	case errors.Is(context.Cause(ctx), errStalled):
		return fmt.Errorf("no byte came for %v, after %d bytes%s", c.m.opts.StallTimeout, after, of(end))
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the connection ended after %d bytes%s", after, of(end))
	}
	return c.reason(ctx, fmt.Errorf("the connection was lost after %d bytes%s: %w", after, of(end), err))
}

// reason is why a request was broken off, if the mover did it.
func (c *conn) reason(ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); cause {
	case nil:
		return err
	case errStalled:
		return fmt.Errorf("no byte came for %v", c.m.opts.StallTimeout)
	default:
		return cause
	}
}

// end is where the piece ends as far as it was announced; -1: unknown.
func (p Piece) end() int64 {
	if p.To < 0 && p.Total > 0 {
		return p.Total
	}
	return p.To
}

func of(end int64) string {
	if end < 0 || end == endless {
		return ""
	}
	return fmt.Sprintf(" of %d", end)
}

func newConn(m *mover) *conn { return &conn{m: m, buf: make([]byte, bufferSize), last: time.Now()} }
