package ramdisk

import (
	"context"
	"errors"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

type driver struct{ version string }

// New makes the driver; version is that of its binary.
func New(version string) plugins.Ramdisk { return &driver{version: version} }

func (d *driver) Info(context.Context) (plugins.Info, error) { return plugins.Info{}, nil }

func (d *driver) Init(context.Context, map[string]string) error { return nil }

func (d *driver) Mount(context.Context, plugins.MountRequest) (plugins.MountResult, error) {
	return plugins.MountResult{}, errors.New("cannot mount")
}

func (d *driver) Unmount(context.Context, string) error { return nil }

func (d *driver) List(context.Context) ([]plugins.Disk, error) { return nil, nil }

func (d *driver) Shutdown(context.Context) error { return nil }
