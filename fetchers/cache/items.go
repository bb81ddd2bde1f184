package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
)

// Kinds of what is in a cache.
const (
	KindEntry    = "entry"
	KindPlugin   = "plugin"
	KindDownload = "download" // a part of one, that is going on or waits for who goes on with it
)

// Item is something in the cache, as a list of it shows.
type Item struct {
	Kind   string
	Digest source.Digest // empty: of a download for which none is known
	Name   string        // what an entry or a download is for, or a plugin's file name
	Source string        // of an entry or a download, without credentials; empty: unknown
	Bytes  int64         // on the disk
	Files  int
	Made   time.Time // zero: unknown
	Used   time.Time // the last use by a process of the owner's; of a download that waits: since when
	InUse  Use

	path  string
	stage string // whose maker holds a download; empty: it waits
	odd   bool   // a file or a link in the place of an entry
}

func (i Item) String() string {
	switch {
	case i.Kind == KindPlugin:
		return fmt.Sprintf("plugin %s (%s)", i.Name, i.Digest)
	case i.Digest == "":
		return fmt.Sprintf("%s in %s", i.Kind, i.path)
	}
	return fmt.Sprintf("%s %s", i.Kind, i.Digest)
}

// Use says whether a process holds an item.
type Use int

// What is known of that. Only the owner of a cache can tell.
const (
	UseUnknown Use = iota
	Unused
	Used
)

// Items lists what is in the cache, whole or damaged, but not what is in the shared one.
func (c *Cache) Items() ([]Item, error) {
	items, err := c.items()
	if err != nil {
		return nil, err
	}
	running, err := c.running()
	if err != nil {
		return nil, err
	}
	items = append(items, running...)
	for i := range items {
		items[i].InUse = items[i].use()
	}
	return items, nil
}

// items lists what may be evicted, without asking what is in use, which takes a moment's
// lock on each. A download that is going on is none of it: what it takes comes and goes.
func (c *Cache) items() ([]Item, error) {
	var items []Item
	for _, list := range []func() ([]Item, error){c.entries, c.plugins, c.waiting} {
		some, err := list()
		if err != nil {
			return nil, err
		}
		items = append(items, some...)
	}
	return items, nil
}

func (c *Cache) entries() ([]Item, error) {
	dirs, err := os.ReadDir(c.path(entriesDir))
	if err != nil {
		return nil, fmt.Errorf("cannot list the cache: %w", err)
	}
	var items []Item
	for _, dir := range dirs {
		digest, err := source.ParseDigest(dir.Name())
		if err != nil {
			continue // not ours
		}
		item, err := c.entryItem(digest)
		if errors.Is(err, fs.ErrNotExist) {
			continue // gone in this moment
		}
		if err != nil {
			return nil, fmt.Errorf("cannot list the cache: %w", err)
		}
		items = append(items, item)
	}
	return items, nil
}

func (c *Cache) entryItem(d source.Digest) (Item, error) {
	dir := c.path(entriesDir, d.Hex())
	info, err := os.Lstat(dir)
	if err != nil {
		return Item{}, err
	}
	if !info.IsDir() {
		return Item{Kind: KindEntry, Digest: d, Bytes: info.Size(), Files: 1, Used: info.ModTime(), path: dir, odd: true}, nil
	}
	a, err := readAbout(dir)
	if err != nil {
		a = about{Made: info.ModTime()}
		if a.Bytes, a.Files, err = measure(dir); err != nil {
			return Item{}, err
		}
	}
	used := a.Made
	if info, err := os.Lstat(filepath.Join(dir, leaseFile)); err == nil {
		used = info.ModTime()
	}
	return Item{
		Kind: KindEntry, Digest: d, Name: a.Artifact, Source: a.Source, Bytes: a.Bytes, Files: a.Files, Made: a.Made, Used: used, path: dir,
	}, nil
}

// measure adds up an entry that does not say how large it is.
func measure(dir string) (bytes int64, files int, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // what cannot be read does not count
		}
		if info, err := entry.Info(); err == nil {
			files++
			bytes += max(1, (info.Size()+block-1)/block) * block
		}
		return nil
	})
	return bytes, files, err
}

func (c *Cache) plugins() ([]Item, error) {
	paths, err := filepath.Glob(c.path(pluginsDir, "*", "*"))
	if err != nil {
		return nil, fmt.Errorf("cannot list the cache: %w", err)
	}
	var items []Item
	for _, path := range paths {
		digest, err := source.ParseDigest(filepath.Base(filepath.Dir(path)))
		info, statErr := os.Lstat(path)
		if err != nil || statErr != nil || !info.Mode().IsRegular() {
			continue
		}
		items = append(items, Item{
			Kind: KindPlugin, Digest: digest, Name: info.Name(), Bytes: info.Size(), Files: 1, Used: info.ModTime(), path: path,
		})
	}
	return items, nil
}

// leases are the files that who uses an item locks.
func (i Item) leases() []string {
	switch {
	case i.odd:
		return nil
	case i.Kind == KindPlugin:
		return []string{i.path}
	case i.Kind == KindEntry:
		return []string{filepath.Join(i.path, leaseFile), filepath.Join(i.path, readersFile)}
	case i.stage != "":
		return []string{i.stage}
	}
	return nil
}

// use tells whether somebody holds an item, as far as this user can know.
func (i Item) use() Use {
	unlock, err := lockAlone(i.leases()...)
	if err == nil {
		unlock()
		return Unused
	}
	if errors.Is(err, unix.EWOULDBLOCK) {
		return Used
	}
	return UseUnknown
}
