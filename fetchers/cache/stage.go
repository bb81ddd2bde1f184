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
	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
)

// Stage is a private folder, on the file system of the cache, in which an entry comes to
// be, and another for its download, in which fetchers write. Discard it in any case.
type Stage struct {
	cache     *Cache
	dir       *scratch.Dir
	downloads string
	origin    Origin
}

// Stage makes one.
func (c *Cache) Stage() (*Stage, error) {
	if err := c.writable(); err != nil {
		return nil, err
	}
	var s *Stage
	err := c.withRoom(func() error {
		dir, err := scratch.Make(c.path(tmpDir), "fill-")
		if err != nil {
			return fmt.Errorf("cannot write to the cache: %w", err)
		}
		s = &Stage{cache: c, dir: dir, downloads: c.path(downloadsDir, filepath.Base(dir.Path))}
		if err := errors.Join(os.Mkdir(s.entry(), dirMode), os.Mkdir(s.downloads, 0o700)); err != nil {
			return errors.Join(fmt.Errorf("cannot write to the cache: %w", err), s.Discard())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

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

// Describe says what will be committed, for people who list the cache.
func (s *Stage) Describe(o Origin) { s.origin = o }

// Commit makes the tree the entry of d, which the caller has verified and locked, holds it,
// and evicts others if the cache is larger than it may be. Where a good entry is there
// already, that one stays; a damaged one gives way.
func (s *Stage) Commit(d source.Digest) (Entry, error) {
	if err := s.cache.withRoom(s.complete); err != nil {
		return Entry{}, err
	}
	e, err := s.place(d)
	if err != nil {
		return Entry{}, err
	}
	s.cache.shrink()
	return e, nil
}

// complete makes of the tree all that an entry is.
func (s *Stage) complete() error {
	files, bytes, err := seal(filepath.Join(s.entry(), treeDir))
	if err != nil {
		return fmt.Errorf("cannot make the cache entry read-only: %w", err)
	}
	count := 0
	for _, f := range files {
		if f.kind != 'd' {
			count++
		}
	}
	note, err := json.Marshal(about{Origin: s.origin, Bytes: bytes, Files: count, Made: time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return fmt.Errorf("cannot list the cache entry: %w", err)
	}
	for name, data := range map[string][]byte{filesFile: formatList(files), aboutFile: note} {
		if err := s.write(name, data, 0o444); err != nil {
			return err
		}
	}
	return errors.Join(s.write(leaseFile, nil, 0o600), s.write(readersFile, nil, 0o444))
}

// write writes a file of the entry anew.
func (s *Stage) write(name string, data []byte, mode fs.FileMode) error {
	path := filepath.Join(s.entry(), name)
	err := os.Remove(path)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = os.WriteFile(path, data, mode)
	}
	if err != nil {
		return fmt.Errorf("cannot list the cache entry: %w", err)
	}
	return nil
}

// place puts the entry into its place, held.
func (s *Stage) place(d source.Digest) (Entry, error) {
	dir := s.cache.path(entriesDir, d.Hex())
	var err error
	for range 10 { // two sources without digest may hold the same bytes, and come here at once
		there, found, lookupErr := s.cache.Lookup(d)
		var damaged *DamagedError
		switch {
		case found:
			return there, nil
		case errors.As(lookupErr, &damaged):
			err = s.replace(dir)
		case lookupErr != nil:
			return Entry{}, lookupErr
		default:
			err = s.rename(dir)
		}
		if err == nil {
			s.cache.recordSumsLater(d)
			return Entry{Digest: d, Dir: filepath.Join(dir, treeDir), cache: s.cache}, nil
		}
		if !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return Entry{}, fmt.Errorf("cannot put the cache entry in its place: %w", err)
}

// rename is where an entry appears. It is locked before, so that nobody evicts it between.
func (s *Stage) rename(dir string) error {
	return s.held(dir, func() error { return os.Rename(s.entry(), dir) })
}

// held moves the entry to dir with its lease locked.
func (s *Stage) held(dir string, move func() error) error {
	lease, err := os.OpenFile(filepath.Join(s.entry(), leaseFile), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err = unix.Flock(int(lease.Fd()), unix.LOCK_SH|unix.LOCK_NB); err == nil {
		err = move()
	}
	if err != nil {
		lease.Close()
		return err
	}
	s.cache.keep(dir, lease)
	return nil
}

// replace exchanges a damaged entry for this one, which takes its leases over: who uses
// the damaged one goes on with the good one, at the same path, and holds it. The damaged
// one goes with the stage.
func (s *Stage) replace(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	for _, name := range []string{leaseFile, readersFile} {
		if !info.IsDir() {
			break // nobody holds it, and a link is not followed
		}
		if err := s.takeOver(filepath.Join(dir, name), filepath.Join(s.entry(), name)); err != nil {
			return err
		}
	}
	return s.held(dir, func() error {
		err := unix.Renameat2(unix.AT_FDCWD, s.entry(), unix.AT_FDCWD, dir, unix.RENAME_EXCHANGE)
		if err == nil || !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) {
			return err
		}
		// Not every file system can do that at once.
		if err := os.Rename(dir, filepath.Join(s.dir.Path, "damaged")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return os.Rename(s.entry(), dir)
	})
}

// takeOver makes a file of the stage another name of one of the damaged entry.
func (s *Stage) takeOver(from, to string) error {
	info, err := os.Lstat(from)
	if errors.Is(err, fs.ErrNotExist) || err == nil && (!info.Mode().IsRegular() || s.cache.trusts(from) != nil) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Link(from, to)
}

// Discard removes what was not committed. It may be called again.
func (s *Stage) Discard() error {
	return errors.Join(scratch.RemoveAll(s.downloads), s.dir.Remove())
}
