package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/state"
)

// stopLive asks the scheduler to stop, and tells what it does until it is gone. It is
// client.ErrNotRunning if the scheduler dies before the deployment has ended.
func stopLive(ctx context.Context, a *app, c *client.Client, name string) error {
	if err := c.Stop(ctx); err != nil {
		return fmt.Errorf("cannot stop %s: %w", name, err)
	}
	followStop(ctx, a, c)
	return c.WaitStopped(ctx)
}

// followStop tells what becomes of the instances until the scheduler answers no more. That
// mostly means that it has ended, and who called finds out.
func followStop(ctx context.Context, a *app, c *client.Client) {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	f := newFollower(a.out, "ended")
	for {
		s, err := c.Status(ctx)
		if err != nil {
			return
		}
		f.tell(s)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// stopDead runs a scheduler that does nothing but end the deployment.
func stopDead(ctx context.Context, a *app, f stopFlags, name, dir string) error {
	saved, err := state.Read(dir)
	if err != nil {
		return err
	}
	if saved.Plan.Framework == "" {
		return withCode(exitNotRunning, fmt.Errorf("there is nothing to stop: no framework of the name %s is known on this host (%s)", name, dir))
	}
	d, site, err := f.deployment(a, "")
	if err != nil {
		return err
	}
	saySite(a, site)
	bin, err := binDir()
	if err != nil {
		return err
	}
	masters := f.mesos
	if masters == "" {
		masters = saved.Mesos
	}
	fmt.Fprintf(a.out, "the scheduler of %s is dead: this command takes its place, with Mesos at %s\n", name, redact.URL(masters))
	var following sync.WaitGroup
	defer following.Wait()
	return scheduler.Run(ctx, scheduler.Config{
		Deployment: d,
		Mesos:      masters,
		StateDir:   dir,
		Executor:   filepath.Join(bin, executorName),
		PluginDir:  bin,
		Stop:       true,
		Logger:     slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: slog.LevelWarn})).With("framework", name),
		Ready: func(string) {
			c, err := client.Open(dir)
			if err != nil {
				return
			}
			following.Go(func() { followStop(ctx, a, c) })
		},
	})
}
