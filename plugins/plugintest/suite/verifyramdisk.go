package suite

import (
	"context"
	"os"
	"path/filepath"
	"syscall"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// runRamdisk judges what a ramdisk mounts.
func (v *verifier) runRamdisk(ctx context.Context) {
	dir := v.RamdiskDir
	if dir == "" {
		dir = filepath.Join(v.dir, "ram")
		_ = os.Mkdir(dir, 0o755) // Mount says what is wrong
	}
	var r plugins.Ramdisk
	v.must(ctx, Check{"process", func(ctx context.Context) error {
		p, err := v.subject.process(ctx)
		if err == nil {
			r = ramdiskOf(v.subject, p)
		}
		return err
	}})
	path := filepath.Join(dir, "worker-0")
	if v.broken == "" {
		// Whatever happens, nothing stays mounted.
		defer func() { _ = r.Unmount(context.WithoutCancel(ctx), path) }()
	}
	c := newRamdiskChecks(r, RamdiskWorld{Config: v.Config, Path: path})
	v.judge(ctx, Check{"unmount of nothing", func(ctx context.Context) error { return r.Unmount(ctx, path) }})
	v.judge(ctx, Check{"bad requests", c.bad})
	v.must(ctx, Check{"mount", func(ctx context.Context) error { return v.allowed(c.mount(ctx)) }})
	if v.broken == "" && c.disk.Path == "" {
		v.broken = "no ramdisk could be made"
	}
	v.judgeAll(ctx, c.mounted())
	v.judge(ctx, Check{"killed, another finds it", func(ctx context.Context) error { return v.killedMounted(ctx, c) }})
	v.judgeAll(ctx, c.unmounted())
}

// allowed tells a plugin that may not mount here from a bad one.
func (v *verifier) allowed(err error) error {
	if err != nil && os.Geteuid() != 0 && plugins.KindOf(err) == plugins.Permanent {
		return Skip("not root: %v", err)
	}
	return err
}

// killedMounted kills the process; another one must know the ramdisk by what the node shows.
func (v *verifier) killedMounted(ctx context.Context, c *ramdiskChecks) error {
	p, err := v.subject.process(ctx)
	if err != nil {
		return err
	}
	p.signal(syscall.SIGKILL)
	p.waitExit(endTime)
	if p, err = v.subject.process(ctx); err != nil {
		return err
	}
	c.r = ramdiskOf(v.subject, p)
	if err := c.list(ctx); err != nil {
		return err
	}
	return c.reuse(ctx)
}
