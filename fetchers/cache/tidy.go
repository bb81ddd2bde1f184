package cache

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// maxRecords is how many sources without a digest are remembered at most.
	maxRecords = 1000
	// staleLock is how long a lock lies there after its last use.
	staleLock = 24 * time.Hour
)

// tidyIndex forgets sources whose entry is gone, and the oldest of too many.
func (c *Cache) tidyIndex() error {
	files, err := filesIn(c.path(indexDir))
	if err != nil {
		return err
	}
	slices.SortFunc(files, byAge)
	kept := 0
	for _, file := range files {
		path := c.path(indexDir, file.Name())
		if c.recordLives(path) {
			if kept++; kept <= maxRecords {
				continue
			}
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (c *Cache) recordLives(path string) bool {
	data, err := os.ReadFile(path)
	var r Record
	if err != nil || json.Unmarshal(data, &r) != nil {
		return false
	}
	_, err = os.Lstat(c.path(entriesDir, r.Digest.Hex()))
	return err == nil
}

// tidyLocks removes locks that nobody holds and nobody took for long.
func (c *Cache) tidyLocks() error {
	files, err := filesIn(c.path(locksDir))
	if err != nil {
		return err
	}
	for _, file := range files {
		if time.Since(file.ModTime()) < staleLock {
			continue
		}
		if err := removeLock(c.path(locksDir, file.Name())); err != nil {
			return err
		}
	}
	return nil
}

// removeLock removes a lock that is free. Who opened it meanwhile notices (Lock).
func removeLock(path string) error {
	unlock, err := lockAlone(path)
	if errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, errGone) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot remove a lock: %w", err)
	}
	defer unlock()
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove a lock: %w", err)
	}
	return nil
}

func filesIn(dir string) ([]os.FileInfo, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []os.FileInfo
	for _, entry := range entries {
		info, err := entry.Info()
		if err == nil && info.Mode().IsRegular() && !strings.HasPrefix(info.Name(), ".") {
			files = append(files, info)
		}
	}
	return files, nil
}
