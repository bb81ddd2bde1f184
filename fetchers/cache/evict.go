package cache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
)

const (
	evictorsTurn = 5 * time.Second
	// someRoom is what is made free where nobody knows how much is needed.
	someRoom = 64 << 20
)

// errInUse says that something is not removed since a process uses it.
var errInUse = errors.New("it is in use")

// shrink evicts the least recently used of what nobody holds until the cache is as small
// as it may be. What is larger than the limit all by itself stays while it is held.
func (c *Cache) shrink() {
	if c.maxBytes <= 0 || c.readOnly {
		return
	}
	defer c.evictorsLock()()
	items, err := c.items()
	if err != nil {
		c.log.Warn("cannot tell how large the cache is", "dir", c.dir, "error", err)
		return
	}
	var bytes int64
	for _, item := range items {
		bytes += item.Bytes
	}
	left := c.evict(items, bytes-c.maxBytes)
	c.tidy()
	if left > 0 {
		c.log.Warn("the cache is larger than alluxio.integration.mesos.cache.size, since all that is in it is in use",
			"dir", c.dir, "bytes", c.maxBytes+left, "limit", c.maxBytes)
	}
}

// evict removes what was not used for the longest time until that many bytes are free, and
// tells how many are missing to that.
func (c *Cache) evict(items []Item, bytes int64) (missing int64) {
	slices.SortFunc(items, func(a, b Item) int { return a.Used.Compare(b.Used) })
	for _, item := range items {
		if bytes <= 0 {
			break
		}
		switch err := c.Remove(item); {
		case err == nil:
			c.log.Info("evicted from the cache", "what", item.String(), "bytes", item.Bytes, "used", item.Used)
			bytes -= item.Bytes
		case !errors.Is(err, errInUse):
			c.log.Warn("cannot evict from the cache", "what", item.String(), "error", err)
		}
	}
	return bytes
}

// MakeRoom evicts what nobody holds until the disk of the cache has room for that many
// bytes, or nothing more can go. It tells how many bytes went.
func (c *Cache) MakeRoom(bytes int64) (freed int64) {
	if c.readOnly {
		return 0
	}
	defer c.evictorsLock()()
	items, err := c.items()
	if err != nil {
		c.log.Warn("cannot tell what is in the cache", "dir", c.dir, "error", err)
		return 0
	}
	wanted := bytes - c.free()
	if wanted <= 0 {
		wanted = bytes // a quota is full, not the disk
	}
	missing := c.evict(items, wanted)
	return wanted - missing
}

// free is the room on the disk of the cache, in bytes.
func (c *Cache) free() int64 {
	var stat unix.Statfs_t
	if err := unix.Statfs(c.dir, &stat); err != nil {
		return 0
	}
	return int64(stat.Bavail) * int64(stat.Bsize) //nolint:unconvert // not the same type on every architecture
}

// withRoom does something that needs a little room, and once more if there was none and
// some could be made.
func (c *Cache) withRoom(do func() error) error {
	err := do()
	if isFull(err) && c.MakeRoom(c.free()+someRoom) > 0 {
		err = do()
	}
	if isFull(err) {
		err = fmt.Errorf("%w; make room on the disk of %s, or let alluxio.integration.mesos.cache.dir name a folder on another", err, c.dir)
	}
	return err
}

func isFull(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }

// evictorsLock keeps two evictors from removing twice as much as needed. One that does not
// get its turn goes on without.
func (c *Cache) evictorsLock() (unlock func()) {
	ctx, cancel := context.WithTimeout(context.Background(), evictorsTurn)
	defer cancel()
	unlock, err := c.Lock(ctx, "evict", nil)
	if err != nil {
		return func() {}
	}
	return unlock
}

// Remove removes what nobody uses. Of an entry nothing is to be seen from one moment to the
// next; a kill leaves the rest for the next Open.
func (c *Cache) Remove(item Item) error {
	if err := c.writable(); err != nil {
		return err
	}
	unlock, err := lockAlone(item.leases()...)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return errInUse
	case errors.Is(err, errGone):
		return nil
	case err != nil:
		return fmt.Errorf("cannot remove %s from the cache: %w", item, err)
	}
	defer unlock()
	if item.Kind == KindPlugin {
		err = os.Remove(item.path)
		_ = os.Remove(filepath.Dir(item.path)) // if it was the last
	} else {
		err = c.removeFolder(item.path)
	}
	if item.Kind == KindDownload && errors.Is(err, fs.ErrNotExist) {
		return errInUse // somebody goes on with it
	}
	if err != nil {
		return fmt.Errorf("cannot remove %s from the cache: %w", item, err)
	}
	return nil
}

// removeFolder takes it out of the way first, which needs no room on the disk: a new folder would.
func (c *Cache) removeFolder(dir string) error {
	aside := c.path(tmpDir, fmt.Sprintf("evicted-%s-%d", filepath.Base(dir), time.Now().UnixNano()))
	if err := os.Rename(dir, aside); err != nil {
		return err
	}
	return scratch.RemoveAll(aside)
}

// tidy removes what has no use any more: records of entries that are gone, and locks that
// nobody takes.
func (c *Cache) tidy() {
	if err := errors.Join(c.tidyIndex(), c.tidyLocks()); err != nil {
		c.log.Warn("cannot tidy up the cache", "dir", c.dir, "error", err)
	}
}

func byAge(a, b os.FileInfo) int { return cmp.Compare(b.ModTime().UnixNano(), a.ModTime().UnixNano()) }
