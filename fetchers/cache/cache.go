// Package cache keeps unpacked software on a node, addressed by the sha256 of the
// archive it came from, for any number of executors at once. What lies in it is
// read-only, complete (an entry appears by rename, after its digest matched) and written
// by this user or root: a cache that others could have written to is refused.
//
// Below its folder:
//
//	entries/HEX/tree/        what the archive with that sha256 holds
//	entries/HEX/entry.json   the names and sizes of its files
//	index/KEY.json           digest, validator and size of a source without a digest;
//	                         KEY is a sha256, since sources may hold credentials
//	plugins/HEX/FILE         executables of plugins, by their own sha256
//	locks/KEY                locked (flock) by who makes the entry of that key
//	tmp/RANDOM/              what is being made, locked by its maker; removed when the
//	                         cache is opened and the maker is dead
//
// Nothing is flushed to disk on the way: a power cut may leave an entry with short files,
// which Lookup notices by their sizes. How things are fetched, hashed and unpacked is
// plugins/host and fetchers/unpack. Entries are never evicted.
package cache

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
	"github.com/alluxio-mesos/alluxio-mesos/internal/trust"
)

const (
	entriesDir = "entries"
	indexDir   = "index"
	pluginsDir = "plugins"
	locksDir   = "locks"
	tmpDir     = "tmp"

	dirMode = 0o755
)

// Cache is a cache folder. Its methods may be called at once, also by several processes.
type Cache struct{ dir string }

// Open makes the folder if it is missing, refuses it if others could write there, and
// clears away what dead processes left half done.
func Open(dir string) (*Cache, error) {
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, fmt.Errorf("cannot make cache folder: %w", err)
	}
	resolved, err := trust.Path(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot use cache folder %s: %w", dir, err)
	}
	c := &Cache{dir: resolved}
	for _, sub := range []string{entriesDir, indexDir, pluginsDir, locksDir, tmpDir} {
		path := c.path(sub)
		if err := os.MkdirAll(path, dirMode); err != nil {
			return nil, fmt.Errorf("cannot make cache folder: %w", err)
		}
		if _, err := trust.Path(path); err != nil {
			return nil, fmt.Errorf("cannot use cache folder %s: %w", dir, err)
		}
	}
	if err := scratch.Sweep(c.path(tmpDir), ""); err != nil {
		return nil, fmt.Errorf("cannot clean cache folder %s: %w", dir, err)
	}
	return c, nil
}

// Dir is the cache's folder, with links resolved.
func (c *Cache) Dir() string { return c.dir }

func (c *Cache) path(parts ...string) string {
	return filepath.Join(append([]string{c.dir}, parts...)...)
}
