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
	Origin
	Digest    source.Digest `json:"digest"`
	File      string        `json:"file"` // its name in Stage.Downloads
	Bytes     int64         `json:"bytes"`
	Total     int64         `json:"total"`
	Validator string        `json:"validator"`
}

// Note keeps how far the stage's download is, where no fetcher can change it.
func (s *Stage) Note(p Partial) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	path := filepath.Join(s.dir.Path, noteFile)
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// Resume moves what a killed process left of a download of d into the stage. The caller
// holds the lock of d; only the digest of the whole can tell whether the bytes are right.
func (s *Stage) Resume(d source.Digest) (Partial, bool) {
	private := filepath.Join(s.dir.Path, downloadDir)
	if err := os.Rename(s.cache.path(partialsDir, d.Hex()), private); err != nil {
		return Partial{}, false
	}
	p, err := readNote(private)
	if err != nil || p.Digest != d {
		return Partial{}, false // and it goes with the stage
	}
	return p, s.goOnWith(private) == nil
}

// goOnWith puts a download and its note where those of the stage belong. A kill in between
// leaves what rescue puts together again.
func (s *Stage) goOnWith(private string) error {
	if err := os.Rename(filepath.Join(private, noteFile), filepath.Join(s.dir.Path, noteFile)); err != nil {
		return err
	}
	if err := os.Remove(s.downloads); err != nil { // a rename over a folder is refused
		return err
	}
	return os.Rename(private, s.downloads)
}

func readNote(dir string) (Partial, error) {
	var p Partial
	// A fetcher wrote there: what it left must be no way out.
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
		return p, errors.New("no download is there")
	}
	data, err := readPlain(filepath.Join(dir, noteFile))
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
		return p, errors.New("its file is not what was noted of it")
	}
	return p, nil
}

// readPlain reads a regular file, and nothing that a link leads to.
func readPlain(path string) ([]byte, error) {
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("%s is no file", path), err)
	}
	return os.ReadFile(path)
}

// rescue keeps the download of a dead process' stage, before that is swept. What it can be
// gone on with is put together where only this process writes, and then moved as one.
func (c *Cache) rescue(stage string) {
	from := filepath.Join(stage, downloadDir)
	if _, err := os.Lstat(from); err != nil { // else it was killed as it resumed or rescued
		if err := os.Rename(c.path(downloadsDir, filepath.Base(stage)), from); err != nil {
			return
		}
	}
	_ = os.Rename(filepath.Join(stage, noteFile), filepath.Join(from, noteFile))
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

// dropPartial may come at the same time as one who resumes it: to each it is there or not.
func (c *Cache) dropPartial(name string) error {
	if err := c.removeFolder(c.path(partialsDir, name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
