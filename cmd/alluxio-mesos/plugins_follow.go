package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/cmd/alluxio-mesos/screen"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
)

// change is a change of plugins as -o json prints it.
type change struct {
	client.Installed
	Instances []client.SwapInstance `json:"instances"`
}

// follow tells what each instance answers, until all have or the time is up, and fails where one did not swap.
func follow(ctx context.Context, a *app, at place, c *client.Client, installed client.Installed, limit time.Duration, output string) error {
	swap := &client.Swap{Done: true}
	var err error
	if installed.ID != "" {
		tell := func(i client.SwapInstance, line string) {
			if output == "table" && i.State != "refused" { // those are in the error
				fmt.Fprintf(a.out, "%s: %s\n", i.Instance, line)
			}
		}
		swap, err = awaitSwap(ctx, c, installed, limit, tell)
	}
	if swap != nil && output == "json" {
		if err := printJSON(a.out, change{installed, append([]client.SwapInstance{}, swap.Instances...)}); err != nil {
			return err
		}
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return withCode(exitInterrupted, errors.New("interrupted: the scheduler goes on telling the executors; \"alluxio-mesos plugins list\" says what they use"))
	case err != nil:
		return changing(ctx, at, err)
	}
	err = unswapped(swap, limit)
	if err != nil && installed.Plugin.Origin == "installed" {
		return fmt.Errorf("%w\nIt stays installed, and executors that start from now on get it; \"alluxio-mesos plugins remove %s%s\" takes it back",
			err, installed.Plugin.Name, at.flag())
	}
	return err
}

// awaitSwap asks for a swap until it is done or the limit is reached, and says each answer once.
func awaitSwap(ctx context.Context, c *client.Client, installed client.Installed, limit time.Duration,
	tell func(client.SwapInstance, string)) (*client.Swap, error) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	said := map[string]bool{}
	for last := false; ; {
		all, err := c.Plugins(ctx)
		if err != nil {
			return nil, err
		}
		swap := swapIn(all, installed)
		if swap == nil {
			return nil, fmt.Errorf("another change of %s-%s has taken the place of this one: \"alluxio-mesos plugins list\" says what is used",
				installed.Plugin.Kind, installed.Plugin.Name)
		}
		for _, i := range swap.Instances {
			if line := screen.SwapStep(i); line != "" && !said[i.Executor] {
				said[i.Executor] = true
				tell(i, line)
			}
		}
		if swap.Done || last {
			return swap, nil
		}
		select {
		case <-ctx.Done():
			return swap, ctx.Err()
		case <-timer.C:
			last = true // one more look
		case <-ticker.C:
		}
	}
}

func swapIn(all client.Plugins, installed client.Installed) *client.Swap {
	for _, p := range all.Plugins {
		if p.Swap != nil && p.Swap.ID == installed.ID {
			return p.Swap
		}
	}
	return nil
}

// unswapped is an error that lists the instances which do not use the plugin.
func unswapped(swap *client.Swap, limit time.Duration) error {
	var lines []string
	for _, i := range swap.Instances {
		switch i.State {
		case "refused":
			lines = append(lines, fmt.Sprintf("%s on %s: %s", i.Instance, i.Host, screen.SwapStep(i)))
		case "waiting":
			lines = append(lines, fmt.Sprintf("%s on %s: silent for %s: %s", i.Instance, i.Host, limit, i.Message))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d instances did not swap:\n%s", len(lines), len(swap.Instances), strings.Join(lines, "\n"))
}
