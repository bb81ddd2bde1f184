package host

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/internal/landlock"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// Keys of a plugin's config that are the host's, besides envKey. The plugin's Init does not see them.
const (
	// landlockKey "off" lets a fetcher write wherever its user may.
	landlockKey = "landlock"
	// writeKey names files and folders, separated by commas, that a fetcher may write to besides
	// the downloads and its TMPDIR.
	writeKey = "landlock.write"
)

// plainDevices are written to by programs that mean no harm.
var plainDevices = []string{"/dev/null", "/dev/zero", "/dev/full"}

// forPlugin is the part of a config that is the plugin's.
func forPlugin(config map[string]string) map[string]string {
	own := maps.Clone(config)
	for _, key := range []string{envKey, landlockKey, writeKey} {
		delete(own, key)
	}
	return own
}

// confinement is what a plugin may write to; nil: it is not confined. A ramdisk mounts, so
// it is not.
func (h *Host) confinement(exe executable, temp string) (*landlock.Rules, error) {
	switch value := exe.config[landlockKey]; {
	case value != "" && value != "off":
		return nil, plugins.AsPermanent(fmt.Errorf("its %s is %q; it takes off, or nothing", landlockKey, value))
	case value == "off" || exe.kind != plugins.KindFetcher || h.noLandlock():
		return nil, nil
	}
	// The downloads are not there in another user's cache, to which nothing can be added.
	rules := &landlock.Rules{Write: []string{temp}, WriteIfThere: append([]string{h.cache.Downloads()}, plainDevices...)}
	rules.Write = append(rules.Write, h.cfg.Writable...)
	for path := range strings.SplitSeq(exe.config[writeKey], ",") {
		if path = strings.TrimSpace(path); path == "" {
			continue
		}
		if !filepath.IsAbs(path) {
			return nil, plugins.AsPermanent(fmt.Errorf("its %s names %q, which is no absolute path", writeKey, path))
		}
		rules.Write = append(rules.Write, path)
	}
	return rules, nil
}

// noLandlock tells whether the kernel cannot confine, and logs it once.
func (h *Host) noLandlock() bool {
	if landlock.ABI() > 0 {
		return false
	}
	h.unconfined.Do(func() { h.log.Info("fetchers are not confined to their downloads", "reason", landlock.ErrNone) })
	return true
}

// onThread runs f on an OS thread that nothing else runs on, and that ends with f. The main
// thread never ends, so it is left to others.
func onThread(f func()) {
	runtime.LockOSThread()
	if unix.Gettid() == os.Getpid() {
		// The new goroutine cannot get this thread while this one holds it.
		began := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			close(began)
			f()
		}()
		<-began
		runtime.UnlockOSThread()
		return
	}
	f()
}

// restrict confines the thread that is to start the plugin.
func restrict(rules *landlock.Rules) error {
	if rules == nil {
		return nil
	}
	err := landlock.RestrictThread(*rules)
	if errors.Is(err, unix.ENOENT) {
		return plugins.AsPermanent(fmt.Errorf("%w; make it, or take it out of the plugin's %s", err, writeKey))
	}
	return err
}
