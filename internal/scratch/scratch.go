// Package scratch makes private folders that end with their process at the latest: each
// is locked while its owner lives, so that whoever comes later can tell those that a
// killed process left behind, and clear them away.
package scratch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Dir is a private folder.
type Dir struct {
	Path string

	once sync.Once
	lock *os.File
	err  error
}

// Make makes a folder below parent, readable for this user alone, named prefix and a
// random number.
func Make(parent, prefix string) (*Dir, error) {
	for {
		path, err := os.MkdirTemp(parent, prefix)
		if err != nil {
			return nil, fmt.Errorf("cannot make a temporary folder: %w", err)
		}
		lock, err := tryLock(path)
		if err == nil {
			return &Dir{Path: path, lock: lock}, nil
		}
		// Somebody's Sweep took the new folder for a left-over in the moment before it was
		// locked; it goes, and another is made.
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("cannot lock temporary folder %s: %w", path, err)
		}
	}
}

// Remove removes the folder and all in it. It may be called again.
func (d *Dir) Remove() error {
	d.once.Do(func() {
		d.err = RemoveAll(d.Path)
		_ = d.lock.Close()
	})
	return d.err
}

// Sweep removes the folders below parent whose name begins with prefix, that belong to
// this user and whose owner is dead. Before one is removed it is shown to each of before.
func Sweep(parent, prefix string, before ...func(path string)) error {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return fmt.Errorf("cannot look for left-over temporary folders: %w", err)
	}
	var errs []error
	for _, entry := range entries {
		if entry.IsDir() && strings.HasPrefix(entry.Name(), prefix) {
			errs = append(errs, sweepOne(filepath.Join(parent, entry.Name()), before))
		}
	}
	return errors.Join(errs...)
}

func sweepOne(path string, before []func(string)) error {
	info, err := os.Lstat(path)
	if err != nil || !own(info) {
		return nil // gone already, or not ours to judge
	}
	lock, err := tryLock(path)
	if err != nil {
		return nil // its owner lives, or it is gone
	}
	defer lock.Close()
	for _, look := range before {
		look(path)
	}
	if err := RemoveAll(path); err != nil {
		return fmt.Errorf("cannot remove left-over temporary folder: %w", err)
	}
	return nil
}

func own(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// tryLock locks a folder, and makes sure that it is still the one at the path.
func tryLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		file.Close()
		return nil, err
	}
	mine, err1 := file.Stat()
	there, err2 := os.Lstat(path)
	if err := errors.Join(err1, err2); err != nil {
		file.Close()
		return nil, err
	}
	if !os.SameFile(mine, there) {
		file.Close()
		return nil, fs.ErrNotExist
	}
	return file, nil
}

// RemoveAll is os.RemoveAll for trees that hold read-only folders, too.
func RemoveAll(path string) error {
	err := os.RemoveAll(path)
	if err == nil || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	_ = filepath.WalkDir(path, func(at string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(at, 0o700)
		}
		return nil
	})
	return os.RemoveAll(path)
}
