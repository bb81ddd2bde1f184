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

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/unpack"
)

// chunk is how much of a file is hashed at once.
const chunk = 1 << 20

// errAbandoned ends a pass whose bytes turned out to be the wrong ones.
var errAbandoned = errors.New("the file is begun anew")

// pass is one reading of a download from its first byte to its last, while it grows. Two
// goroutines read it side by side: one hashes, one unpacks. It outlives the plugin that
// writes the file, so that another can go on.
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
		if p.digest, p.hashErr = p.hash(files.download); p.hashErr != nil {
			p.cancel(p.hashErr)
		}
	})
	p.done.Go(func() {
		if p.treeErr = p.unpack(files); p.treeErr != nil && !files.digested {
			p.cancel(p.treeErr)
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

func (p *pass) hash(path string) (source.Digest, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("cannot read the download: %w", err)
	}
	defer file.Close()
	hash := sha256.New()
	// Both ends are wrapped so that io.CopyBuffer really goes by chunks.
	reader := &growing{ctx: p.ctx, file: file, growth: p.growth}
	if _, err := io.CopyBuffer(onlyWriter{hash}, reader, make([]byte, chunk)); err != nil {
		return "", fmt.Errorf("cannot read the download: %w", err)
	}
	return source.ParseDigest(hex.EncodeToString(hash.Sum(nil)))
}

type onlyWriter struct{ io.Writer }

func (p *pass) unpack(files passFiles) error {
	file, err := os.Open(files.download)
	if err != nil {
		return fmt.Errorf("cannot read the download: %w", err)
	}
	defer file.Close()
	return unpack.Archive(p.ctx, &growing{ctx: p.ctx, file: file, growth: p.growth}, files.name, files.tree, files.limits)
}
