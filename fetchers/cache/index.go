package cache

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
)

// Record is what a source without a digest held when it was last fetched. It may have
// changed since: whoever uses a record asks the source first.
type Record struct {
	Digest    source.Digest `json:"digest"`
	Validator string        `json:"validator"`
	Bytes     int64         `json:"bytes"`
}

// Recall finds the record of a source. A record that cannot be read is none.
func (c *Cache) Recall(key string) (Record, bool) {
	path := c.recordPath(key)
	if err := c.trusts(path); err != nil {
		return Record{}, false
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Record{}, false
	}
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return Record{}, false
	}
	if r.Digest, err = source.ParseDigest(string(r.Digest)); err != nil {
		return Record{}, false
	}
	return r, r.Validator != "" && r.Bytes > 0
}

// Remember keeps the record of a source, or forgets it where there is no validator by
// which the source could be asked.
func (c *Cache) Remember(key string, r Record) error {
	if err := c.writable(); err != nil {
		return err
	}
	path := c.recordPath(key)
	if r.Validator == "" {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot forget a source in the cache: %w", err)
		}
		return nil
	}
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("cannot remember a source in the cache: %w", err)
	}
	if err := c.writeFile(path, data, 0o600); err != nil {
		return fmt.Errorf("cannot remember a source in the cache: %w", err)
	}
	return nil
}

func (c *Cache) recordPath(key string) string { return c.path(indexDir, keyName(key)+".json") }

// writeFile puts a small file in its place as a whole.
func (c *Cache) writeFile(path string, data []byte, mode fs.FileMode) error {
	dir, err := scratch.Make(c.path(tmpDir), "record-")
	if err != nil {
		return err
	}
	defer func() { _ = dir.Remove() }()
	draft := filepath.Join(dir.Path, "record")
	if err := os.WriteFile(draft, data, mode); err != nil {
		return err
	}
	return os.Rename(draft, path)
}
