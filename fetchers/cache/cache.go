// Package cache keeps unpacked software on a node, addressed by the sha256 of the
// archive it came from, for any number of executors at once. What lies in it is
// read-only, complete (an entry appears by rename, after its digest matched) and written
// by this user or root: a cache that others could have written to is refused.
//
// Below its folder:
//
//	entries/HEX/tree/        what the archive with that sha256 holds
//	entries/HEX/files        its files: sizes, times, modes
//	entries/HEX/sums         the sha256 of each of them, once somebody had the time
//	entries/HEX/entry.json   where it came from, and how large it is
//	entries/HEX/lease        locked (flock, shared) by each process that uses the entry;
//	                         its time is that of the last use
//	entries/HEX/readers      the same for other users, who cannot open the lease
//	index/KEY.json           digest, validator and size of a source without a digest;
//	                         KEY is a sha256, since sources may hold credentials
//	plugins/HEX/FILE         executables of plugins, by their own sha256; locked as leases
//	locks/KEY                locked by who makes the entry of that key
//	tmp/RANDOM/              what is being made, locked by its maker; removed when the
//	                         cache is opened and the maker is dead
//	downloads/RANDOM/        the download for what is made in tmp under the same name
//	partial/HEX/             a part of a download of that sha256, of a process that was
//	                         killed; the next one goes on with it, or it goes after a day
//
// Fetchers write below downloads and nowhere else (the host sees to that where the kernel
// can): all else is written by the host's own process. So a fetcher cannot change a tree
// after the bytes that it was unpacked from were hashed.
//
// In use is what a process holds: Lookup, Commit and Plugin lock what they hand out, and
// the lock ends with Release, Close or the process, however it ends. Where the cache has a
// limit, or its disk is full, the least recently used of what nobody holds goes, parts of
// downloads among it: by a rename out of the way first, so that a kill at any moment leaves
// entries whole or gone. A download that is going on is held by who holds its tmp/RANDOM.
//
// Several users: a user adds only to a folder of its own. From one that belongs to root it
// reads what root put there; what another user could have written is not read at all. Who
// can read the folder can hold an entry, and so keep it from being evicted.
//
// What Lookup compares are sizes, times of change and modes, which shows what was cut
// short or changed in place, and takes a few milliseconds; bits that rotted on the disk
// show only when all is read again (Verify). Nothing is flushed to disk on the way: a power
// cut may leave an entry with short files, which Lookup notices. How things are fetched,
// hashed and unpacked is plugins/host and fetchers/unpack.
package cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
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

// DefaultMaxBytes bounds the cache of a node: room for some thirty releases.
const DefaultMaxBytes = 20 << 30

// Options of a cache. The zero value is one without a limit, for this user alone.
type Options struct {
	// MaxBytes is what the cache may take on disk, in bytes, when nobody uses what is in
	// it; 0: no limit.
	MaxBytes int64
	// Private is the folder to add to where the cache's belongs to another user; empty:
	// there is none, and what is not in the cache cannot be had.
	Private string
	// SumsAfter is how long an entry is in use before its files are read to record their
	// digests, for Verify: 1 minute, when what needed it is up. Negative: never.
	SumsAfter time.Duration
	Logger    *slog.Logger // default: none
}

// Cache is a cache folder. Its methods may be called at once, also by several processes.
type Cache struct {
	dir       string
	owner     int // the user
	maxBytes  int64
	sumsAfter time.Duration
	log       *slog.Logger
	readOnly  bool   // the folder is another user's
	shared    *Cache // to be read, too; nil: none

	ctx   context.Context // ends with Close
	close context.CancelFunc
	sums  sync.WaitGroup // of what records digests

	mu     sync.Mutex
	closed bool
	holds  map[string]*hold       // by path
	later  map[source.Digest]bool // whose digests are about to be recorded
}

// Open is OpenWith without options.
func Open(dir string) (*Cache, error) { return OpenWith(dir, Options{}) }

// OpenWith makes the folder if it is missing, refuses it if others could write there, and
// clears away what dead processes left half done. A folder of root's is only read by
// others, who add to the private one of the options.
func OpenWith(dir string, o Options) (*Cache, error) {
	o.setDefaults()
	foreign, owner, err := isForeign(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot use cache folder %s: %w", dir, err)
	}
	if !foreign {
		return openOwn(dir, o)
	}
	shared, err := openShared(dir, owner, o)
	if o.Private == "" {
		return shared, err
	}
	if err != nil {
		// Another user's cache may hold anything; this one does without.
		o.Logger.Info("a cache folder of another user is not used", "dir", dir, "instead", o.Private, "reason", err)
	}
	private, privateErr := openOwn(o.Private, o)
	if privateErr != nil {
		return nil, fmt.Errorf("cannot add to cache folder %s, which belongs to user %d: %w", dir, owner, privateErr)
	}
	private.shared = shared
	return private, nil
}

func (o *Options) setDefaults() {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// Look opens a cache to look at it, whoever it belongs to, and makes nothing. What it says
// of a cache of another user is as true as that user made it.
func Look(dir string) (*Cache, error) {
	o := Options{SumsAfter: -1}
	o.setDefaults()
	foreign, owner, err := isForeign(dir)
	if err == nil {
		_, err = os.Stat(filepath.Join(dir, entriesDir))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &NotThereError{dir}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot look into cache folder %s: %w", dir, err)
	}
	c := newCache(filepath.Clean(dir), owner, o)
	c.readOnly = foreign
	return c, nil
}

// NotThereError says that there is no cache to look at.
type NotThereError struct{ Dir string }

func (e *NotThereError) Error() string { return "there is no cache in " + e.Dir }

// isForeign tells whether a folder is there and belongs to another user.
func isForeign(dir string) (foreign bool, owner int, err error) {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, 0, nil
	}
	if err != nil {
		return false, 0, err
	}
	if !info.IsDir() {
		return false, 0, errors.New("it is no folder")
	}
	owner, err = trust.Owner(info)
	return owner != os.Geteuid(), owner, err
}

func newCache(dir string, owner int, o Options) *Cache {
	c := &Cache{
		dir: dir, owner: owner, maxBytes: o.MaxBytes, sumsAfter: o.SumsAfter, log: o.Logger,
		holds: map[string]*hold{}, later: map[source.Digest]bool{},
	}
	if c.sumsAfter == 0 {
		c.sumsAfter = time.Minute
	}
	c.ctx, c.close = context.WithCancel(context.Background())
	return c
}

func openOwn(dir string, o Options) (*Cache, error) {
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, fmt.Errorf("cannot make cache folder: %w", err)
	}
	dirs := []string{entriesDir, indexDir, pluginsDir, locksDir, tmpDir, downloadsDir}
	c, err := openTrusted(dir, os.Geteuid(), o, dirs, func(path string) error { return os.MkdirAll(path, dirMode) })
	if err != nil {
		return nil, err
	}
	if err := c.sweep(); err != nil {
		return nil, fmt.Errorf("cannot clean cache folder %s: %w", dir, err)
	}
	return c, nil
}

// sweep clears away what dead processes left, but for downloads that can be gone on with.
func (c *Cache) sweep() error {
	return errors.Join(scratch.Sweep(c.path(tmpDir), "", c.rescue), c.sweepDownloads(), c.dropOldPartials(time.Now()))
}

// openShared opens root's folder for another user.
func openShared(dir string, owner int, o Options) (*Cache, error) {
	c, err := openTrusted(dir, owner, o, []string{entriesDir, indexDir, pluginsDir}, func(string) error { return nil })
	if err != nil {
		return nil, err
	}
	c.readOnly = true
	c.log.Debug("a cache folder is only read", "dir", dir, "owner", owner)
	return c, nil
}

// openTrusted opens a folder whose dirs nobody but its owner and root can have written.
func openTrusted(dir string, owner int, o Options, dirs []string, makeDir func(string) error) (*Cache, error) {
	resolved, err := trust.Path(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot use cache folder %s: %w", dir, err)
	}
	c := newCache(resolved, owner, o)
	for _, sub := range dirs {
		path := c.path(sub)
		if err := makeDir(path); err != nil {
			return nil, fmt.Errorf("cannot make cache folder: %w", err)
		}
		// As it is, not what a link in its place leads to.
		info, err := os.Lstat(path)
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("%s is no folder; remove it, or choose another place", path)
		}
		if err == nil {
			err = trust.Judge(path, info, false)
		}
		if err != nil {
			return nil, fmt.Errorf("cannot use cache folder %s: %w", dir, err)
		}
	}
	return c, nil
}

// Owner is the user that the folder belongs to.
func (c *Cache) Owner() int { return c.owner }

// Dir is the cache's folder, with links resolved: the private one, where there is one.
func (c *Cache) Dir() string { return c.dir }

// Close releases all that was handed out. The cache may not be used any more; what it
// handed out may go now. It may be called again.
func (c *Cache) Close() error {
	c.mu.Lock()
	c.closed = true
	c.close()
	c.mu.Unlock()
	c.sums.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for path, h := range c.holds {
		errs = append(errs, h.file.Close())
		delete(c.holds, path)
	}
	if c.shared != nil {
		errs = append(errs, c.shared.Close())
	}
	return errors.Join(errs...)
}

// ReadOnlyError says that a cache cannot be changed, since this user may only read it.
type ReadOnlyError struct{ Dir string }

func (e *ReadOnlyError) Error() string {
	return fmt.Sprintf("cannot change cache folder %s: it belongs to another user, and user %d, who runs this, may use what is in it but change nothing; "+
		"let its owner do that, or let alluxio.integration.mesos.cache.dir name a folder of user %d", e.Dir, os.Geteuid(), os.Geteuid())
}

func (c *Cache) writable() error {
	if c.readOnly {
		return &ReadOnlyError{c.dir}
	}
	return nil
}

func (c *Cache) path(parts ...string) string {
	return filepath.Join(append([]string{c.dir}, parts...)...)
}
