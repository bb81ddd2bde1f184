package unpack

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// tree is what an archive becomes. Everything below root is reached through it, so the
// kernel itself keeps names and links from leading out (openat without following).
type tree struct {
	root    *os.Root
	limits  Limits
	in      *input
	writers *writers

	entries int
	bytes   int64
	links   []string // symbolic links, looked at once all is there
}

// unpack reads the archive to its end.
func (t *tree) unpack(p *pipe) error {
	r := tar.NewReader(p)
	for {
		h, err := r.Next()
		if err == io.EOF {
			return t.finish(p)
		}
		if err != nil {
			return t.explain(p, err)
		}
		if err := t.entry(h, r, p); err != nil {
			return err
		}
	}
}

// finish looks at the end: that it is one, what follows it, and where links lead.
func (t *tree) finish(p *pipe) error {
	if t.entries == 0 {
		return refuse("the archive is empty")
	}
	if p.ended() && !p.zeros {
		return t.explain(p, io.ErrUnexpectedEOF)
	}
	// Reading on to the end lets gzip and zstd compare their checksums.
	_, err := io.Copy(io.Discard, p)
	if err != nil && !errors.Is(err, zstd.ErrMagicMismatch) { // padding after the last frame
		return err
	}
	return t.checkLinks()
}

// explain turns an error of the tar reader into one that says what is wrong with what.
func (t *tree) explain(p *pipe, err error) error {
	if p.failed() {
		return p.err
	}
	if cause := p.ctx.Err(); cause != nil {
		return err
	}
	if errors.Is(err, tar.ErrHeader) && t.entries == 0 {
		return refuse("what is packed is not a tar archive")
	}
	return damaged("tar", err)
}

func (t *tree) entry(h *tar.Header, r io.Reader, p *pipe) error {
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	name, err := t.clean(h.Name)
	if err != nil {
		return err
	}
	if err := t.count(1); err != nil {
		return err
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return t.folder(name, h.FileInfo().Mode())
	case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
		f := item{name, h.Size, h.FileInfo().Mode(), h.ModTime}
		return t.file(f, r, func(err error) error { return t.explainIn(name, p, err) })
	case tar.TypeSymlink:
		return t.symlink(name, h.Linkname)
	case tar.TypeLink:
		return t.hardLink(name, h.Linkname)
	case tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		return refuse("entry %s is a device or a pipe; such are not unpacked", quote(h.Name))
	}
	return refuse("entry %s is of the unknown type %q", quote(h.Name), h.Typeflag)
}

func (t *tree) count(entries int) error {
	t.entries += entries
	if t.entries > t.limits.Files {
		return refuse("the archive holds more than %d entries", t.limits.Files)
	}
	return nil
}

// clean checks an entry's name and gives it the form that os.Root takes.
func (t *tree) clean(name string) (string, error) {
	switch {
	case len(name) > t.limits.Name:
		return "", refuse("entry %s has a name of more than %d bytes", quote(name), t.limits.Name)
	case name == "" || strings.ContainsRune(name, 0):
		return "", refuse("entry %s has no usable name", quote(name))
	case strings.HasPrefix(name, "/"):
		return "", refuse("entry %s has an absolute path, which leads out of the archive's folder", quote(name))
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return "", refuse("entry %s leads out of the archive's folder", quote(name))
		}
		if len(part) > 255 {
			return "", refuse("entry %s has a name that is too long for a file system", quote(name))
		}
	}
	return path.Clean(name), nil
}

func (t *tree) folder(name string, mode fs.FileMode) error {
	if name == "." {
		return nil
	}
	err := t.below(name, func() error { return t.root.Mkdir(name, 0o700) })
	if errors.Is(err, fs.ErrExist) {
		var info fs.FileInfo
		if info, err = t.root.Lstat(name); err == nil && !info.IsDir() {
			err = errNoFolder
		}
	}
	if err == nil {
		err = t.root.Chmod(name, mode&0o755|0o700)
	}
	return t.wrap(name, err)
}

// item is a file that an archive holds; name is clean.
type item struct {
	name  string
	size  int64
	mode  fs.FileMode
	mtime time.Time
}

// file makes a file of r; explain words what is wrong with r.
func (t *tree) file(i item, r io.Reader, explain func(error) error) error {
	if i.name == "." || i.size < 0 {
		return refuse("entry %s is no file that can be made", quote(i.name))
	}
	if t.bytes += i.size; t.bytes > t.limits.Bytes || t.bytes < 0 {
		return refuse("entry %s, of %d bytes, takes the archive above %d bytes", quote(i.name), i.size, t.limits.Bytes)
	}
	var made *os.File
	err := t.place(i.name, func() (err error) {
		made, err = t.root.OpenFile(i.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		return err
	})
	if err != nil {
		return err
	}
	f := t.writers.open(made, i.name, i.mode&0o755|0o600, i.mtime)
	if err := t.content(f, i.size, r); err != nil {
		f.queue <- piece{file: f, last: true}
		return explain(err)
	}
	return nil
}

// content hands the file's bytes to its writer. On an error the file is still open.
func (t *tree) content(f *file, size int64, r io.Reader) error {
	done := t.bytes - size
	for {
		buf, err := t.writers.buffer()
		if err != nil {
			return err
		}
		n, err := io.ReadFull(r, buf[:min(size, bufferSize)])
		if err != nil {
			t.writers.free <- buf
			return err
		}
		size -= int64(n)
		done += int64(n)
		f.queue <- piece{file: f, data: buf[:n], last: size == 0}
		if size == 0 {
			return nil
		}
		if err := t.in.check(done); err != nil {
			return err
		}
	}
}

// explainIn is explain with the entry's name, for what went wrong in its content.
func (t *tree) explainIn(name string, p *pipe, err error) error {
	if p.ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("in entry %s: %w", quote(name), t.explain(p, err))
}
