package host

import (
	"context"
	"errors"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// ramdisk is a ramdisk plugin whose process comes and goes. All its calls are repeatable,
// so one that met a dying process is made again.
type ramdisk struct {
	host *Host
	name string
}

func (r *ramdisk) call(ctx context.Context, f func(context.Context, plugins.Ramdisk) error) error {
	ctx, end, err := r.host.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	for try := 0; ; try++ {
		err := r.once(ctx, f)
		if try > 0 || !errors.Is(err, plugins.ErrDisconnected) {
			return err
		}
	}
}

func (r *ramdisk) once(ctx context.Context, f func(context.Context, plugins.Ramdisk) error) error {
	p, err := r.host.acquire(ctx, plugins.KindRamdisk, r.name)
	if err != nil {
		return err
	}
	defer r.host.release(p)
	return r.host.call(ctx, p, func(ctx context.Context) error { return f(ctx, p.ramdisk) })
}

func (r *ramdisk) Info(ctx context.Context) (info plugins.Info, err error) {
	err = r.call(ctx, func(ctx context.Context, impl plugins.Ramdisk) (err error) {
		info, err = impl.Info(ctx)
		return err
	})
	return info, err
}

func (r *ramdisk) Mount(ctx context.Context, request plugins.MountRequest) (result plugins.MountResult, err error) {
	err = r.call(ctx, func(ctx context.Context, impl plugins.Ramdisk) (err error) {
		result, err = impl.Mount(ctx, request)
		return err
	})
	return result, err
}

func (r *ramdisk) Unmount(ctx context.Context, path string) error {
	return r.call(ctx, func(ctx context.Context, impl plugins.Ramdisk) error { return impl.Unmount(ctx, path) })
}

func (r *ramdisk) List(ctx context.Context) (disks []plugins.Disk, err error) {
	err = r.call(ctx, func(ctx context.Context, impl plugins.Ramdisk) (err error) {
		disks, err = impl.List(ctx)
		return err
	})
	return disks, err
}

func (r *ramdisk) Init(context.Context, map[string]string) error { return nil }
func (r *ramdisk) Shutdown(context.Context) error                { return nil }
