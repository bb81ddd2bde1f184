package standin

import (
	"context"
	"sync"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

// Host is a plugin host made of functions. What is nil answers with what lies in place.
type Host struct {
	AlluxioDir, JavaDir string

	ArtifactFunc func(ctx context.Context, want host.Want, progress func(host.Progress)) (host.Artifact, error)
	Disk         *Ramdisk
	UpdateFunc   func([]host.Plugin) error
	SwapFunc     func(context.Context, []host.Plugin) []host.Swapped

	mu     sync.Mutex
	Asked  []host.Want
	Closed bool
}

// Artifact answers with the folders of the stand-ins.
func (h *Host) Artifact(ctx context.Context, want host.Want, progress func(host.Progress)) (host.Artifact, error) {
	h.mu.Lock()
	h.Asked = append(h.Asked, want)
	h.mu.Unlock()
	if h.ArtifactFunc != nil {
		return h.ArtifactFunc(ctx, want, progress)
	}
	dir := h.AlluxioDir
	if want.Artifact == "jdk" {
		dir = h.JavaDir
	}
	return host.Artifact{Dirs: []string{dir}, InPlace: true}, nil
}

// Fetches is how often an artifact was asked for.
func (h *Host) Fetches() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.Asked)
}

// Ramdisk is the one that was set.
func (h *Host) Ramdisk(context.Context, string) (plugins.Ramdisk, error) { return h.Disk, nil }

// Digests are invented.
func (h *Host) Digests() map[string]string { return map[string]string{"fetcher-local": "abc"} }

// Update is told of newer plugins.
func (h *Host) Update(p []host.Plugin) error {
	if h.UpdateFunc != nil {
		return h.UpdateFunc(p)
	}
	return nil
}

// Swap swaps nothing unless it is told how.
func (h *Host) Swap(ctx context.Context, p []host.Plugin) []host.Swapped {
	if h.SwapFunc != nil {
		return h.SwapFunc(ctx, p)
	}
	return nil
}

// Close is remembered.
func (h *Host) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.Closed = true
	return nil
}

// Ramdisk remembers what is mounted. The methods that it lacks are not for the executor.
type Ramdisk struct {
	plugins.Ramdisk
	Notice string
	Err    error

	mu      sync.Mutex
	mounted map[string]plugins.MountRequest
}

// Mount remembers the request.
func (r *Ramdisk) Mount(_ context.Context, request plugins.MountRequest) (plugins.MountResult, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Err != nil {
		return plugins.MountResult{}, r.Err
	}
	_, reused := r.mounted[request.Path]
	if r.mounted == nil {
		r.mounted = map[string]plugins.MountRequest{}
	}
	r.mounted[request.Path] = request
	return plugins.MountResult{
		Disk:   plugins.Disk{Path: request.Path, Size: request.Size, Kind: "tmpfs"},
		Reused: reused, Notice: r.Notice,
	}, nil
}

// Unmount forgets it.
func (r *Ramdisk) Unmount(_ context.Context, path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Err != nil {
		return r.Err
	}
	delete(r.mounted, path)
	return nil
}

// Mounted are the requests whose ramdisks are there.
func (r *Ramdisk) Mounted() map[string]plugins.MountRequest {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[string]plugins.MountRequest{}
	for path, request := range r.mounted {
		all[path] = request
	}
	return all
}
