package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
)

type stopFlags struct {
	siteFlags
	mesos   string
	timeout time.Duration
}

func newStop(a *app) *cobra.Command {
	var f stopFlags
	cmd := &cobra.Command{
		Use:   "stop",
		Short: "End the deployment, also when its scheduler is dead",
		Long: `Ends all tasks, unmounts the ramdisks and removes the framework from Mesos, and
returns when that is done. If the scheduler is dead, this command takes its place.

What stays on the agents: work folders (journal, metastore, local root UFS), the node
cache and the sandboxes that Mesos keeps. Data that is only in memory is lost. The
next start finds its journal and serves the old namespace.

` + exitCodesHelp,
		Example: `  alluxio-mesos stop
  alluxio-mesos stop --name staging`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return stop(cmd.Context(), a, f)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.mesos, "mesos", "", "the Mesos master, if the scheduler is dead and Mesos has a new `ADDRESS`")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 5*time.Minute, "how long it may take")
	return cmd
}

func stop(ctx context.Context, a *app, f stopFlags) error {
	at, err := f.place(a)
	if err != nil {
		return err
	}
	name, dir := at.name, at.dir
	limited, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	c, err := client.Open(dir)
	if err == nil {
		err = stopLive(limited, a, c, name)
	}
	if errors.Is(err, client.ErrNotRunning) {
		err = stopDead(limited, a, f, name, dir)
	}
	switch {
	case err == nil:
		fmt.Fprintf(a.out, "%s is stopped\n", name)
	case ctx.Err() != nil:
		return withCode(exitInterrupted, fmt.Errorf("interrupted: %s may not be stopped yet; run stop again", name))
	case limited.Err() != nil:
		return fmt.Errorf("%s was not stopped within %v: \"alluxio-mesos status\" says what is left; run stop again", name, f.timeout)
	}
	return err
}
