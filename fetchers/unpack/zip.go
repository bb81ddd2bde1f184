package unpack

import (
	"archive/zip"
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate"
)

// unzip unpacks a zip file. Only the list at its end counts, as for everybody: what stands
// before each entry may lie. Still entries must not share data, be there twice, or be
// larger or smaller than the list has them.
func (t *tree) unzip(ctx context.Context, br *bufio.Reader) error {
	whole, size, done, err := t.whole(br)
	if err != nil {
		return err
	}
	defer done()
	entries, err := t.zipEntries(whole, size)
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for _, entry := range entries {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := t.zipEntry(entry, names); err != nil {
			return err
		}
	}
	return t.checkLinks()
}

// whole reads to the end. What is read can mostly be looked at again; if not it is kept in
// a file without a name, until done.
func (t *tree) whole(br *bufio.Reader) (at io.ReaderAt, size int64, done func(), err error) {
	if at, ok := t.in.r.(io.ReaderAt); ok {
		_, err := io.Copy(io.Discard, br)
		return at, t.in.packed.Load(), func() {}, err
	}
	file, err := os.CreateTemp(t.root.Name(), ".zip-")
	if err == nil {
		err = os.Remove(file.Name())
	}
	if err != nil {
		return nil, 0, nil, fmt.Errorf("cannot keep the zip file for a second look: %w", err)
	}
	size, err = io.Copy(file, br)
	if err != nil {
		file.Close()
		return nil, 0, nil, err
	}
	return file, size, func() { file.Close() }, nil
}

// perEntry is how much of the list an entry takes at most, on average.
const perEntry = 128

// zipEntries reads the list of a zip file, and says what is wrong with it as a whole.
func (t *tree) zipEntries(whole io.ReaderAt, size int64) ([]*zip.File, error) {
	// The list is read to where it ends, not to where it says to: so this, not its count, keeps it small.
	list := &limitedAt{at: whole, left: 1<<20 + int64(t.limits.Files)*perEntry, over: t.tooMany()}
	r, err := zip.NewReader(list, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // names are looked at later
		return nil, damagedZip(err)
	}
	list.left = -1
	switch {
	case len(r.File) == 0:
		return nil, refuse("the archive is empty")
	case len(r.File) > t.limits.Files:
		return nil, t.tooMany()
	}
	r.RegisterDecompressor(zip.Deflate, flate.NewReader)
	return r.File, checkOverlaps(r.File)
}

func (t *tree) tooMany() error {
	return refuse("the archive holds more than %d entries", t.limits.Files)
}

// limitedAt ends after so many bytes; -1: never.
type limitedAt struct {
	at   io.ReaderAt
	left int64
	over error
}

func (l *limitedAt) ReadAt(p []byte, offset int64) (int, error) {
	if l.left >= 0 {
		if l.left -= int64(len(p)); l.left < 0 {
			l.left = 0
			return 0, l.over
		}
	}
	return l.at.ReadAt(p, offset)
}

// checkOverlaps refuses entries that share data: so a small file could hold no end of it.
func checkOverlaps(entries []*zip.File) error {
	type span struct {
		from, to int64
		name     string
	}
	spans := make([]span, 0, len(entries))
	for _, entry := range entries {
		from, err := entry.DataOffset()
		if err != nil {
			return fmt.Errorf("in entry %s: %w", quote(entry.Name), damagedZip(err))
		}
		to := from + int64(entry.CompressedSize64)
		if to < from {
			return refuse("entry %s has an impossible size", quote(entry.Name))
		}
		spans = append(spans, span{from, to, entry.Name})
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	for i := 1; i < len(spans); i++ {
		if before, here := spans[i-1], spans[i]; here.from < before.to {
			return refuse("entries %s and %s share data", quote(before.name), quote(here.name))
		}
	}
	return nil
}

func (t *tree) zipEntry(entry *zip.File, names map[string]bool) error {
	name, err := t.clean(entry.Name)
	if err != nil {
		return err
	}
	if err := t.count(1); err != nil {
		return err
	}
	mode := entry.Mode()
	if mode.IsDir() || strings.HasSuffix(entry.Name, "/") {
		return t.folder(name, mode)
	}
	if names[name] {
		return refuse("entry %s is there twice", quote(entry.Name))
	}
	names[name] = true
	switch {
	case entry.Flags&1 != 0:
		return refuse("entry %s is encrypted", quote(entry.Name))
	case mode.Type() == fs.ModeSymlink:
		return t.zipLink(name, entry)
	case mode.Type() != 0:
		return refuse("entry %s is a device or a pipe; such are not unpacked", quote(entry.Name))
	}
	return t.zipFile(name, mode, entry)
}

func (t *tree) zipLink(name string, entry *zip.File) error {
	content, err := entry.Open()
	if err != nil {
		return inZip(name, err)
	}
	defer content.Close()
	target, err := io.ReadAll(io.LimitReader(content, int64(t.limits.Name)+1))
	if err != nil {
		return inZip(name, err)
	}
	return t.symlink(name, string(target))
}

func (t *tree) zipFile(name string, mode fs.FileMode, entry *zip.File) error {
	content, err := entry.Open()
	if err != nil {
		return inZip(name, err)
	}
	defer content.Close()
	explain := func(err error) error { return inZip(name, err) }
	i := item{name, int64(min(entry.UncompressedSize64, 1<<62)), mode, entry.Modified}
	if err := t.file(i, content, explain); err != nil {
		return err
	}
	// The checksum is compared at the end, to which reading has to go.
	n, err := io.ReadFull(content, make([]byte, 1))
	switch {
	case n > 0:
		return refuse("entry %s has more bytes than the archive's list says", quote(name))
	case err != io.EOF:
		return inZip(name, err)
	}
	return nil
}

func inZip(name string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("in entry %s: %w", quote(name), damagedZip(err))
}

func damagedZip(err error) error {
	switch {
	case errors.Is(err, zip.ErrAlgorithm):
		return refuse("it is packed in a way other than deflate")
	case errors.Is(err, zip.ErrFormat):
		return refuse("the archive is damaged or truncated: it is no complete zip file")
	}
	return damaged("zip", err)
}
