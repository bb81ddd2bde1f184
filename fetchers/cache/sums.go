package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
)

const (
	sumsFile = "sums"
	sumsHead = "alluxio-mesos sums 1\n"
)

// recordSumsLater reads the files of an entry once, when it has been in use for a while, and
// records their digests. To read 300 MB takes half a second of a core: as long as all the rest
// of a fetch, which every core is busy with.
func (c *Cache) recordSumsLater(d source.Digest) {
	if c.readOnly || c.sumsAfter < 0 {
		return
	}
	if _, err := os.Lstat(c.path(entriesDir, d.Hex(), sumsFile)); err == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.later[d] || c.closed {
		return
	}
	c.later[d] = true
	c.sums.Go(func() {
		select {
		case <-c.ctx.Done():
			return
		case <-time.After(c.sumsAfter):
		}
		if err := c.recordSums(c.ctx, d); err != nil && c.ctx.Err() == nil {
			c.log.Warn("cannot record the digests of a cache entry", "entry", d, "error", err)
		}
		c.mu.Lock()
		delete(c.later, d)
		c.mu.Unlock()
	})
}

// recordSums records the digests of an entry whose files were not changed since they were
// unpacked, unless another process does.
func (c *Cache) recordSums(ctx context.Context, d source.Digest) error {
	unlock, err := tryLock(c.path(locksDir, keyName("sums "+string(d))))
	if err != nil || unlock == nil {
		return err
	}
	defer unlock()
	dir := c.path(entriesDir, d.Hex())
	held, _, err := c.holdEntry(dir) // Lookup tells of damage
	if !held || err != nil {
		return err
	}
	defer c.release(dir)
	if _, err := os.Lstat(filepath.Join(dir, sumsFile)); err == nil {
		return nil
	}
	sums, err := digestTree(ctx, dir)
	if err != nil {
		return err
	}
	if c.checkEntry(dir) != "" {
		return nil // Lookup says so
	}
	return c.writeFile(filepath.Join(dir, sumsFile), formatSums(sums), 0o444)
}

// sum is the digest of one file.
type sum struct{ path, hex string }

func formatSums(sums []sum) []byte {
	out := []byte(sumsHead)
	for _, s := range sums {
		out = append(out, s.hex+" "+quotePath(s.path)+"\n"...)
	}
	return append(out, fmt.Sprintf("%s%d\n", filesEnd, len(sums))...)
}

// readSums reads the digests of an entry's files by path.
func readSums(dir string) (map[string]string, error) {
	data, err := os.ReadFile(filepath.Join(dir, sumsFile))
	if err != nil {
		return nil, err
	}
	bad := errors.New("its list of digests is damaged")
	text, ok := strings.CutPrefix(string(data), sumsHead)
	sums := map[string]string{}
	for ok {
		var line string
		line, text, ok = strings.Cut(text, "\n")
		if count, isEnd := strings.CutPrefix(line, filesEnd); isEnd {
			if count != fmt.Sprint(len(sums)) || text != "" {
				return nil, bad
			}
			return sums, nil
		}
		hex, path, found := strings.Cut(line, " ")
		path, err := unquotePath(path)
		if !found || err != nil {
			return nil, bad
		}
		sums[path] = hex
	}
	return nil, bad
}

// digestTree reads all regular files that an entry lists.
func digestTree(ctx context.Context, dir string) ([]sum, error) {
	data, err := os.ReadFile(filepath.Join(dir, filesFile))
	if err != nil {
		return nil, err
	}
	files, err := parseList(data)
	if err != nil {
		return nil, err
	}
	var sums []sum
	buffer := make([]byte, 256<<10)
	for _, f := range files {
		if f.kind != '-' {
			continue
		}
		hex, err := digestFile(ctx, filepath.Join(dir, treeDir, f.path), buffer)
		if err != nil {
			return nil, err
		}
		sums = append(sums, sum{f.path, hex})
	}
	return sums, nil
}

func digestFile(ctx context.Context, path string, buffer []byte) (string, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := file.Read(buffer)
		_, _ = hash.Write(buffer[:n])
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(hash.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
}
