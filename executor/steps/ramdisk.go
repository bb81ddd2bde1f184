package steps

import (
	"context"
	"fmt"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// mountRamdisk gives a worker its memory tier. One that the same instance left, with its
// blocks in it, is taken over by the plugin.
func mountRamdisk(ctx context.Context, j *Job) error {
	r := j.Order.Ramdisk
	if r.Plugin == "" {
		return nil
	}
	driver, err := j.Tools.Host.Ramdisk(ctx, r.Plugin)
	if err != nil {
		return fmt.Errorf("cannot make a ramdisk: %w", err)
	}
	result, err := driver.Mount(ctx, plugins.MountRequest{
		Path: r.Path, Size: r.Size, Framework: j.Order.Framework, Instance: j.Order.Instance,
	})
	if err != nil {
		return fmt.Errorf("cannot make a ramdisk of %d bytes at %s: %w", r.Size, r.Path, err)
	}
	if result.Disk.Path == "" {
		result.Disk.Path = r.Path
	}
	j.Instance.setDisk(&mounted{plugin: r.Plugin, disk: result.Disk})
	if result.Notice != "" {
		j.Watch.Notice(result.Notice)
	}
	j.Tools.Logger.Info("ramdisk", "path", result.Disk.Path, "kind", result.Disk.Kind, "reused", result.Reused)
	return nil
}

// unmountRamdisk also ends the ramdisk of a former executor: the order says where.
func unmountRamdisk(ctx context.Context, j *Job) error {
	plugin, path := j.Order.Ramdisk.Plugin, j.Order.Ramdisk.Path
	if m := j.Instance.disk(); m != nil {
		plugin, path = m.plugin, m.disk.Path
	}
	if plugin == "" {
		return nil
	}
	driver, err := j.Tools.Host.Ramdisk(ctx, plugin)
	if err != nil {
		return fmt.Errorf("cannot unmount the ramdisk %s: %w", path, err)
	}
	if err := driver.Unmount(ctx, path); err != nil {
		return fmt.Errorf("cannot unmount the ramdisk %s: %w", path, err)
	}
	j.Instance.setDisk(nil)
	return nil
}
