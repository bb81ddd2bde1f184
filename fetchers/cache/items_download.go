package cache

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
)

// waiting lists the downloads that killed processes left and somebody may go on with. Nobody
// holds them: who goes on with one takes it away.
func (c *Cache) waiting() ([]Item, error) {
	dirs, err := foldersIn(c.path(partialsDir))
	if err != nil {
		return nil, err
	}
	var items []Item
	for _, dir := range dirs {
		digest, err := source.ParseDigest(dir.Name())
		if err != nil {
			continue // not ours
		}
		item := downloadItem(c.path(partialsDir, dir.Name()), c.path(partialsDir, dir.Name(), noteFile))
		item.Digest, item.Used = digest, dir.ModTime()
		items = append(items, item)
	}
	return items, nil
}

// running lists the downloads of stages: in use while their makers live.
func (c *Cache) running() ([]Item, error) {
	dirs, err := foldersIn(c.Downloads())
	if err != nil {
		return nil, err
	}
	var items []Item
	for _, dir := range dirs {
		stage := c.path(tmpDir, dir.Name())
		item := downloadItem(c.path(downloadsDir, dir.Name()), filepath.Join(stage, noteFile))
		item.stage = stage
		if item.Bytes > 0 {
			items = append(items, item)
		}
	}
	return items, nil
}

// downloadItem is a folder of a download, with what is known from its note. One without a
// digest has no note.
func downloadItem(dir, note string) Item {
	var p Partial
	if data, err := readPlain(note); err == nil {
		_ = json.Unmarshal(data, &p)
	}
	bytes, files, changed := occupied(dir)
	return Item{
		Kind: KindDownload, Digest: p.Digest, Name: p.Artifact, Source: p.Source, Bytes: bytes, Files: files, Used: changed, path: dir,
	}
}

// occupied adds up what files take on the disk, which is less than their sizes where the
// middle of one has not come yet, and tells when the last of them changed. What cannot be
// read, or goes in this moment, does not count.
func occupied(dir string) (bytes int64, files int, changed time.Time) {
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == noteFile {
			return nil //nolint:nilerr // see above
		}
		info, err := entry.Info()
		if err != nil {
			return nil //nolint:nilerr // see above
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			bytes += stat.Blocks * 512
		}
		files++
		if info.ModTime().After(changed) {
			changed = info.ModTime()
		}
		return nil
	})
	return bytes, files, changed
}

// verifyDownload tells whether somebody could go on with a download. Its bytes can only be
// judged once all of them have come.
func verifyDownload(item Item) Verdict {
	v := Verdict{Content: ContentPart}
	if item.stage != "" {
		return v
	}
	if _, err := readNote(item.path); err != nil && !errors.Is(err, fs.ErrPermission) { // only its owner can tell
		v.Damage = fmt.Sprintf("nobody can go on with it: %s", err)
	}
	return v
}

// foldersIn lists the folders in a folder; none where that is not there.
func foldersIn(dir string) ([]fs.FileInfo, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot list the cache: %w", err)
	}
	var folders []fs.FileInfo
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.IsDir() {
			folders = append(folders, info)
		}
	}
	return folders, nil
}
