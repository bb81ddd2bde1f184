package dev

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/internal/procs"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

// grace is how long a process gets to clean up behind itself before it is killed.
const grace = 3 * time.Second

// stateFiles are what the scheduler keeps in its folder. dev starts anew each time.
var stateFiles = []string{"state.json", "api", "token", "lock"}

// sweep removes what a run that was killed left behind: processes first, since they
// use the ramdisks, then ramdisks, then the folder of the run. It returns what it found.
func (c Config) sweep(ctx context.Context) (found []string, err error) {
	ended, errProcesses := c.sweepProcesses(ctx)
	unmounted, errRamdisks := c.sweepRamdisks(ctx)
	found = append(ended, unmounted...)
	errs := []error{errProcesses, errRamdisks}
	if errProcesses == nil && errRamdisks == nil {
		// Never below a mount that is still there.
		if _, err := os.Stat(c.run()); err == nil {
			found = append(found, "folder "+c.run())
		}
		errs = append(errs, removeAll(c.run()))
		for _, name := range stateFiles {
			errs = append(errs, os.RemoveAll(filepath.Join(c.Root, name)))
		}
	}
	return found, errors.Join(errs...)
}

// sweepProcesses ends what runs a program or uses a folder of ours. Executors first and
// gently: they take their children and temporary folders with them.
func (c Config) sweepProcesses(ctx context.Context) (found []string, err error) {
	var errs []error
	for _, ours := range []func(procs.Process) bool{c.isExecutor, c.isOurs} {
		all, err := procs.List()
		if err != nil {
			return found, err
		}
		for _, p := range slices.DeleteFunc(all, func(p procs.Process) bool { return !ours(p) }) {
			found = append(found, fmt.Sprintf("process %d (%s)", p.PID, filepath.Base(p.Exe)))
			errs = append(errs, end(ctx, p))
		}
	}
	return found, errors.Join(errs...)
}

func end(ctx context.Context, p procs.Process) error {
	gentle, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if p.End(gentle, unix.SIGTERM) == nil {
		return nil
	}
	// The context may be at its end already; a killed process is gone in no time.
	hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	return p.End(hard, unix.SIGKILL)
}

func (c Config) isExecutor(p procs.Process) bool {
	return p.PID != os.Getpid() && below(p.Exe, c.mesos())
}

// isOurs also knows plugins, by where they lie, and JVMs, by the folders that the
// executor gave them.
func (c Config) isOurs(p procs.Process) bool {
	return c.isExecutor(p) || below(p.Exe, c.cache()) || c.isJVM(p)
}

func (c Config) isJVM(p procs.Process) bool {
	return filepath.Base(p.Exe) == "java" && slices.ContainsFunc(p.Args, func(arg string) bool {
		key, value, ok := strings.Cut(arg, "=")
		return ok && strings.HasPrefix(key, "-Dalluxio.") && below(value, c.run())
	})
}

func below(path, dir string) bool { return strings.HasPrefix(path, dir+string(filepath.Separator)) }

// sweepRamdisks unmounts with the plugin that mounted: it finds its ramdisks by itself,
// whoever made them.
func (c Config) sweepRamdisks(ctx context.Context) (found []string, err error) {
	if _, err := os.Stat(c.cache()); errors.Is(err, os.ErrNotExist) {
		return nil, nil // nothing ever ran here
	}
	h, err := c.host()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	disks, err := h.Ramdisk(ctx, ramdiskPlugin)
	if err != nil {
		return nil, fmt.Errorf("cannot look for ramdisks: %w", err)
	}
	all, err := disks.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot list ramdisks: %w", err)
	}
	var errs []error
	for _, disk := range all {
		if !below(disk.Path, c.ramdisks()) {
			continue
		}
		found = append(found, "ramdisk "+disk.Path)
		if err := disks.Unmount(ctx, disk.Path); err != nil {
			errs = append(errs, fmt.Errorf("cannot unmount %s: %w", disk.Path, err))
		}
	}
	return found, errors.Join(errs...)
}

// host runs the plugins that lie beside this program.
func (c Config) host() (*host.Host, error) {
	shipped, err := host.ListDir(c.Bin)
	if err != nil {
		return nil, fmt.Errorf("cannot find the plugins in %s: %w; run \"make build\"", c.Bin, err)
	}
	return host.New(host.Config{Plugins: shipped, CacheDir: c.cache(), Logger: slog.New(slog.DiscardHandler)})
}

// removeAll also removes folders that were made read-only, as unpacked software is.
func removeAll(dir string) error {
	err := os.RemoveAll(dir)
	if err == nil {
		return nil
	}
	_ = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("cannot remove the folder of the run: %w", err)
	}
	return nil
}
