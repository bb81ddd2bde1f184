package cache

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/internal/trust"
)

const (
	treeDir      = "tree"
	manifestFile = "entry.json"
)

// Entry is one unpacked archive, read-only.
type Entry struct {
	Digest source.Digest
	Dir    string // the unpacked tree
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

// manifest is what an entry holds. Files that came to it later are not looked at.
type manifest struct {
	Files []manifestFileEntry `json:"files"`
}

type manifestFileEntry struct {
	Path string `json:"path"`
	Size int64  `json:"size"` // -1: not a regular file
	// Modified, in nanoseconds, shows what was changed in place. Digesting all again would take as long as a JVM to start.
	Modified int64 `json:"modified,omitempty"`
}

// Lookup finds an entry and checks that all its files are there as they were put there, and
// that nobody else could have written them. The error is a *DamagedError where making
// the entry anew would help.
func (c *Cache) Lookup(d source.Digest) (Entry, bool, error) {
	dir := c.path(entriesDir, d.Hex())
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return Entry{}, false, nil
	}
	if err != nil {
		return Entry{}, false, fmt.Errorf("cannot look into the cache: %w", err)
	}
	if err := trust.Judge(dir, info, false); err != nil {
		return Entry{}, false, fmt.Errorf("cannot use cache entry: %w", err)
	}
	data, err := os.ReadFile(filepath.Join(dir, manifestFile))
	var m manifest
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		return Entry{}, false, &DamagedError{d, err.Error()}
	}
	tree := filepath.Join(dir, treeDir)
	if err := m.check(d, tree); err != nil {
		return Entry{}, false, err
	}
	return Entry{Digest: d, Dir: tree}, true, nil
}

func (m manifest) check(d source.Digest, tree string) error {
	for _, file := range m.Files {
		path := filepath.Join(tree, file.Path)
		info, err := os.Lstat(path)
		if err != nil {
			return &DamagedError{d, err.Error()}
		}
		if size := sizeOf(info); size != file.Size {
			return &DamagedError{d, fmt.Sprintf("%s has %d bytes, not %d", path, size, file.Size)}
		}
		if at := modified(info); file.Modified != 0 && at != file.Modified {
			return &DamagedError{d, path + " was changed after it was unpacked"}
		}
		if err := trust.Judge(path, info, false); err != nil {
			return fmt.Errorf("cannot use cache entry: %w", err)
		}
	}
	return nil
}

// modified is 0 for what is no regular file: a folder changes with what comes and goes in it.
func modified(info fs.FileInfo) int64 {
	if info.Mode().IsRegular() {
		return info.ModTime().UnixNano()
	}
	return 0
}

func sizeOf(info fs.FileInfo) int64 {
	if info.Mode().IsRegular() {
		return info.Size()
	}
	return -1
}

// seal takes away all rights to write below tree, and lists what is there.
func seal(tree string) (manifest, error) {
	var m manifest
	err := filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(tree, path)
		if err != nil {
			return err
		}
		m.Files = append(m.Files, manifestFileEntry{Path: name, Size: sizeOf(info), Modified: modified(info)})
		if info.Mode()&fs.ModeSymlink != 0 {
			return nil
		}
		return os.Chmod(path, info.Mode().Perm()&^0o222)
	})
	return m, err
}
