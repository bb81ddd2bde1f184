package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/internal/trust"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// wanted is the executable that is to serve: the one that find finds, unless it was refused
// and an older one is there.
func (h *Host) wanted(ctx context.Context, kind, name string) (executable, error) {
	s := h.slot(id(kind, name))
	exe, err := h.find(ctx, kind, name)
	h.mu.Lock()
	older, refused := s.older(), s.refused
	h.mu.Unlock()
	var own *ownError
	switch {
	case older == nil:
	case errors.As(err, &own):
		if !refused.of(own.Error(), time.Now()) {
			h.refuseOwn(s, own.Error(), own)
		}
		return *older, nil
	case err == nil && refused.of(exe.sha256, time.Now()):
		return *older, nil
	}
	return exe, err
}

// older is what was started last, to be used on. The host's lock is held.
func (s *slot) older() *executable {
	if s.serving == nil {
		return nil
	}
	older := s.serving.elsewhere()
	return &older
}

// locate makes sure that an executable is on this node: a shipped one can be had again, and
// the bytes of the node's own were kept in the node cache.
func (h *Host) locate(ctx context.Context, exe executable) (executable, error) {
	if exe.shipped != nil {
		return h.findShipped(ctx, *exe.shipped)
	}
	digest, err := source.ParseDigest(exe.sha256)
	if err != nil {
		return exe, err
	}
	name := fileName(exe.kind, exe.name)
	exe.path, err = h.cache.Plugin(ctx, digest, name, func(_ context.Context, w io.Writer) error {
		return copyTo(w, filepath.Join(h.cfg.NodePluginDir, name))
	})
	if err != nil {
		return exe, fmt.Errorf("cannot find the older %s plugin %q: %w", exe.kind, exe.name, err)
	}
	return exe, nil
}

// keep keeps the bytes of the node's own plugin, since the file may be replaced.
func (h *Host) keep(exe executable) {
	if !exe.own {
		return
	}
	h.running.Go(func() {
		if _, err := h.locate(h.ctx, exe); err != nil && h.ctx.Err() == nil {
			h.log.Warn("cannot keep the node's own plugin", "plugin", exe.id(), "error", err)
		}
	})
}

// replacedBy is what served until the node's owner put another file into the node's own
// folder; nil if that is not so.
func (h *Host) replacedBy(s *slot, exe executable) *executable {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !exe.own || s.serving == nil || s.serving.sha256 == exe.sha256 {
		return nil
	}
	return s.older()
}

// tryOwn lets the node's own new file take over, if it is sound; else it is refused, and
// there is neither a process nor an error.
func (h *Host) tryOwn(ctx context.Context, s *slot, exe executable) (*process, error) {
	p, err := h.startChecked(ctx, s, exe)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		h.refuseOwn(s, exe.sha256, err)
		return nil, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	p.users++
	h.promote(s, p, h.olderThan(s, p))
	return p, nil
}

func (h *Host) refuseOwn(s *slot, what string, err error) {
	h.mu.Lock()
	s.refused = refuse(what, err)
	serving := s.sha256
	h.mu.Unlock()
	h.tell(fmt.Sprintf("the new plugin in %s is refused, and the older one, sha256 %s, goes on: %v", h.cfg.NodePluginDir, serving, err))
}

// ownError says that a file in the node's own folder cannot be used.
type ownError struct{ error }

func (e *ownError) Unwrap() error { return e.error }

// ownFile is what is known of a file in the node's own folder, while it is the same file.
type ownFile struct {
	dev, inode uint64
	size       int64
	changed    unix.Timespec
	sha256     string
}

// findOwn looks into the node's own folder. What is found is pinned as it is now.
func (h *Host) findOwn(kind, name string) (executable, bool, error) {
	if h.cfg.NodePluginDir == "" {
		return executable{}, false, nil
	}
	path := filepath.Join(h.cfg.NodePluginDir, fileName(kind, name))
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return executable{}, false, nil
	}
	exe, err := h.pinOwn(kind, name, path)
	if err != nil {
		return executable{}, false, &ownError{fmt.Errorf("cannot use the node's own %s plugin %q: %w", kind, name, err)}
	}
	return exe, true, nil
}

func (h *Host) pinOwn(kind, name, path string) (executable, error) {
	path, err := trust.Path(path)
	if err != nil {
		return executable{}, plugins.AsPermanent(err)
	}
	sum, err := h.digestOwn(path)
	if err != nil {
		return executable{}, err
	}
	return executable{kind: kind, name: name, path: path, sha256: sum, own: true}, nil
}

// digestOwn digests a file once for as long as it is the same.
func (h *Host) digestOwn(path string) (string, error) {
	var stat unix.Stat_t
	if err := unix.Stat(path, &stat); err != nil {
		return "", fmt.Errorf("cannot look at %s: %w", path, err)
	}
	now := ownFile{dev: stat.Dev, inode: stat.Ino, size: stat.Size, changed: stat.Ctim}
	h.mu.Lock()
	known := h.own[path]
	h.mu.Unlock()
	now.sha256 = known.sha256
	if known == now {
		return known.sha256, nil
	}
	sum, _, err := DigestFile(path)
	if err != nil {
		return "", err
	}
	now.sha256 = sum
	h.mu.Lock()
	defer h.mu.Unlock()
	h.own[path] = now
	return sum, nil
}

func copyTo(w io.Writer, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("cannot copy %s: %w", path, err)
	}
	defer file.Close()
	if _, err := io.Copy(w, file); err != nil {
		return fmt.Errorf("cannot copy %s: %w", path, err)
	}
	return nil
}
