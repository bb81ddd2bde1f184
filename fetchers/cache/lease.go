package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

const (
	leaseFile   = "lease"
	readersFile = "readers"

	// evictorsMoment is longer than an evictor holds a lease, which it does for a rename.
	evictorsMoment = 5 * time.Second
	leasePause     = time.Millisecond
	// useGrain is how exact the time of the last use is.
	useGrain = time.Minute
)

// hold keeps something from being evicted: a shared lock. A lock belongs to the open file,
// so all who use the same thing in this process share one.
type hold struct {
	file  *os.File
	users int
}

// errGone says that there is nothing (any more) to hold.
var errGone = errors.New("it is not there")

// holdFile locks the file that opener opens for as long as it is used, and makes sure that
// it is still in its place then. Path names the hold. Patience is for who locked it alone.
func (c *Cache) holdFile(path string, patience time.Duration, opener func() (*os.File, error)) error {
	deadline := time.Now().Add(patience)
	for {
		file, err := opener()
		if errors.Is(err, fs.ErrNotExist) {
			return errGone
		}
		if err != nil {
			return err
		}
		err = unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB)
		if err == nil && inPlace(file) {
			c.keep(path, file)
			return nil
		}
		file.Close()
		if err != nil && !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("cannot lock %s: %w", file.Name(), err)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("cannot lock %s: another process has locked it for %s", file.Name(), patience)
		}
		select {
		case <-c.ctx.Done():
			return errors.New("the cache is closed")
		case <-time.After(leasePause):
		}
	}
}

// keep notes a hold, or one more user of it.
func (c *Cache) keep(path string, file *os.File) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old, found := c.holds[path]
	if found && sameFile(old.file, file) {
		old.users++
		file.Close()
		return
	}
	if found { // of something that was removed by hand
		old.file.Close()
	}
	c.holds[path] = &hold{file: file, users: 1}
}

func (c *Cache) release(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, found := c.holds[path]
	if !found {
		return
	}
	if h.users--; h.users == 0 {
		h.file.Close()
		delete(c.holds, path)
	}
}

// openLease opens what a user of an entry locks. The owner's processes lock a file that
// others cannot open, so that these cannot lock them out.
func (c *Cache) openLease(dir string) (*os.File, error) {
	if c.readOnly {
		return os.OpenFile(filepath.Join(dir, readersFile), os.O_RDONLY|unix.O_NOFOLLOW, 0)
	}
	return os.OpenFile(filepath.Join(dir, leaseFile), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
}

// lockAlone locks something against all who would use it. It fails with EWOULDBLOCK if
// somebody uses it.
func lockAlone(paths ...string) (unlock func(), err error) {
	var files []*os.File
	unlock = func() {
		for _, file := range files {
			file.Close()
		}
	}
	for _, path := range paths {
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() && !info.IsDir() {
			continue // nobody ever held it
		}
		file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it went in this moment
		}
		if err == nil {
			files = append(files, file)
			if err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil && !inPlace(file) {
				err = errGone
			}
		}
		if err != nil {
			unlock()
			return nil, err
		}
	}
	return unlock, nil
}

// inPlace tells whether an open file is still the one at its path.
func inPlace(file *os.File) bool {
	mine, err := file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(file.Name())
	return err == nil && os.SameFile(mine, there)
}

func sameFile(a, b *os.File) bool {
	one, err1 := a.Stat()
	two, err2 := b.Stat()
	return err1 == nil && err2 == nil && os.SameFile(one, two)
}

// touch notes the use of something by the time of a file. One who may not is not noted.
func touch(path string) {
	info, err := os.Lstat(path)
	if now := time.Now(); err == nil && now.Sub(info.ModTime()).Abs() > useGrain {
		_ = os.Chtimes(path, time.Time{}, now)
	}
}
