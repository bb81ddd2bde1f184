package host

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"regexp"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/cache"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/unpack"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// Plugin is one executable that a deployment ships.
type Plugin struct {
	Kind   string // plugins.KindFetcher or plugins.KindRamdisk
	Name   string // lower-case letters, digits and -
	SHA256 string // 64 hex digits
	// URL is where the executable can be had: http(s)://, or a path on this machine.
	URL  string
	Size int64 // 0: unknown
	// Config is handed to the plugin's Init. Its key "env" names environment variables of
	// the host, separated by commas, that the plugin is to see. "landlock.write" names files
	// and folders, separated by commas, that a fetcher may write to besides its downloads and
	// its TMPDIR; "landlock" set to "off" lets it write wherever its user may. These keys are
	// the host's, and the plugin's Init does not see them.
	Config map[string]string
}

// Config is what a Host works with. Zero values take the defaults that the comments name.
type Config struct {
	Plugins []Plugin
	// Fetchers names the fetcher of a source scheme, over the built-in ones: local and
	// file are served by "local", http and https by "http", any other scheme by the
	// fetcher of its own name.
	Fetchers map[string]string
	// CacheDir is the node cache (package cache). Required.
	CacheDir string
	// CacheBytes bounds what is kept in it besides what is in use: cache.DefaultMaxBytes.
	CacheBytes int64
	// PrivateCacheDir is what is added to where CacheDir belongs to another user; empty:
	// nothing can be added then.
	PrivateCacheDir string
	// NodePluginDir holds the node's own plugins, which win over shipped ones; empty: none.
	NodePluginDir string
	// TempDir gets the plugins' private temporary folders: os.TempDir(). Where its path is
	// too long for a Unix socket, a shorter one is taken.
	TempDir string
	// Writable names folders that fetchers may write to besides the cache's own: those of
	// downloads that are asked for past Artifact. Where the kernel has Landlock, they can
	// write nowhere else.
	Writable []string
	Logger   *slog.Logger // default: none
	Retry    RetryPolicy
	// StartTimeout is how long a plugin may take until it is ready: 10 s.
	StartTimeout time.Duration
	// StopTimeout is how long a plugin may take to end before it is killed: 3 s.
	StopTimeout time.Duration
	// StallTimeout is how long a fetch may go on without a byte: 30 s.
	StallTimeout time.Duration
	// CallTimeout is how long any call but a fetch may take: 1 minute.
	CallTimeout time.Duration
	// IdleTimeout is how long a plugin that nobody uses stays: 30 s; negative: for ever.
	IdleTimeout time.Duration
	// Notice is told what an operator should know, in one line: that a new plugin was
	// refused, or gave way to the older one again. It is in the log, too. It may be called at
	// once, and must not call the Host. Default: none.
	Notice func(text string)
	Limits unpack.Limits // default: unpack.DefaultLimits()
}

// RetryPolicy says how often and when what failed is tried again. The zero value takes
// the defaults that the comments name.
type RetryPolicy struct {
	// Attempts in a row that may fail without a byte won: 8.
	Attempts int
	// Wait before the second attempt, doubled for each further one: 250 ms.
	Wait time.Duration
	// MaxWait ends the doubling: 8 s.
	MaxWait time.Duration
	// MaxRetryAfter is how long a wait a source may ask for: 1 minute. One that asks for
	// more is given up.
	MaxRetryAfter time.Duration
}

func (c *Config) setDefaults() {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.TempDir == "" {
		c.TempDir = os.TempDir()
	}
	if c.Limits == (unpack.Limits{}) {
		c.Limits = unpack.DefaultLimits()
	}
	orDefault(&c.CacheBytes, cache.DefaultMaxBytes)
	orDefault(&c.StartTimeout, 10*time.Second)
	orDefault(&c.StopTimeout, 3*time.Second)
	orDefault(&c.StallTimeout, 30*time.Second)
	orDefault(&c.CallTimeout, time.Minute)
	orDefault(&c.IdleTimeout, 30*time.Second)
	orDefault(&c.Retry.Attempts, 8)
	orDefault(&c.Retry.Wait, 250*time.Millisecond)
	orDefault(&c.Retry.MaxWait, 8*time.Second)
	orDefault(&c.Retry.MaxRetryAfter, time.Minute)
	named := c.Fetchers
	c.Fetchers = map[string]string{"local": "local", "file": "local", "http": "http", "https": "http"}
	maps.Copy(c.Fetchers, named)
}

func orDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

const fileNamePrefix = "alluxio-mesos-"

// id names a plugin in logs, slots and Digests.
func id(kind, name string) string { return kind + "-" + name }

func (p Plugin) id() string { return id(p.Kind, p.Name) }

func fileName(kind, name string) string { return fileNamePrefix + id(kind, name) }

func validName(name string) bool {
	ok, err := regexp.MatchString(`^[a-z0-9][a-z0-9-]{0,63}$`, name)
	return ok && err == nil
}

func (p Plugin) validate() error {
	fail := func(cause error) error {
		return plugins.AsPermanent(fmt.Errorf("cannot take plugin %q of kind %q: %w", p.Name, p.Kind, cause))
	}
	if p.Kind != plugins.KindFetcher && p.Kind != plugins.KindRamdisk {
		return fail(fmt.Errorf("a kind is %s or %s", plugins.KindFetcher, plugins.KindRamdisk))
	}
	if !validName(p.Name) {
		return fail(errors.New("a name takes lower-case letters, digits and -"))
	}
	if _, err := source.ParseDigest(p.SHA256); err != nil {
		return fail(err)
	}
	return nil
}
