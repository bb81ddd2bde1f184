package devcluster

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/recordio"
)

// outbox holds the events for one subscriber until its connection has taken them.
// Sending never blocks, so it may happen under the cluster's lock.
type outbox struct {
	encoding  encoding
	heartbeat message // sent every interval, if set
	interval  time.Duration

	mu     sync.Mutex
	queue  [][]byte
	closed bool
	wake   chan struct{}
}

func newOutbox(e encoding) *outbox {
	return &outbox{encoding: e, wake: make(chan struct{}, 1)}
}

func (o *outbox) send(m message) {
	frame, err := o.encoding.marshal(m)
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		// A required field is missing: the subscriber must not miss an event unawares.
		o.closed = true
		o.signal()
		return
	}
	if !o.closed {
		o.queue = append(o.queue, frame)
		o.signal()
	}
}

// close ends the connection once what was sent is written.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.signal()
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) take() (frames [][]byte, closed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	frames, o.queue = o.queue, nil
	return frames, o.closed
}

// drain writes frames until the outbox is closed or ctx ends.
func (o *outbox) drain(ctx context.Context, w io.Writer, flush func()) error {
	out := recordio.NewWriter(w)
	var beat <-chan time.Time
	if o.heartbeat != nil {
		ticker := time.NewTicker(o.interval)
		defer ticker.Stop()
		beat = ticker.C
	}
	for {
		frames, closed := o.take()
		for _, frame := range frames {
			if err := out.WriteFrame(frame); err != nil {
				return err
			}
		}
		flush()
		if closed {
			return nil
		}
		select {
		case <-o.wake:
		case <-beat:
			o.send(o.heartbeat)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
