package cache

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
)

const (
	partialsDir = "partial"
	noteFile    = "resume.json"
	downloadDir = "download"
	// partialAge is how long a part of a download may wait for who goes on with it.
	partialAge = 24 * time.Hour
)

// Partial is how far a download has come, so that whoever comes after a killed process can
// go on with it. Only downloads whose digest is known have one: nothing else could prove in
// the end that the bytes of two processes, with perhaps a power cut between them, are one file.
type Partial struct {
	Digest    source.Digest `json:"digest"`
	File      string        `json:"file"` // its name in Stage.Downloads
	Bytes     int64         `json:"bytes"`
	Total     int64         `json:"total"`
	Validator string        `json:"validator"`
}

// Downloads is the folder for downloads of the stage.
func (s *Stage) Downloads() string { return filepath.Join(s.dir.Path, downloadDir) }

// Note keeps how far the stage's download is.
func (s *Stage) Note(p Partial) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	path := filepath.Join(s.Downloads(), noteFile)
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// Resume moves what a killed process left of a download of d into the stage. The caller
// holds the lock of d; only the digest of the whole can tell whether the bytes are right.
func (s *Stage) Resume(d source.Digest) (Partial, bool) {
	if err := os.Rename(s.cache.path(partialsDir, d.Hex()), s.Downloads()); err != nil {
		return Partial{}, false
	}
	p, err := readNote(s.Downloads())
	return p, err == nil && p.Digest == d
}

func readNote(dir string) (Partial, error) {
	var p Partial
	// A plugin may write there: what it left must be no way out.
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
		return p, errors.New("no download is there")
	}
	data, err := os.ReadFile(filepath.Join(dir, noteFile))
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err != nil {
		return p, err
	}
	if p.Digest, err = source.ParseDigest(string(p.Digest)); err != nil {
		return p, err
	}
	plain, err := regexp.MatchString(`^file-[0-9]+$`, p.File)
	if err != nil || !plain {
		return p, fmt.Errorf("%q is no download", p.File)
	}
	info, err := os.Lstat(filepath.Join(dir, p.File))
	switch {
	case err != nil:
		return p, err
	case !info.Mode().IsRegular() || p.Bytes <= 0 || info.Size() < p.Bytes || p.Validator == "":
		return p, errors.New("nothing to go on with")
	}
	return p, nil
}

// rescue keeps the download in the stage of a dead process, before it is swept.
func (c *Cache) rescue(stage string) {
	from := filepath.Join(stage, downloadDir)
	p, err := readNote(from)
	if err != nil {
		return
	}
	to := c.path(partialsDir, p.Digest.Hex())
	if there, err := readNote(to); err == nil && there.Bytes >= p.Bytes {
		return
	}
	if err := os.MkdirAll(filepath.Dir(to), dirMode); err != nil {
		return
	}
	_ = c.dropPartial(p.Digest.Hex())
	if err := os.Rename(from, to); err == nil {
		now := time.Now()
		_ = os.Chtimes(to, now, now) // it waits from now on
	}
}

// dropOldPartials removes what nobody went on with.
func (c *Cache) dropOldPartials(now time.Time) error {
	entries, err := os.ReadDir(c.path(partialsDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && now.Sub(info.ModTime()) > partialAge {
			errs = append(errs, c.dropPartial(entry.Name()))
		}
	}
	return errors.Join(errs...)
}

// dropPartial takes it out of the way first: it must not be removed under one who resumes it.
func (c *Cache) dropPartial(name string) error {
	aside, err := scratch.Make(c.path(tmpDir), "partial-")
	if err != nil {
		return err
	}
	err = os.Rename(c.path(partialsDir, name), filepath.Join(aside.Path, name))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, aside.Remove())
}
