package cache

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
)

const (
	treeDir   = "tree"
	filesFile = "files"
	aboutFile = "entry.json"
)

// Entry is one unpacked archive, read-only. It stays where it is until it is released.
type Entry struct {
	Digest source.Digest
	Dir    string // the unpacked tree

	cache *Cache // that holds it
}

// Release says that the entry is not used any more. It may be evicted once all who got it
// have released it. Close does the same for all.
func (e Entry) Release() {
	if e.cache != nil {
		e.cache.release(filepath.Dir(e.Dir))
	}
}

// DamagedError says that an entry is there but is not what was once put there. It is to
// be made anew.
type DamagedError struct {
	Digest source.Digest
	Reason string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("cache entry %s is damaged: %s", e.Digest, e.Reason)
}

// Origin says what an entry is, for people.
type Origin struct {
	Artifact string `json:"artifact,omitempty"` // what it is for, such as "jdk"
	Source   string `json:"source,omitempty"`   // without credentials
}

// about is what is known of an entry besides its files.
type about struct {
	Origin
	Bytes int64     `json:"bytes"` // that it takes on the disk
	Files int       `json:"files"`
	Made  time.Time `json:"made"`
}

// Lookup finds an entry, holds it, and checks that all its files are there as they were
// put there, and that nobody else could have written them. The error is a *DamagedError
// where making the entry anew would help.
func (c *Cache) Lookup(d source.Digest) (Entry, bool, error) {
	e, found, err := c.lookup(d)
	if found || c.shared == nil {
		return e, found, err
	}
	shared, sharedFound, sharedErr := c.shared.lookup(d)
	if sharedFound {
		return shared, true, nil
	}
	if sharedErr != nil {
		c.log.Warn("cannot use an entry of the shared cache", "dir", c.shared.dir, "error", sharedErr)
	}
	return e, false, err
}

func (c *Cache) lookup(d source.Digest) (Entry, bool, error) {
	dir := c.path(entriesDir, d.Hex())
	found, damage, err := c.holdEntry(dir)
	switch {
	case err != nil:
		return Entry{}, false, fmt.Errorf("cannot use cache entry: %w", err)
	case damage != "":
		return Entry{}, false, &DamagedError{d, damage}
	case !found:
		return Entry{}, false, nil
	}
	tree := filepath.Join(dir, treeDir)
	if damage := c.checkEntry(dir); damage != "" {
		c.release(dir)
		return Entry{}, false, &DamagedError{d, damage}
	}
	if !c.readOnly {
		touch(filepath.Join(dir, leaseFile))
	}
	c.recordSumsLater(d)
	return Entry{Digest: d, Dir: tree, cache: c}, true, nil
}

// holdEntry holds the entry in a folder, if it is there and this user's or root's. With
// damage that leaves nothing to hold it is not found.
func (c *Cache) holdEntry(dir string) (found bool, damage string, err error) {
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, "", nil
	}
	if err != nil {
		return false, "", err
	}
	if !info.IsDir() {
		return false, dir + " is no folder", nil
	}
	if err := c.trusts(dir); err != nil {
		return false, "", err
	}
	if damage := c.checkOwnFiles(dir); damage != "" {
		return false, damage, nil
	}
	err = c.holdFile(dir, evictorsMoment, func() (*os.File, error) { return c.openLease(dir) })
	if errors.Is(err, errGone) {
		return false, "", nil
	}
	return err == nil, "", err
}

// checkOwnFiles says what is wrong with the files beside an entry's tree that are locked
// or believed. One that is missing is not.
func (c *Cache) checkOwnFiles(dir string) (damage string) {
	for _, name := range []string{leaseFile, readersFile, filesFile} {
		path := filepath.Join(dir, name)
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && !info.Mode().IsRegular() {
			return path + " is no file"
		}
		if err == nil {
			err = c.trusts(path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err.Error()
		}
	}
	return ""
}

// trusts fails if another user could have written what is at a path.
func (c *Cache) trusts(path string) error {
	var stat unix.Stat_t
	if err := fstatat(unix.AT_FDCWD, path, &stat); err != nil {
		return &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	return c.judge(path, "", &stat)
}

// checkEntry says what is wrong with an entry, also that others could write in it: where
// its own folder is this user's, making it anew takes that away.
func (c *Cache) checkEntry(dir string) (damage string) {
	data, err := os.ReadFile(filepath.Join(dir, filesFile))
	if err != nil {
		return "cannot read its list of files: " + err.Error()
	}
	files, err := parseList(data)
	if err != nil {
		return err.Error()
	}
	return c.check(filepath.Join(dir, treeDir), files)
}

// readAbout reads what is known of an entry; the zero value if that is damaged.
func readAbout(dir string) (about, error) {
	var a about
	data, err := os.ReadFile(filepath.Join(dir, aboutFile))
	if err == nil {
		err = json.Unmarshal(data, &a)
	}
	return a, err
}
