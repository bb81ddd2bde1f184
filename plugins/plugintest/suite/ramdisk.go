package suite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// RamdiskWorld is what a ramdisk's checks need around it.
type RamdiskWorld struct {
	// Config for Init.
	Config map[string]string
	// Path is where a ramdisk can be made; nothing is there.
	Path string
	// Size in bytes: 4 MB.
	Size int64
}

// RamdiskChecks are all promises of a ramdisk. They run in order: the first calls Init,
// the last Shutdown.
func RamdiskChecks(r plugins.Ramdisk, world RamdiskWorld) []Check {
	c := newRamdiskChecks(r, world)
	checks := []Check{
		{"info", c.info},
		{"init", func(ctx context.Context) error { return r.Init(ctx, world.Config) }},
		{"unmount of nothing", func(ctx context.Context) error { return r.Unmount(ctx, world.Path) }},
		{"bad requests", c.bad},
		{"mount", c.mount},
	}
	checks = append(append(checks, c.mounted()...), c.unmounted()...)
	return append(checks, Check{"shutdown", func(ctx context.Context) error { return r.Shutdown(ctx) }})
}

func newRamdiskChecks(r plugins.Ramdisk, world RamdiskWorld) *ramdiskChecks {
	if world.Size == 0 {
		world.Size = 4 << 20
	}
	return &ramdiskChecks{r: r, RamdiskWorld: world, request: plugins.MountRequest{
		Path: world.Path, Size: world.Size, Framework: "plugintest", Instance: "worker-0",
	}}
}

// mounted are the checks of a ramdisk that "mount" made, unmounted those that end it.
func (c *ramdiskChecks) mounted() []Check {
	return []Check{
		{"list", c.list},
		{"mount again keeps the content", c.reuse},
		{"another size is refused", c.otherSize},
		{"another instance is refused", c.otherInstance},
	}
}

func (c *ramdiskChecks) unmounted() []Check {
	return []Check{
		{"unmount", c.unmount},
		{"unmount again", func(ctx context.Context) error { return c.r.Unmount(ctx, c.Path) }},
	}
}

type ramdiskChecks struct {
	r plugins.Ramdisk
	RamdiskWorld
	request plugins.MountRequest
	disk    plugins.Disk
}

func (c *ramdiskChecks) info(ctx context.Context) error {
	info, err := c.r.Info(ctx)
	if err != nil {
		return err
	}
	if info.Name == "" || info.Version == "" || info.Contract != plugins.Contract {
		return fmt.Errorf("Info lacks a name, a version or contract %d: %+v", plugins.Contract, info)
	}
	return nil
}

func (c *ramdiskChecks) bad(ctx context.Context) error {
	spoiled := map[string]func(*plugins.MountRequest){
		"relative path": func(r *plugins.MountRequest) { r.Path = "ramdisk" },
		"no size":       func(r *plugins.MountRequest) { r.Size = 0 },
		"negative size": func(r *plugins.MountRequest) { r.Size = -1 },
		"no framework":  func(r *plugins.MountRequest) { r.Framework = "" },
	}
	var errs []error
	for name, spoil := range spoiled {
		request := c.request
		spoil(&request)
		if err := refused(c.r.Mount(ctx, request)); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
		if errors.Is(errors.Join(errs...), errHung) {
			break // the others would, too
		}
	}
	return errors.Join(errs...)
}

func refused(_ plugins.MountResult, err error) error {
	if err == nil {
		return errors.New("it was not refused")
	}
	if plugins.KindOf(err) != plugins.Permanent {
		return fmt.Errorf("the error is not permanent: %w", err)
	}
	return nil
}

func (c *ramdiskChecks) mark() string { return filepath.Join(c.disk.Path, "mark") }

func (c *ramdiskChecks) mount(ctx context.Context) error {
	result, err := c.r.Mount(ctx, c.request)
	if err != nil {
		return err
	}
	c.disk = result.Disk
	want := plugins.Disk{Path: c.Path, Size: c.Size, Framework: "plugintest", Instance: "worker-0", Kind: c.disk.Kind}
	if c.disk != want || result.Reused {
		return fmt.Errorf("Mount answers %+v (reused: %t), not %+v", c.disk, result.Reused, want)
	}
	if c.disk.Kind == "folder" && result.Notice == "" {
		return errors.New("a folder stands in for a mount, but no notice says why")
	}
	if err := c.bounded(); err != nil {
		return err
	}
	return os.WriteFile(c.mark(), []byte("kept"), 0o600)
}

// bounded checks that a mount has the size that was asked for.
func (c *ramdiskChecks) bounded() error {
	if c.disk.Kind == "folder" {
		return nil
	}
	var stat unix.Statfs_t
	if err := unix.Statfs(c.disk.Path, &stat); err != nil {
		return err
	}
	if size := int64(stat.Blocks) * stat.Bsize; size != c.Size {
		return fmt.Errorf("the mount has %d bytes, not %d", size, c.Size)
	}
	return nil
}

func (c *ramdiskChecks) list(ctx context.Context) error {
	disks, err := c.r.List(ctx)
	if err != nil {
		return err
	}
	for _, disk := range disks {
		if disk == c.disk {
			return nil
		}
	}
	return fmt.Errorf("List does not name %+v: %+v", c.disk, disks)
}

func (c *ramdiskChecks) reuse(ctx context.Context) error {
	result, err := c.r.Mount(ctx, c.request)
	if err != nil {
		return err
	}
	if !result.Reused || result.Disk != c.disk {
		return fmt.Errorf("Mount answers %+v (reused: %t), not %+v", result.Disk, result.Reused, c.disk)
	}
	return c.kept()
}

func (c *ramdiskChecks) kept() error {
	text, err := os.ReadFile(c.mark())
	if err == nil && string(text) != "kept" {
		err = fmt.Errorf("the content is %q", text)
	}
	return err
}

func (c *ramdiskChecks) otherSize(ctx context.Context) error {
	request := c.request
	request.Size *= 2
	return errors.Join(refused(c.r.Mount(ctx, request)), c.kept())
}

func (c *ramdiskChecks) otherInstance(ctx context.Context) error {
	request := c.request
	request.Instance = "worker-1"
	return errors.Join(refused(c.r.Mount(ctx, request)), c.kept())
}

func (c *ramdiskChecks) unmount(ctx context.Context) error {
	if err := c.r.Unmount(ctx, c.Path); err != nil {
		return err
	}
	if _, err := os.Stat(c.mark()); err == nil {
		return errors.New("the content is still there")
	}
	disks, err := c.r.List(ctx)
	for _, disk := range disks {
		if disk.Path == c.Path {
			return fmt.Errorf("List still names %+v", disk)
		}
	}
	return err
}
