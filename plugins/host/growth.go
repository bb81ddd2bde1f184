package host

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// growth is how far a file that a plugin writes may be read by now.
type growth struct {
	mu      sync.Mutex
	size    int64
	ended   bool
	changed chan struct{} // closed at the next change
}

func newGrowth() *growth { return &growth{changed: make(chan struct{})} }

// set notes that size bytes are there without a gap, and whether that is all.
func (g *growth) set(size int64, ended bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.size, g.ended = size, ended
	close(g.changed)
	g.changed = make(chan struct{})
}

// beyond waits until more than offset bytes are there, and tells how many. At the end of
// the file it gives io.EOF.
func (g *growth) beyond(ctx context.Context, offset int64) (int64, error) {
	for {
		g.mu.Lock()
		size, ended, changed := g.size, g.ended, g.changed
		g.mu.Unlock()
		switch {
		case ctx.Err() != nil:
			return 0, context.Cause(ctx)
		case size > offset:
			return size, nil
		case ended:
			return 0, io.EOF
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
}

// growing reads a file as it grows, never beyond what the plugin reported.
type growing struct {
	ctx    context.Context // of the reading as a whole: io.Reader has no place for one
	file   *os.File
	growth *growth
	offset int64
}

func (g *growing) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	size, err := g.growth.beyond(g.ctx, g.offset)
	if err != nil {
		return 0, err
	}
	n, err := g.file.ReadAt(p[:min(int64(len(p)), size-g.offset)], g.offset)
	g.offset += int64(n)
	if n == 0 && err == io.EOF {
		// What was reported was there at that moment. So the fetcher has cut the file since, as it does when a source
		// cannot go on in the middle, and its report of that is still on the way.
		return 0, plugins.AsChanged(fmt.Errorf("the fetcher reported %d bytes, but the file ends at %d", size, g.offset))
	}
	if err == io.EOF {
		err = nil
	}
	return n, err
}
