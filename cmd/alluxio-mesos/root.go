package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// app is what all verbs share: the world around the program.
type app struct {
	out, err io.Writer
	getenv   func(string) string
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "alluxio-mesos",
		Short: "Alluxio on Apache Mesos",
		Long: `Runs Alluxio (a master and workers) on Apache Mesos.

What to deploy is read from alluxio-site.properties, found where Alluxio itself
looks for it: --conf FILE, or else $ALLUXIO_CONF_DIR or the conf folder of
alluxio.home ($ALLUXIO_HOME), ~/.alluxio, /etc/alluxio. -Dkey=value overrides it.

` + exitCodesHelp,
		Example: `  alluxio-mesos dev                      # a Mesos and a whole Alluxio on this machine
  alluxio-mesos start 10.0.0.1:5050      # deploy on a Mesos
  alluxio-mesos status                   # what runs where, and what does not and why
  alluxio-mesos endpoints -o properties  # what a client puts into its site file
  alluxio-mesos stop`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return withCode(exitUsage, fmt.Errorf("%w (see %q)", err, cmd.CommandPath()+" --help"))
	})
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(
		newDev(a),
		newStart(a),
		newScheduler(a),
		newStatus(a),
		newEndpoints(a),
		newStop(a),
		newFetch(a),
		newPlugins(a),
		newCache(a),
	)
	// Everything that cobra itself refuses is wrong usage.
	root.Args = usage(cobra.NoArgs)
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return root
}

// usage makes a check of arguments fail as wrong usage.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return withCode(exitUsage, fmt.Errorf("%w (see %q)", err, cmd.CommandPath()+" --help"))
		}
		return nil
	}
}

// oneArgument takes exactly one argument; missing says what to write where there is none.
func oneArgument(missing string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return errors.New(missing)
		}
		return cobra.ExactArgs(1)(cmd, args)
	}
}

// binDir is the folder of the running program, where its executor and plugins lie.
func binDir() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("cannot find the folder of this program: %w", err)
	}
	self, err = filepath.EvalSymlinks(self)
	if err != nil {
		return "", fmt.Errorf("cannot find the folder of this program: %w", err)
	}
	return filepath.Dir(self), nil
}
