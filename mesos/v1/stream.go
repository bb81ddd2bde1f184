package v1

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// maxFrame bounds one event. mesos-go's reader ends at 4 MB, which the offers of
// some ten thousand agents exceed.
const maxFrame = 64 << 20

// stream reads the events of a subscription: recordio frames, each its length in
// decimal, a newline, and the bytes. A watchdog breaks it off when nothing comes
// for too long; the time that the consumer takes for an event does not count.
type stream struct {
	body   io.ReadCloser
	in     *bufio.Reader
	cancel context.CancelFunc // of the request that opened the stream
	silent atomic.Bool
	limit  time.Duration // 0: wait for ever
}

func newStream(body io.ReadCloser, cancel context.CancelFunc, limit time.Duration) *stream {
	return &stream{body: body, in: bufio.NewReader(body), cancel: cancel, limit: limit}
}

func (s *stream) close() {
	s.cancel()
	s.body.Close()
}

// next reads one event into m.
func (s *stream) next(m message) error {
	if s.limit > 0 {
		watchdog := time.AfterFunc(s.limit, func() {
			s.silent.Store(true)
			s.cancel()
		})
		defer watchdog.Stop()
	}
	frame, err := readFrame(s.in)
	switch {
	case s.silent.Load():
		return fmt.Errorf("no heartbeat for %s", s.limit)
	case errors.Is(err, io.EOF):
		return errors.New("the other side closed the connection")
	case err != nil:
		return err
	}
	if err := m.Unmarshal(frame); err != nil {
		return fmt.Errorf("cannot decode event of %d bytes: %w", len(frame), err)
	}
	return nil
}

func readFrame(in *bufio.Reader) ([]byte, error) {
	head, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(strings.TrimSpace(head), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("not an event stream: frame length %.40q", head)
	}
	if n > maxFrame {
		return nil, fmt.Errorf("event of %d bytes is larger than %d", n, maxFrame)
	}
	frame := make([]byte, n)
	if _, err := io.ReadFull(in, frame); err != nil {
		return nil, err
	}
	return frame, nil
}
