package cache

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
)

// Stage is a private folder, on the file system of the cache, in which an entry comes to
// be. Discard it in any case.
type Stage struct {
	cache *Cache
	dir   *scratch.Dir
}

// Stage makes one.
func (c *Cache) Stage() (*Stage, error) {
	dir, err := scratch.Make(c.path(tmpDir), "fill-")
	if err != nil {
		return nil, fmt.Errorf("cannot write to the cache: %w", err)
	}
	s := &Stage{cache: c, dir: dir}
	if err := os.Mkdir(s.entry(), dirMode); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot write to the cache: %w", err), s.Discard())
	}
	return s, nil
}

// Dir is the stage's folder, for downloads.
func (s *Stage) Dir() string { return s.dir.Path }

func (s *Stage) entry() string { return filepath.Join(s.dir.Path, "entry") }

// NewTree is an empty folder for what will be the entry, in place of any earlier one.
func (s *Stage) NewTree() (string, error) {
	tree := filepath.Join(s.entry(), treeDir)
	if err := scratch.RemoveAll(tree); err != nil {
		return "", fmt.Errorf("cannot clear the folder to unpack into: %w", err)
	}
	if err := os.Mkdir(tree, dirMode); err != nil {
		return "", fmt.Errorf("cannot make the folder to unpack into: %w", err)
	}
	return tree, nil
}

// Commit makes the tree the entry of d, which the caller has verified and locked. Where a
// good one is there already, that one stays; a damaged one gives way.
func (s *Stage) Commit(d source.Digest) (Entry, error) {
	m, err := seal(filepath.Join(s.entry(), treeDir))
	if err != nil {
		return Entry{}, fmt.Errorf("cannot make the cache entry read-only: %w", err)
	}
	data, err := json.Marshal(m)
	if err != nil {
		return Entry{}, fmt.Errorf("cannot list the cache entry: %w", err)
	}
	if err := os.WriteFile(filepath.Join(s.entry(), manifestFile), data, 0o444); err != nil {
		return Entry{}, fmt.Errorf("cannot list the cache entry: %w", err)
	}
	there, found, err := s.cache.Lookup(d)
	var damaged *DamagedError
	switch {
	case found:
		return there, nil
	case errors.As(err, &damaged):
		if err := s.moveAside(d); err != nil {
			return Entry{}, err
		}
	case err != nil:
		return Entry{}, err
	}
	return s.rename(d)
}

func (s *Stage) rename(d source.Digest) (Entry, error) {
	dir := s.cache.path(entriesDir, d.Hex())
	err := os.Rename(s.entry(), dir)
	if errors.Is(err, fs.ErrExist) {
		// Two sources without digest may hold the same bytes, and come here at once.
		if there, found, lookupErr := s.cache.Lookup(d); found {
			return there, lookupErr
		}
	}
	if err != nil {
		return Entry{}, fmt.Errorf("cannot put the cache entry in its place: %w", err)
	}
	return Entry{Digest: d, Dir: filepath.Join(dir, treeDir)}, nil
}

// moveAside takes a damaged entry into the stage, with which it goes.
func (s *Stage) moveAside(d source.Digest) error {
	err := os.Rename(s.cache.path(entriesDir, d.Hex()), filepath.Join(s.dir.Path, "damaged"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot take away a damaged cache entry: %w", err)
	}
	return nil
}

// Discard removes what was not committed. It may be called again.
func (s *Stage) Discard() error { return s.dir.Remove() }
