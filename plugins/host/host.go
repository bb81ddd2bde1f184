// Package host runs plugins and does with their help what they do not: it finds the
// executables that a deployment ships (or that the node's owner put there), pins their
// digests, starts, watches, restarts and ends their processes, and hands out what comes
// of it: artifacts, fetched, verified, unpacked and cached, and ramdisks.
//
// A fetcher only moves bytes into a file. Hashing, unpacking, caching, trying again and
// going on from the byte reached are done here, once for all fetchers.
//
// What a plugin does, how an archive is unpacked and what the cache looks like on disk
// is left to the drivers, fetchers/unpack and fetchers/cache. What software is for, and
// who wants it, is not known here.
package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/cache"
	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// errClosed ends what still runs when the host is closed.
var errClosed = errors.New("the plugin host is closed")

// Host runs plugins. Its methods may be called at once.
type Host struct {
	cfg   Config
	log   *slog.Logger
	cache *cache.Cache
	temp  string // where plugins get their private folders

	ctx   context.Context // ends with Close
	close context.CancelCauseFunc

	unconfined sync.Once // says that the kernel has no Landlock

	mu      sync.Mutex
	closed  bool
	shipped map[string]Plugin  // by id
	slots   map[string]*slot   // by id
	own     map[string]ownFile // by path
	running sync.WaitGroup     // calls and processes
}

// New makes a host. It opens the cache, clears away what killed hosts left, and starts no
// process yet.
func New(cfg Config) (*Host, error) {
	cfg.setDefaults()
	if cfg.CacheDir == "" {
		return nil, errors.New("cannot make a plugin host without a cache folder")
	}
	nodeCache, err := cache.OpenWith(cfg.CacheDir, cache.Options{MaxBytes: cfg.CacheBytes, Private: cfg.PrivateCacheDir, Logger: cfg.Logger})
	if err != nil {
		return nil, fmt.Errorf("%w; or let alluxio.integration.mesos.cache.dir name another folder", err)
	}
	temp, err := socketDir(cfg.TempDir)
	if err != nil {
		return nil, err
	}
	h := &Host{
		cfg: cfg, log: cfg.Logger, cache: nodeCache, temp: temp,
		shipped: map[string]Plugin{}, slots: map[string]*slot{}, own: map[string]ownFile{},
	}
	if err := scratch.Sweep(temp, tempPrefix); err != nil {
		h.log.Warn("cannot clear away what earlier plugins left", "error", err)
	}
	if err := h.Update(cfg.Plugins); err != nil {
		return nil, err
	}
	h.ctx, h.close = context.WithCancelCause(context.Background())
	return h, nil
}

// Artifact brings software to this node, if it is not there yet. An error says by its
// kind (plugins.KindOf) whether trying again can help; what can be mended by trying again
// at once was already tried. A panic or a kill of the fetcher is no more than a delay.
func (h *Host) Artifact(ctx context.Context, w Want, progress func(Progress)) (Artifact, error) {
	ctx, end, err := h.begin(ctx)
	if err != nil {
		return Artifact{}, err
	}
	defer end()
	if progress == nil {
		progress = func(Progress) {}
	}
	return h.artifact(ctx, w, progress)
}

// Ramdisk is the ramdisk plugin of that name. Its process starts when first needed, and
// again if it died; Init and Shutdown are the host's and do nothing here.
func (h *Host) Ramdisk(ctx context.Context, name string) (plugins.Ramdisk, error) {
	ctx, end, err := h.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	if _, err := h.wanted(ctx, plugins.KindRamdisk, name); err != nil {
		return nil, err
	}
	return &ramdisk{host: h, name: name}, nil
}

// Fetcher is the fetcher plugin of that name by itself, without all that Artifact does
// around it. Its process starts when first needed, as a ramdisk's does.
func (h *Host) Fetcher(ctx context.Context, name string) (plugins.Fetcher, error) {
	ctx, end, err := h.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	if _, err := h.wanted(ctx, plugins.KindFetcher, name); err != nil {
		return nil, err
	}
	return &fetcher{host: h, name: name}, nil
}

// Digests tells the sha256 of each plugin that was started, by "KIND-NAME".
func (h *Host) Digests() map[string]string {
	h.mu.Lock()
	defer h.mu.Unlock()
	digests := map[string]string{}
	for id, s := range h.slots {
		if s.sha256 != "" {
			digests[id] = s.sha256
		}
	}
	return digests
}

// Update names newer plugins; those with other names stay. What runs is used to its end,
// and the next call starts the newer one.
func (h *Host) Update(shipped []Plugin) error {
	var errs []error
	for _, p := range shipped {
		errs = append(errs, p.validate())
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range shipped {
		h.shipped[p.id()] = p
	}
	return nil
}

// Close ends all plugin processes and removes their sockets and temporary folders. It
// breaks off what is under way, and waits until all is gone; a plugin that does not end is
// killed. It may be called again.
func (h *Host) Close() error {
	h.mu.Lock()
	h.closed = true
	h.close(errClosed)
	for _, s := range h.slots {
		if s.current != nil {
			s.current.requestStop()
		}
	}
	h.mu.Unlock()
	h.running.Wait()
	if err := h.cache.Close(); err != nil {
		return fmt.Errorf("cannot release what was used of the cache: %w", err)
	}
	return nil
}

// begin counts a call, and ends its ctx when the host is closed.
func (h *Host) begin(ctx context.Context) (context.Context, func(), error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, nil, fmt.Errorf("cannot use plugins: %w", errClosed)
	}
	h.running.Add(1)
	ctx, cancel := context.WithCancelCause(ctx)
	unhook := context.AfterFunc(h.ctx, func() { cancel(errClosed) })
	return ctx, func() {
		unhook()
		cancel(nil)
		h.running.Done()
	}, nil
}
