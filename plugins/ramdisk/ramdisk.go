// Package ramdisk is the tmpfs driver: it gives a worker's memory tier a mount of exactly
// the size asked for, labelled with framework and instance, or, where mounting is not
// allowed, a folder of /dev/shm and a link to it. All that it knows it reads from the node
// (mount table, label files), so that any later process of it takes over what an earlier
// one made. When to mount and to unmount is the executor's to say.
package ramdisk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

const name = "tmpfs"

type driver struct {
	version string
	config  atomic.Pointer[config]
}

// New makes the driver; version is that of its binary.
func New(version string) plugins.Ramdisk {
	d := &driver{version: version}
	c := defaultConfig()
	d.config.Store(&c)
	return d
}

func (d *driver) Info(context.Context) (plugins.Info, error) {
	return plugins.Info{Name: name, Version: d.version, Contract: plugins.Contract}, nil
}

func (d *driver) Init(_ context.Context, values map[string]string) error {
	c, err := readConfig(values)
	if err != nil {
		return plugins.AsPermanent(err)
	}
	d.config.Store(&c)
	return nil
}

func (d *driver) Shutdown(context.Context) error { return nil }

func (d *driver) Mount(ctx context.Context, r plugins.MountRequest) (plugins.MountResult, error) {
	result, err := d.mount(ctx, r)
	if err != nil {
		return plugins.MountResult{}, about("cannot make a ramdisk at "+r.Path, err)
	}
	return result, nil
}

func (d *driver) mount(ctx context.Context, r plugins.MountRequest) (plugins.MountResult, error) {
	if err := check(r); err != nil {
		return plugins.MountResult{}, plugins.AsPermanent(err)
	}
	parent := filepath.Dir(r.Path)
	made, err := makeFolders(parent)
	if err != nil {
		return plugins.MountResult{}, forbidden(parent, err)
	}
	result, err := d.mountBelow(ctx, parent, r)
	if err != nil {
		removeEmpty(made...)
	}
	return result, err
}

func (d *driver) mountBelow(ctx context.Context, parent string, r plugins.MountRequest) (plugins.MountResult, error) {
	unlock, err := lock(ctx, parent)
	if err != nil {
		return plugins.MountResult{}, err
	}
	defer unlock()
	there, err := mountAt(r.Path)
	if err != nil {
		return plugins.MountResult{}, err
	}
	if there != nil {
		return reuseMount(*there, r)
	}
	shm := d.shm()
	if link, err := os.Readlink(r.Path); err == nil {
		return shm.reuse(link, r)
	}
	c := d.config.Load()
	room, err := lookAround()
	if err != nil {
		return plugins.MountResult{}, err
	}
	notice, err := room.fits(r.Size, c.overcommit)
	if err != nil {
		return plugins.MountResult{}, err
	}
	result, err := mountTmpfs(r, c.mode)
	if errors.Is(err, errNotPermitted) {
		return shm.make(r, err)
	}
	result.Notice = notice
	return result, err
}

func (d *driver) Unmount(ctx context.Context, path string) error {
	if err := d.unmount(ctx, path); err != nil {
		return about("cannot unmount the ramdisk at "+path, err)
	}
	return nil
}

func (d *driver) unmount(ctx context.Context, path string) error {
	if err := checkPath(path); err != nil {
		return plugins.AsPermanent(err)
	}
	parent := filepath.Dir(path)
	unlock, err := lock(ctx, parent)
	switch {
	case errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
		unlock = func() {} // nothing is mounted there; a folder of /dev/shm may still be left
	case err != nil:
		return err
	}
	framework, err := unmountAll(path)
	if err == nil {
		err = d.shm().remove(path)
	}
	unlock()
	if err != nil {
		return err
	}
	removeFolders(path, framework)
	return nil
}

func (d *driver) List(context.Context) ([]plugins.Disk, error) {
	mounts, err := ours()
	if err != nil {
		return nil, fmt.Errorf("cannot list ramdisks: %w", err)
	}
	folders, err := d.shm().list()
	if err != nil {
		return nil, fmt.Errorf("cannot list ramdisks: %w", err)
	}
	disks := make([]plugins.Disk, 0, len(mounts)+len(folders))
	for _, m := range mounts {
		disk, err := m.disk()
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
			continue // unmounted just now, or another user's
		}
		if err != nil {
			return nil, fmt.Errorf("cannot list ramdisks: %w", err)
		}
		disks = append(disks, disk)
	}
	for _, l := range folders {
		disks = append(disks, l.disk())
	}
	return disks, nil
}

// about puts what was asked before what went wrong, and keeps the kind.
func about(what string, err error) error {
	var known *plugins.Error
	if errors.As(err, &known) {
		return &plugins.Error{Kind: known.Kind, Err: fmt.Errorf("%s: %w", what, known.Err)}
	}
	return fmt.Errorf("%s: %w", what, err)
}

func permanent(format string, args ...any) error {
	return plugins.AsPermanent(fmt.Errorf(format, args...))
}
