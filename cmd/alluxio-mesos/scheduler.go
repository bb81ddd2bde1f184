package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/alluxio-mesos/alluxio-mesos/internal/detach"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler"
)

const executorName = "alluxio-mesos-executor"

type schedulerFlags struct {
	siteFlags
	mesos      string
	masterHost string
	verbose    bool
}

func newScheduler(a *app) *cobra.Command {
	var f schedulerFlags
	cmd := &cobra.Command{
		Use:   "scheduler --mesos MESOS",
		Short: "Run the scheduler in the foreground, for systemd or Marathon",
		Long: `Runs the scheduler of a deployment in the foreground and logs to stderr.

On SIGTERM, SIGINT and SIGHUP it ends and leaves all tasks running; started again,
it takes them over. "alluxio-mesos stop" ends the deployment, and then the
scheduler ends with exit code 0.

` + exitCodesHelp,
		Example: `  alluxio-mesos scheduler --mesos 10.0.0.1:5050
  alluxio-mesos scheduler --mesos zk://10.0.0.1:2181/mesos --master-host agent7.example.org`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			herald := detach.NewHerald(a.getenv)
			var err error
			if f.mesos, err = mesosAddress(cmd.InOrStdin(), f.mesos); err == nil {
				err = runScheduler(cmd.Context(), a, f, herald)
			}
			if err != nil {
				herald.Failed(err)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&f.mesos, "mesos", "", "the Mesos master: host:port, zk://..., a `URL`, or - to read it from stdin (required)")
	f.add(cmd)
	cmd.Flags().StringVar(&f.masterHost, "master-host", "", "`HOST` of the agent on which the Alluxio master must run")
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "log more")
	return cmd
}

func runScheduler(ctx context.Context, a *app, f schedulerFlags, herald *detach.Herald) error {
	if f.mesos == "" {
		return withCode(exitUsage, fmt.Errorf("--mesos is missing: it says which Mesos to deploy on, for example --mesos 10.0.0.1:5050"))
	}
	d, site, err := f.deployment(a, f.masterHost)
	if err != nil {
		return err
	}
	saySite(a, site)
	dir, err := stateDir(d.Name, d.State)
	if err != nil {
		return err
	}
	bin, err := binDir()
	if err != nil {
		return err
	}
	err = scheduler.Run(ctx, scheduler.Config{
		Deployment: d,
		Mesos:      f.mesos,
		StateDir:   dir,
		Executor:   filepath.Join(bin, executorName),
		PluginDir:  bin,
		Logger:     newLogger(a.err, f.verbose).With("framework", d.Name),
		Ready:      herald.Ready,
	})
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil // asked to end, it left the tasks running
	}
	return addressed(err)
}

func newLogger(w io.Writer, verbose bool) *slog.Logger {
	level := slog.LevelInfo
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}
