package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
)

type removeFlags struct {
	siteFlags
	kind    string
	timeout time.Duration
}

func newPluginsRemove(a *app) *cobra.Command {
	var f removeFlags
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Take an installed plugin back, in the whole deployment, while it runs",
		Long: `Takes back what "alluxio-mesos plugins install" brought: the plugin of plugin.dir is
shipped again, and every executor that runs swaps to it, as at an install. Where
plugin.dir has none, executors keep theirs to their end, and later ones have none.

` + exitCodesHelp,
		Example: `  alluxio-mesos plugins remove http
  alluxio-mesos plugins remove tmpfs --kind ramdisk`,
		Args: usage(oneArgument("NAME is missing: say which plugin, for example \"alluxio-mesos plugins remove http\"")),
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.kind, "kind", "", "`KIND` of the plugin, fetcher or ramdisk, if both have one of the name")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 2*time.Minute, "how long to wait for the answers of the instances")
	_ = cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions([]string{"fetcher", "ramdisk"}, cobra.ShellCompDirectiveNoFileComp))
	output := addFormat(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return remove(cmd.Context(), a, f, args[0], output.value)
	}
	return cmd
}

func remove(ctx context.Context, a *app, f removeFlags, name, output string) error {
	at, err := f.place(a)
	if err != nil {
		return err
	}
	c, err := open(at)
	if err != nil {
		return err
	}
	kind, err := f.kindOf(ctx, c, name)
	if err != nil {
		return err
	}
	removed, err := c.RemovePlugin(ctx, kind, name)
	if err != nil {
		return changing(ctx, at, err)
	}
	if output == "table" {
		now := removed.Plugin.SHA256
		if now == "" {
			now = "none; executors keep theirs to their end"
		}
		fmt.Fprintf(a.out, "%s-%s %s is removed (now: %s)\n", kind, name, removed.Before, now)
	}
	return follow(ctx, a, at, c, removed, f.timeout, output)
}

// kindOf finds out what the plugin is, if the operator did not say.
func (f removeFlags) kindOf(ctx context.Context, c *client.Client, name string) (string, error) {
	if f.kind != "" {
		return f.kind, nil
	}
	all, err := c.Plugins(ctx)
	if err != nil {
		return "", err
	}
	kind := ""
	for _, p := range all.Plugins {
		if p.Name != name {
			continue
		}
		if kind != "" {
			return "", withCode(exitUsage, fmt.Errorf("there is a fetcher and a ramdisk of the name %s: say which with --kind", name))
		}
		kind = p.Kind
	}
	if kind == "" {
		return "", fmt.Errorf("there is no plugin %s; \"alluxio-mesos plugins list\" names them", name)
	}
	return kind, nil
}
