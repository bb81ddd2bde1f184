package transfer

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// Opener opens pieces of one remote file. Calls may come at once. Errors say by their
// kind what trying again brings; they need not name the source, that is left to who
// called Move.
type Opener interface {
	// Open asks for the bytes from from up to to (exclusive; -1: to the end). With a
	// validator the file must still have it, else the error is of kind Changed; a validator
	// that cannot be one of its own proves nothing, and is answered with the whole under
	// another. Where from is the file's size the answer is an empty piece. A server that
	// knows no ranges may answer with the whole, too. ctx holds for reading Body, too, and
	// ends it when Move has had enough; how long an answer may take to begin is the Opener's
	// to bound.
	Open(ctx context.Context, from, to int64, validator string) (Piece, error)
}

// Piece is an answer. Whoever asked for it closes Body.
type Piece struct {
	Body      io.ReadCloser
	From, To  int64  // what Body brings; To -1: unknown
	Total     int64  // size of the whole; 0: unknown
	Validator string // proves later that the bytes are the same; empty: nothing does
	Ranges    bool   // further pieces may be asked for, also at once
}

// Options of a Move. The zero value means the defaults.
type Options struct {
	// Connections is how many there may be at once (8); with 1 never more than the first.
	Connections int
	// StallTimeout is how long no byte may come on a connection (30s).
	StallTimeout time.Duration
	// Fast is the rate in bytes a second from which on further connections do not pay (100 MB/s).
	Fast int64
	// Piece is how many bytes a further connection asks for at once (1 MB).
	Piece int64
	// Window is how far the bytes in the file may reach beyond the first gap (8 MB): what a killed fetch loses at most.
	Window int64
}

// WithDefaults fills in what is zero.
func (o Options) WithDefaults() Options {
	if o.Connections == 0 {
		o.Connections = 8
	}
	if o.StallTimeout == 0 {
		o.StallTimeout = 30 * time.Second
	}
	if o.Fast == 0 {
		o.Fast = 100 << 20
	}
	if o.Piece == 0 {
		o.Piece = 1 << 20
	}
	if o.Window == 0 {
		o.Window = 8 << 20
	}
	o.Piece = min(o.Piece, o.Window)
	return o
}

// Local is an error of this node's file, not of the source.
type Local struct{ Err error }

func (l Local) Error() string { return l.Err.Error() }

// Unwrap gives the cause.
func (l Local) Unwrap() error { return l.Err }

// Move brings the bytes that o opens into r.File, from r.Offset on where r.Validator proves
// that the bytes before it still fit. It begins with one request for all of it, and opens
// more connections only where that pays: the first one is slow, much is left, and the
// server allows it (Piece.Ranges and a validator). The result has no Name. It does not
// retry: an error is returned when no connection can go on, and what was reported stays
// valid. report is called from one goroutine, and not after the return.
func Move(ctx context.Context, o Opener, r plugins.FetchRequest, opts Options, report func(plugins.Progress)) (plugins.FetchResult, error) {
	if r.Validator == "" {
		r.Offset = 0
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	first, cancelFirst := context.WithCancelCause(ctx)
	defer cancelFirst(nil)
	p, err := o.Open(first, r.Offset, -1, r.Validator)
	if err != nil {
		return plugins.FetchResult{}, err
	}
	from, err := begins(p, r)
	if err != nil {
		p.Body.Close()
		return plugins.FetchResult{}, err
	}
	file, err := Open(r.File, from)
	if err != nil {
		p.Body.Close()
		return plugins.FetchResult{}, Local{err}
	}
	defer file.Close()
	m := newMover(o, opts.WithDefaults(), file, p)
	m.ctx, m.cancel = ctx, cancel
	m.begin(first, cancelFirst, p, from)
	if err := m.watch(NewMeter(plugins.Progress{Bytes: from, Total: p.Total, Validator: p.Validator}, report, time.Now)); err != nil {
		return plugins.FetchResult{}, err
	}
	if err := file.Close(); err != nil {
		return plugins.FetchResult{}, Local{err}
	}
	return plugins.FetchResult{Bytes: m.ledger.whole(), Validator: p.Validator}, nil
}

// begins is from where on the first piece's bytes are missing in the file.
func begins(p Piece, r plugins.FetchRequest) (int64, error) {
	switch {
	case p.From == r.Offset:
		return p.From, nil
	case p.From != 0, p.Validator == r.Validator && p.end() >= 0 && p.end() < r.Offset:
		return 0, plugins.AsChanged(fmt.Errorf("it answered with other bytes than asked for: from %d on, not %d", p.From, r.Offset))
	case p.Validator == r.Validator:
		return r.Offset, nil // it cannot begin in the middle: what is there already is read once more, and dropped
	}
	return 0, nil // nothing proves that what is there fits
}
