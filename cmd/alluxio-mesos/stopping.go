package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/cmd/alluxio-mesos/screen"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/plan"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/state"
)

// stopLive asks the scheduler to stop, and tells what it does until it is gone.
func stopLive(ctx context.Context, a *app, c *client.Client, name, dir string) error {
	if err := c.Stop(ctx); err != nil {
		return fmt.Errorf("cannot stop %s: %w", name, err)
	}
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	said := map[string]string{}
	for {
		s, err := c.Status(ctx)
		if errors.Is(err, client.ErrNotRunning) {
			return stopped(ctx, dir)
		}
		if err != nil {
			return fmt.Errorf("cannot follow the stop of %s: %w", name, err)
		}
		for _, instance := range s.Instances {
			line := stopLine(instance)
			if said[instance.Name] != line {
				said[instance.Name] = line
				fmt.Fprintf(a.out, "%s: %s\n", instance.Name, line)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// stopped waits until the scheduler has let go of its state, and reads there how the stop
// went. A framework that is still in there died with its scheduler: client.ErrNotRunning.
func stopped(ctx context.Context, dir string) error {
	for {
		if _, held := state.Holder(dir); !held {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollInterval):
		}
	}
	saved, err := state.Read(dir)
	switch {
	case err != nil:
		return err
	case saved.Plan.Framework != "":
		return client.ErrNotRunning
	case len(saved.Plan.Left) > 0:
		return &plan.LeftError{Left: saved.Plan.Left}
	}
	return nil
}

func stopLine(instance client.Instance) string {
	for _, task := range instance.Tasks {
		return screen.TaskStep(task)
	}
	return "ended"
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
	return scheduler.Run(ctx, scheduler.Config{
		Deployment: d,
		Mesos:      masters,
		StateDir:   dir,
		Executor:   filepath.Join(bin, executorName),
		PluginDir:  bin,
		Stop:       true,
		Logger:     newLogger(a.err, false).With("framework", name),
	})
}
