// Package unpack turns an archive into a tree of files while the archive still
// arrives: tar, tar.gz, tar.zst, tar.xz and tar.bz2, told apart by their first bytes; and zip,
// whose list of entries is at its end, once it is there. It trusts nothing in
// an archive: no entry leaves the folder, by name or by link, no device is made, no setuid
// bit kept, and limits end what would fill the disk. It neither hashes nor renames into
// place: until the digest has matched, the folder is only a draft (plugins/host,
// fetchers/cache).
//
// One goroutine reads and inflates, one reads the entries and makes files, folders and
// links, two write the files' content; buffers between them are few and reused.
package unpack

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// Archive unpacks r, called name in errors, into dir, which exists and is the caller's
// alone. It reads r to its end, also past the end of the archive, and returns when all its
// goroutines have ended: a Read of r should therefore return soon after ctx ends. What is
// wrong with the archive is a permanent error that names the entry; errors of r keep their
// kind. After an error dir holds a part of the archive. An r that is an io.ReaderAt, too, saves
// a zip file from being kept twice; it has to be at its start.
func Archive(ctx context.Context, r io.Reader, name, dir string, l Limits) error {
	if err := unpack(ctx, r, dir, l); err != nil {
		return fmt.Errorf("cannot unpack %s: %w", name, err)
	}
	return nil
}

func unpack(parent context.Context, r io.Reader, dir string, l Limits) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	in := &input{r: r, limits: l}
	w := newWriters(ctx, cancel)
	var all sync.WaitGroup
	w.start(&all)
	t := &tree{root: root, limits: l, in: in, writers: w}
	if err := t.archive(ctx, &all); err != nil {
		cancel(err)
	}
	w.close()
	all.Wait()
	return context.Cause(ctx)
}

// archive unpacks by the way that the format asks for.
func (t *tree) archive(ctx context.Context, all *sync.WaitGroup) error {
	br := bufio.NewReaderSize(t.in, inputSize)
	head, err := br.Peek(blockSize)
	if err != nil && err != io.EOF {
		return err
	}
	if isZip(head) {
		return t.unzip(ctx, br)
	}
	open, err := tell(head)
	if err != nil {
		return err
	}
	p := newPipe(ctx)
	all.Go(func() { p.fill(t.in, br, open) })
	return t.unpack(p)
}

// refuse is a permanent error about the archive itself.
func refuse(format string, args ...any) error {
	return plugins.AsPermanent(fmt.Errorf(format, args...))
}

// damaged says what a reader of a format found wrong.
func damaged(format string, err error) error {
	var known *plugins.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return refuse("the archive is truncated: its %s data ends in the middle", format)
	}
	return refuse("the archive is damaged: %w", err)
}
