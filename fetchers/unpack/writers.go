package unpack

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	writerCount = 2
	buffers     = 24
	bufferSize  = 256 << 10
)

// writers write files' content behind the goroutine that reads the entries. All pieces
// of a file go to the same writer, in order; the last one closes the file.
type writers struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	free   chan []byte
	made   int // buffers, which are made when first needed
	queues [writerCount]chan piece
	next   int
}

// piece is a part of a file's content. Sent pieces own their data.
type piece struct {
	file *file
	data []byte
	last bool
}

// file is an open file of the tree. Only its writer touches it once it is made.
type file struct {
	*os.File
	name  string
	mode  fs.FileMode
	mtime time.Time
	queue chan piece
}

func newWriters(ctx context.Context, cancel context.CancelCauseFunc) *writers {
	w := &writers{ctx: ctx, cancel: cancel, free: make(chan []byte, buffers)}
	for i := range w.queues {
		w.queues[i] = make(chan piece, buffers)
	}
	return w
}

func (w *writers) start(all *sync.WaitGroup) {
	for _, queue := range w.queues {
		all.Go(func() { w.run(queue) })
	}
}

// close lets the writers end once they have written what was sent.
func (w *writers) close() {
	for _, queue := range w.queues {
		close(queue)
	}
}

// open gives a file its writer, in turn.
func (w *writers) open(f *os.File, name string, mode fs.FileMode, mtime time.Time) *file {
	w.next = (w.next + 1) % writerCount
	return &file{File: f, name: name, mode: mode, mtime: mtime, queue: w.queues[w.next]}
}

// buffer waits for a free buffer.
func (w *writers) buffer() ([]byte, error) {
	if len(w.free) == 0 && w.made < buffers {
		w.made++
		return make([]byte, bufferSize), nil
	}
	select {
	case b := <-w.free:
		return b, nil
	case <-w.ctx.Done():
		return nil, context.Cause(w.ctx)
	}
}

// run writes until the queue is closed. Once anything failed it only closes files, so
// that a sender never waits for it.
func (w *writers) run(queue chan piece) {
	for p := range queue {
		if w.ctx.Err() == nil {
			if err := p.write(); err != nil {
				w.cancel(fmt.Errorf("cannot write %q: %w", p.file.name, err))
			}
		}
		if p.data != nil {
			w.free <- p.data[:bufferSize] // never blocks: there are no more buffers than places
		}
		if p.last {
			if err := p.file.Close(); err != nil {
				w.cancel(fmt.Errorf("cannot write %q: %w", p.file.name, err))
			}
		}
	}
}

func (p piece) write() error {
	if _, err := p.file.Write(p.data); err != nil {
		return err
	}
	if !p.last {
		return nil
	}
	if err := p.file.Chmod(p.file.mode); err != nil { // the umask may have taken bits
		return err
	}
	return p.file.setTime()
}

// setTime keeps the archive's modification time: a JVM compares that of its files with
// what its class data archive recorded.
func (f *file) setTime() error {
	if f.mtime.IsZero() {
		return nil
	}
	ts, err := unix.TimeToTimespec(f.mtime)
	if err != nil {
		return nil // a date that the system cannot hold matters to nobody
	}
	path := "/proc/self/fd/" + strconv.Itoa(int(f.Fd()))
	return unix.UtimesNanoAt(unix.AT_FDCWD, path, []unix.Timespec{ts, ts}, 0)
}
