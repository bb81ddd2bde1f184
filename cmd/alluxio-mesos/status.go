package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/alluxio-mesos/alluxio-mesos/cmd/alluxio-mesos/screen"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/state"
)

const pollInterval = 200 * time.Millisecond

type statusFlags struct {
	siteFlags
	wait time.Duration
}

func newStatus(a *app) *cobra.Command {
	var f statusFlags
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what runs where, how far it is, and why something does not run",
		Long: `Shows the deployment: instances, their tasks, addresses and progress, and for what
is not placed the reason and the advice, agent by agent.

If the scheduler is dead it shows what the scheduler knew last, and exits 3.
With --wait it returns as soon as everything serves, or after that time.

` + exitCodesHelp,
		Example: `  alluxio-mesos status
  alluxio-mesos status --wait 5m && echo up
  alluxio-mesos status -o json | jq '.declines[].advice'`,
		Args: usage(cobra.NoArgs),
	}
	f.add(cmd)
	cmd.Flags().DurationVar(&f.wait, "wait", 0, "wait up to `TIME` for everything to serve")
	output := addFormat(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return status(cmd.Context(), a, f, output.value)
	}
	return cmd
}

func status(ctx context.Context, a *app, f statusFlags, output string) error {
	at, err := f.place(a)
	if err != nil {
		return err
	}
	s, asked := ask(ctx, at)
	if f.wait > 0 {
		s, asked = askUntilServing(ctx, a, at, f.wait)
	}
	if asked != nil && !errors.Is(asked, client.ErrNotRunning) {
		return asked
	}
	if asked != nil {
		if s, err = lastKnown(at); err != nil {
			return err
		}
	}
	if output == "json" {
		err = printJSON(a.out, s)
	} else {
		err = screen.Status(a.out, s)
	}
	switch {
	case err != nil:
		return err
	case asked != nil:
		return asked
	case !screen.Whole(s):
		return withCode(exitNotServing, errors.New(""))
	}
	return nil
}

// ask the scheduler of a deployment.
func ask(ctx context.Context, at place) (client.Status, error) {
	c, err := client.Open(at.dir)
	if err == nil {
		var s client.Status
		if s, err = c.Status(ctx); err == nil {
			return s, nil
		}
	}
	if errors.Is(err, client.ErrNotRunning) {
		return client.Status{}, withCode(exitNotRunning, fmt.Errorf("%s: %w; %s", at.name, client.ErrNotRunning, wayOn(at)))
	}
	return client.Status{}, fmt.Errorf("cannot ask the scheduler of %s: %w", at.name, err)
}

// wayOn is what can be done about a deployment without a scheduler.
func wayOn(at place) string {
	saved, err := state.Read(at.dir)
	if err == nil && saved.Plan.Framework == "" {
		return "nothing is deployed; start it with \"alluxio-mesos start MESOS" + at.flag() + "\""
	}
	return fmt.Sprintf("start one with \"alluxio-mesos start MESOS%[1]s\", which takes over what runs, or end what runs with \"alluxio-mesos stop%[1]s\"",
		at.flag())
}

// askUntilServing tells on stderr what changes meanwhile.
func askUntilServing(ctx context.Context, a *app, at place, limit time.Duration) (client.Status, error) {
	f := newFollower(a.err, "")
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		// The answer must not be cut off by the end of the wait.
		s, err := ask(context.WithoutCancel(ctx), at)
		f.tell(s)
		if err != nil || screen.Whole(s) {
			return s, err
		}
		select {
		case <-ctx.Done():
			return s, nil
		case <-ticker.C:
		}
	}
}
