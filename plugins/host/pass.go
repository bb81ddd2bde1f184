package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/unpack"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// chunk is how much of a file is hashed at once.
const chunk = 256 << 10

// errAbandoned ends a pass whose bytes turned out to be the wrong ones.
var errAbandoned = errors.New("the file is begun anew")

// pass is one reading of a download from its first byte to its last, while it grows. What
// is read is unpacked, and hashed beside that. It outlives the plugin that writes the file,
// so that another can go on.
type pass struct {
	growth *growth
	cancel context.CancelCauseFunc
	ctx    context.Context // ends when the pass is over or has failed
	done   sync.WaitGroup

	// After done:
	digest  source.Digest
	hashErr error
	treeErr error
}

// passFiles is what a pass reads and makes.
type passFiles struct {
	download string // exists
	name     string // of the archive, for errors
	tree     string // an empty folder
	limits   unpack.Limits
	// digested says that the archive's digest is known beforehand. Then what is wrong with
	// it can be told better at its end: an archive that cannot be unpacked mostly is not
	// the one that was meant.
	digested bool
}

func startPass(ctx context.Context, files passFiles) *pass {
	p := &pass{growth: newGrowth()}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	p.done.Go(func() {
		if err := p.read(files); err != nil {
			p.hashErr = err
			p.cancel(err)
		}
	})
	return p
}

// end waits until all of the size bytes are hashed and unpacked.
func (p *pass) end(size int64) {
	p.growth.set(size, true)
	p.done.Wait()
	p.cancel(nil)
}

// abandon ends the pass at once.
func (p *pass) abandon() {
	p.cancel(errAbandoned)
	p.done.Wait()
}

// read unpacks the download and hashes the very bytes that were unpacked: read twice, a
// file that a fetcher corrects afterwards could have the right digest and a wrong tree.
func (p *pass) read(files passFiles) error {
	file, err := openDownload(files.download)
	if err != nil {
		return fmt.Errorf("cannot read the download: %w", err)
	}
	defer file.Close()
	hashing := startHashing(&growing{ctx: p.ctx, file: file, growth: p.growth})
	p.treeErr = unpack.Archive(p.ctx, hashing, files.name, files.tree, files.limits)
	if p.treeErr != nil && !files.digested {
		hashing.end()
		p.cancel(p.treeErr)
		return nil
	}
	// Where the archive cannot be unpacked, its digest is still wanted.
	_, err = io.CopyBuffer(onlyWriter{io.Discard}, hashing, make([]byte, chunk))
	digest := hashing.end()
	if err != nil {
		return fmt.Errorf("cannot read the download: %w", err)
	}
	p.digest = digest
	return nil
}

// errNoFile is what no further attempt mends.
var errNoFile = errors.New("the fetcher put a link, or something else that is no file, in the place of its download")

// openDownload follows no link and waits for no writer of a pipe, either of which a fetcher
// may have put in the file's place.
func openDownload(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, unix.ELOOP) {
		return nil, plugins.AsPermanent(errNoFile)
	}
	return file, err
}

type onlyWriter struct{ io.Writer }

// chunks is how many may wait to be hashed.
const chunks = 4

// hashing is a reader that hashes what it reads, on a goroutine of its own.
type hashing struct {
	from   io.Reader
	full   chan []byte
	empty  chan []byte
	part   []byte // not yet handed over
	done   sync.WaitGroup
	digest source.Digest
}

func startHashing(from io.Reader) *hashing {
	h := &hashing{from: from, full: make(chan []byte, chunks), empty: make(chan []byte, chunks+2)}
	h.done.Go(func() {
		sum := sha256.New()
		for part := range h.full {
			_, _ = sum.Write(part)
			h.empty <- part[:0]
		}
		h.digest = source.Digest("sha256:" + hex.EncodeToString(sum.Sum(nil)))
	})
	return h
}

func (h *hashing) Read(b []byte) (int, error) {
	n, err := h.from.Read(b)
	for data := b[:n]; len(data) > 0; {
		if h.part == nil {
			h.part = h.buffer()
		}
		room := min(len(data), cap(h.part)-len(h.part))
		h.part, data = append(h.part, data[:room]...), data[room:]
		if len(h.part) == cap(h.part) {
			h.full <- h.part
			h.part = nil
		}
	}
	return n, err
}

func (h *hashing) buffer() []byte {
	select {
	case part := <-h.empty:
		return part
	default:
		return make([]byte, 0, chunk)
	}
}

// end is the digest of all that was read.
func (h *hashing) end() source.Digest {
	if h.part != nil { // else it would be one more than there is room for among the empty ones
		h.full <- h.part
	}
	close(h.full)
	h.done.Wait()
	return h.digest
}
