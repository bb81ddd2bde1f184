package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
)

const downloadsDir = "downloads"

// Downloads is the folder of the downloads of all stages: the only one below the cache that
// fetchers have to write to. What is unpacked and what is noted lies elsewhere, so nothing
// in here needs to be trusted beyond what a digest proves.
func (c *Cache) Downloads() string { return c.path(downloadsDir) }

// Downloads is the folder of the stage's downloads.
func (s *Stage) Downloads() string { return s.downloads }

// NewFile makes a file of that many zeros for a fetcher to write to, in place of any
// earlier one of that name.
func (s *Stage) NewFile(name string, size int64) (path string, err error) {
	path = filepath.Join(s.downloads, name)
	err = os.Remove(path)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = newFile(path, size)
	}
	if err != nil {
		return "", fmt.Errorf("cannot make a file for the download: %w", err)
	}
	return path, nil
}

// newFile follows no link that a fetcher may have put there, and touches nothing else by the
// file's name once it is made.
func newFile(path string, size int64) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(file.Truncate(size), file.Close())
}

// sweepDownloads removes what lies among the downloads and belongs to no stage. A stage's
// own folder is there before its downloads, and goes after them.
func (c *Cache) sweepDownloads() error {
	entries, err := os.ReadDir(c.Downloads())
	if err != nil {
		return fmt.Errorf("cannot look for left-over downloads: %w", err)
	}
	var errs []error
	for _, entry := range entries {
		if _, err := os.Lstat(c.path(tmpDir, entry.Name())); errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, scratch.RemoveAll(c.path(downloadsDir, entry.Name())))
		}
	}
	return errors.Join(errs...)
}
