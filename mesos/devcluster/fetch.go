package devcluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	wire "github.com/mesos/mesos-go/api/v1/lib"
)

// fetchCache does what mesos-fetcher does: it puts URIs into sandboxes, by way of
// a cache that is keyed by the URI where that is asked for.
type fetchCache struct {
	dir    string
	stall  time.Duration
	client *http.Client

	mu   sync.Mutex
	keys map[string]*sync.Mutex
}

func newFetchCache(dir string, stall time.Duration) *fetchCache {
	return &fetchCache{dir: dir, stall: stall, client: &http.Client{Transport: &http.Transport{}}, keys: map[string]*sync.Mutex{}}
}

func (c *fetchCache) close() { c.client.CloseIdleConnections() }

// fetch puts one URI into a sandbox.
func (c *fetchCache) fetch(ctx context.Context, uri wire.CommandInfo_URI, sandbox string, owner *syscall.Credential) error {
	name := uri.GetOutputFile()
	if name == "" {
		name = uri.Value[strings.LastIndex(uri.Value, "/")+1:]
	}
	if !filepath.IsLocal(name) {
		return fmt.Errorf("bad file name %q", name)
	}
	to := filepath.Join(sandbox, name)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := c.place(ctx, uri, to); err != nil {
		return err
	}
	if !uri.GetExecutable() && (uri.Extract == nil || *uri.Extract) {
		if err := extract(ctx, to, sandbox); err != nil {
			return err
		}
	}
	if uri.GetExecutable() {
		if err := os.Chmod(to, 0o755); err != nil {
			return err
		}
	}
	if owner != nil {
		return os.Chown(to, int(owner.Uid), int(owner.Gid))
	}
	return nil
}

func (c *fetchCache) place(ctx context.Context, uri wire.CommandInfo_URI, to string) error {
	if !uri.GetCache() {
		return c.download(ctx, uri.Value, to)
	}
	sum := sha256.Sum256([]byte(uri.Value))
	cached := filepath.Join(c.dir, hex.EncodeToString(sum[:16]))
	lock := c.key(cached)
	lock.Lock()
	defer lock.Unlock()
	if _, err := os.Stat(cached); err != nil {
		if err := os.MkdirAll(c.dir, 0o755); err != nil {
			return err
		}
		if err := c.download(ctx, uri.Value, cached); err != nil {
			return err
		}
	}
	return copyFile(cached, to)
}

func (c *fetchCache) key(name string) *sync.Mutex {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys[name] == nil {
		c.keys[name] = &sync.Mutex{}
	}
	return c.keys[name]
}

func (c *fetchCache) download(ctx context.Context, uri, to string) error {
	switch {
	case strings.HasPrefix(uri, "http://"), strings.HasPrefix(uri, "https://"):
		return c.get(ctx, uri, to)
	case strings.HasPrefix(uri, "file://"):
		return copyFile(strings.TrimPrefix(uri, "file://"), to)
	case filepath.IsAbs(uri):
		return copyFile(uri, to)
	}
	return errors.New("unknown scheme; this embedded Mesos fetches http, https and file")
}

func (c *fetchCache) get(ctx context.Context, uri, to string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(c.stall, func() { cancel(fmt.Errorf("no data for %s", c.stall)) })
	defer watchdog.Stop()
	err := c.getWatched(ctx, uri, to, func() { watchdog.Reset(c.stall) })
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (c *fetchCache) getWatched(ctx context.Context, uri, to string, progress func()) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return err
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answers %s", resp.Status)
	}
	return writeFile(to, readerFunc(func(p []byte) (int, error) {
		progress()
		return resp.Body.Read(p)
	}))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// writeFile puts a whole file in its place, or nothing.
func writeFile(to string, from io.Reader) error {
	f, err := os.CreateTemp(filepath.Dir(to), ".fetch-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = io.Copy(f, from)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), to)
}

func copyFile(from, to string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	return writeFile(to, f)
}

// extract unpacks what is an archive by its name; other files stay as they are.
func extract(ctx context.Context, path, dir string) error {
	for _, end := range []string{".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz"} {
		if strings.HasSuffix(path, end) {
			out, err := exec.CommandContext(ctx, "tar", "-C", dir, "-xf", path).CombinedOutput()
			if err != nil {
				return fmt.Errorf("cannot extract: %w: %.200s", err, out)
			}
			return nil
		}
	}
	for _, end := range []string{".zip", ".gz"} {
		if strings.HasSuffix(path, end) {
			return fmt.Errorf("cannot extract: this embedded Mesos unpacks tar archives only; use extract=false")
		}
	}
	return nil
}
