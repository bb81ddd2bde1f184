package main

import (
	"github.com/spf13/cobra"
)

// newPlugins is the group of verbs about plugins: for those who write them (new, verify)
// and for those who run them (install, list, remove).
func newPlugins(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugins",
		Short: "Write, try and exchange plugins: fetchers and ramdisks",
		Long: `Plugins fetch the software of a deployment and mount its ramdisks. Each is one
executable called alluxio-mesos-(fetcher|ramdisk)-NAME, in any language; a deployment
ships those in alluxio.integration.mesos.plugin.dir. docs/plugins.md is the tutorial.

` + exitCodesHelp,
		Example: `  alluxio-mesos plugins new shelf                              # a project that builds and passes
  alluxio-mesos plugins verify ./bin/alluxio-mesos-fetcher-shelf
  alluxio-mesos plugins install ./bin/alluxio-mesos-fetcher-shelf  # into a deployment that runs
  alluxio-mesos plugins list`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPluginsNew(a), newPluginsVerify(a))
	cmd.AddCommand(newPluginsInstall(a), newPluginsList(a), newPluginsRemove(a))
	return cmd
}
