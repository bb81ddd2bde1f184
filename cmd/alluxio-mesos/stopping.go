package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/cmd/alluxio-mesos/screen"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
)

// stopLive asks the scheduler to stop, and tells what it does until it is gone.
func stopLive(ctx context.Context, a *app, c *client.Client, name string) error {
	if err := c.Stop(ctx); err != nil {
		return fmt.Errorf("cannot stop %s: %w", name, err)
	}
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	said := map[string]string{}
	for {
		s, err := c.Status(ctx)
		if errors.Is(err, client.ErrNotRunning) {
			return nil
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

func stopLine(instance client.Instance) string {
	for _, task := range instance.Tasks {
		return screen.TaskStep(task)
	}
	return "ended"
}

// stopDead runs a scheduler that does nothing but end the deployment.
func stopDead(ctx context.Context, a *app, f stopFlags, name, dir string) error {
	d, site, err := f.deployment(a, "")
	if err != nil {
		return err
	}
	saySite(a, site)
	bin, err := binDir()
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "the scheduler of %s is dead: this command takes its place\n", name)
	return scheduler.Run(ctx, scheduler.Config{
		Deployment: d,
		Mesos:      f.mesos,
		StateDir:   dir,
		Executor:   filepath.Join(bin, executorName),
		PluginDir:  bin,
		Stop:       true,
		Logger:     newLogger(a.err, false).With("framework", name),
	})
}
