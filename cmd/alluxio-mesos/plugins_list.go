package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/alluxio-mesos/alluxio-mesos/cmd/alluxio-mesos/screen"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
)

func newPluginsList(a *app) *cobra.Command {
	var f siteFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show which plugins the deployment ships, and which each instance uses",
		Long: `Shows the plugins that executors get: from plugin.dir, or installed while the
deployment ran; and for each instance the ones that it uses, as it told last. Plugins
start when they are first needed: an instance lists only those that it started.

With -o json the answers to the latest install of each plugin are among it.

` + exitCodesHelp,
		Example: `  alluxio-mesos plugins list
  alluxio-mesos plugins list -o json | jq '.plugins[] | {name, version, sha256}'`,
		Args: usage(cobra.NoArgs),
	}
	f.add(cmd)
	output := addFormat(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return listPlugins(cmd.Context(), a, f, output.value)
	}
	return cmd
}

func listPlugins(ctx context.Context, a *app, f siteFlags, output string) error {
	at, err := f.place(a)
	if err != nil {
		return err
	}
	c, err := open(at)
	if err != nil {
		return err
	}
	all, err := c.Plugins(ctx)
	if errors.Is(err, client.ErrNotRunning) {
		return withCode(exitNotRunning, err)
	}
	if err != nil {
		return fmt.Errorf("cannot ask the scheduler of %s: %w", at.name, err)
	}
	if output == "json" {
		return printJSON(a.out, all)
	}
	return screen.Plugins(a.out, all)
}
