// Package handover puts a tree of files to where a user wants it: as a whole or not at
// all, and the user's own to change. Where the tree comes from is the caller's.
package handover

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
	"github.com/alluxio-mesos/alluxio-mesos/internal/trust"
)

// Place is a folder to be, of which only a private neighbour exists so far.
type Place struct {
	dir     string // where the tree will be
	private *scratch.Dir
}

// Prepare checks that a tree could be put to dir, which must not be there or be an empty
// folder, and makes a private folder beside it. Release it in any case.
func Prepare(dir string) (*Place, error) {
	dir, err := target(dir)
	if err != nil {
		return nil, err
	}
	parent, prefix := filepath.Dir(dir), "."+filepath.Base(dir)+".fetch-"
	if err := scratch.Sweep(parent, prefix); err != nil {
		return nil, err
	}
	private, err := scratch.Make(parent, prefix)
	if err != nil {
		return nil, err
	}
	return &Place{dir: dir, private: private}, nil
}

func target(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("an empty name is no folder")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		parent, err := filepath.EvalSymlinks(filepath.Dir(dir))
		if err != nil {
			return "", fmt.Errorf("cannot make %s: %w; make the folder above it first", dir, err)
		}
		return filepath.Join(parent, filepath.Base(dir)), nil
	case err != nil:
		return "", err
	case len(entries) > 0:
		return "", fmt.Errorf("%s is not empty (it holds %s); name a folder that is, or one that is not there yet", dir, entries[0].Name())
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", err
	}
	if here, err := os.Getwd(); err == nil && here == dir {
		return "", fmt.Errorf("%s is the working folder, in whose place another would be put; name one below it", dir)
	}
	return dir, nil
}

// Dir is where the tree will be.
func (p *Place) Dir() string { return p.dir }

// Private is a folder beside it, of this user alone, that goes with Release.
func (p *Place) Private() string { return p.private.Path }

// Move puts the tree in its place, taking it from where it is if that is possible. The
// owner may change what is in it.
func (p *Place) Move(ctx context.Context, tree string) error {
	moved := filepath.Join(p.private.Path, "tree")
	// To move a folder is to change its "..", and so takes the right to write in it.
	if err := errors.Join(writable(filepath.Dir(tree)), writable(tree)); err != nil {
		return err
	}
	err := os.Rename(tree, moved)
	if errors.Is(err, unix.EXDEV) {
		return p.Copy(ctx, tree)
	}
	if err != nil {
		return fmt.Errorf("cannot move %s: %w", tree, err)
	}
	return p.finish(ctx, moved)
}

// Copy puts a copy of the tree in its place.
func (p *Place) Copy(ctx context.Context, tree string) error {
	copied := filepath.Join(p.private.Path, "tree")
	if err := os.CopyFS(copied, os.DirFS(tree)); err != nil {
		return fmt.Errorf("cannot copy to %s: %w", p.dir, err)
	}
	return p.finish(ctx, copied)
}

func (p *Place) finish(ctx context.Context, tree string) error {
	err := filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		return writable(path)
	})
	if err != nil {
		return fmt.Errorf("cannot make the tree writable: %w", err)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	// os.Rename refuses to replace even an empty folder.
	if err := unix.Rename(tree, p.dir); err != nil {
		return fmt.Errorf("cannot put the tree in its place, %s: %w", p.dir, err)
	}
	return nil
}

func writable(path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Perm()&0o200 != 0 {
		return err
	}
	return os.Chmod(path, info.Mode().Perm()|0o200)
}

// Release removes what was not put in its place. It may be called again.
func (p *Place) Release() error { return p.private.Remove() }

// Trusted says that nobody else can change what lies at path.
func Trusted(path string) bool {
	_, err := trust.Path(path)
	return err == nil
}

// Temporary is a private folder somewhere else, with the function that removes it.
func Temporary() (dir string, remove func(), err error) {
	private, err := scratch.Make(os.TempDir(), "alluxio-mesos-fetch-")
	if err != nil {
		return "", nil, err
	}
	return private.Path, func() { _ = private.Remove() }, nil
}
