package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
	"github.com/alluxio-mesos/alluxio-mesos/internal/trust"
)

// DigestError says that bytes are not those that were asked for.
type DigestError struct{ Expected, Got source.Digest }

func (e *DigestError) Error() string {
	return fmt.Sprintf("wrong digest: expected %s, got %s", e.Expected, e.Got)
}

// Plugin is the path of the executable called name with the given digest, held until
// Close. If it is not there, get writes it, and it takes its place once its digest matched
// (else: a *DigestError); get may be called twice where the disk is full. A file that is
// there is not read; whoever executes it checks it.
func (c *Cache) Plugin(ctx context.Context, d source.Digest, name string, get func(context.Context, io.Writer) error) (string, error) {
	if c.shared != nil {
		path := c.shared.path(pluginsDir, d.Hex(), filepath.Base(name))
		if found, err := c.shared.hasPlugin(path); found && err == nil {
			return path, nil
		}
	}
	path := c.path(pluginsDir, d.Hex(), filepath.Base(name))
	if found, err := c.hasPlugin(path); found || err != nil {
		return path, err
	}
	unlock, err := c.Lock(ctx, "plugin "+d.Hex(), nil)
	if err != nil {
		return "", err
	}
	defer unlock()
	if found, err := c.hasPlugin(path); found || err != nil {
		return path, err
	}
	if err := c.withRoom(func() error { return c.addPlugin(ctx, d, path, get) }); err != nil {
		return path, err
	}
	c.holdPlugin(path)
	c.shrink()
	return path, nil
}

// DropPlugin removes an executable that turned out not to have its digest.
func (c *Cache) DropPlugin(d source.Digest, name string) error {
	err := c.writable()
	if err == nil {
		err = os.Remove(c.path(pluginsDir, d.Hex(), filepath.Base(name)))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove a damaged plugin: %w", err)
	}
	return nil
}

func (c *Cache) hasPlugin(path string) (bool, error) {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if _, err := trust.Path(path); err != nil {
		return false, fmt.Errorf("cannot use plugin in the cache: %w", err)
	}
	return c.holdPlugin(path), nil
}

// holdPlugin keeps a plugin from being evicted. If that fails, for another user holds
// it against all, it can be had anew.
func (c *Cache) holdPlugin(path string) bool {
	c.mu.Lock()
	h, found := c.holds[path]
	found = found && inPlace(h.file)
	c.mu.Unlock()
	if found {
		return true
	}
	err := c.holdFile(path, 10*leasePause, func() (*os.File, error) { return os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW, 0) })
	if err == nil && !c.readOnly {
		touch(path)
	}
	return !errors.Is(err, errGone)
}

func (c *Cache) addPlugin(ctx context.Context, d source.Digest, path string, get func(context.Context, io.Writer) error) error {
	dir, err := scratch.Make(c.path(tmpDir), "plugin-")
	if err != nil {
		return fmt.Errorf("cannot write to the cache: %w", err)
	}
	defer func() { _ = dir.Remove() }()
	draft := filepath.Join(dir.Path, filepath.Base(path))
	got, err := writeDigested(ctx, draft, get)
	if err != nil {
		return err
	}
	if got != d {
		return &DigestError{Expected: d, Got: got}
	}
	if err := os.Mkdir(filepath.Dir(path), dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("cannot write to the cache: %w", err)
	}
	if err := os.Rename(draft, path); err != nil {
		return fmt.Errorf("cannot put the plugin in its place: %w", err)
	}
	return nil
}

func writeDigested(ctx context.Context, path string, get func(context.Context, io.Writer) error) (source.Digest, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return "", fmt.Errorf("cannot write to the cache: %w", err)
	}
	hash := sha256.New()
	err = get(ctx, io.MultiWriter(file, hash))
	if closeErr := file.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("cannot write to the cache: %w", closeErr)
	}
	if err != nil {
		return "", err
	}
	return source.ParseDigest(hex.EncodeToString(hash.Sum(nil)))
}
