package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/alluxio-mesos/alluxio-mesos/internal/detach"
	"github.com/alluxio-mesos/alluxio-mesos/internal/sitefile"
	v1 "github.com/alluxio-mesos/alluxio-mesos/mesos/v1"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
)

type startFlags struct {
	siteFlags
	wait    bool
	timeout time.Duration
}

func newStart(a *app) *cobra.Command {
	var f startFlags
	cmd := &cobra.Command{
		Use:   "start MESOS [HOST]",
		Short: "Deploy Alluxio on a Mesos, with a scheduler in the background",
		Long: `Checks the configuration, starts a scheduler in the background and returns once
it is registered with Mesos, or says why it is not. The tasks come up after that:
see "alluxio-mesos status --wait 5m".

MESOS is host:port, several of them with commas, zk://host:port/path, a URL, or "-":
then it is read from standard input, which keeps a password in it out of sight.
HOST is the agent on which the Alluxio master must run; without it, any that fits.

The scheduler logs to logs/framework.out below $ALLUXIO_LOGS_DIR (there directly),
$ALLUXIO_HOME or ~/.alluxio-mesos/NAME. It ends with "alluxio-mesos stop". If it is
killed, tasks run on, and the next start takes them over.

With -w the command ends when the scheduler does, and a signal to the command is
handed on to the scheduler: its tasks run on.

` + exitCodesHelp,
		Example: `  alluxio-mesos start 10.0.0.1:5050
  alluxio-mesos start zk://10.0.0.1:2181/mesos agent7.example.org
  alluxio-mesos start --conf my.properties -Dalluxio.worker.ramdisk.size=16GB 10.0.0.1:5050`,
		Args: usage(startArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			masters, err := mesosAddress(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			return start(cmd.Context(), a, f, masters, append(args, "")[1])
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVarP(&f.wait, "wait", "w", false, "wait until the scheduler ends")
	cmd.Flags().DurationVar(&f.timeout, "timeout", time.Minute, "how long registering may take")
	return cmd
}

func startArgs(_ *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return errors.New("MESOS is missing: say which Mesos to deploy on, for example \"alluxio-mesos start 10.0.0.1:5050\"")
	case 1, 2:
		return nil
	}
	return fmt.Errorf("too many arguments after MESOS and HOST: %s", strings.Join(args[2:], " "))
}

func start(ctx context.Context, a *app, f startFlags, masters, host string) error {
	d, site, err := f.deployment(a, host)
	if err != nil {
		return err
	}
	saySite(a, site)
	dir, err := stateDir(d.Name, d.State)
	if err != nil {
		return err
	}
	if running, err := client.Open(dir); err == nil {
		return fmt.Errorf("cannot start %s: its scheduler already runs and answers at %s; "+
			"see \"alluxio-mesos status%s\", or use another %s", d.Name, running.URL(), place{name: d.Name}.flag(), nameKey)
	}
	limited, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	leader, err := v1.Ping(limited, masters)
	if err != nil {
		return addressed(fmt.Errorf("cannot start %s: %w", d.Name, err))
	}
	child, log, err := background(a, f, site, dir, masters, host)
	if err != nil {
		return fmt.Errorf("cannot start %s: %w", d.Name, err)
	}
	if err := registered(limited, a, child, log, d.Name, leader); err != nil {
		return err
	}
	if !f.wait {
		return nil
	}
	return waitFor(ctx, a, child, d.Name)
}

// background starts this program again as the scheduler.
func background(a *app, f startFlags, site sitefile.Site, dir, masters, host string) (*detach.Child, string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", fmt.Errorf("cannot find this program: %w", err)
	}
	log, err := openLog(a, dir)
	if err != nil {
		return nil, "", err
	}
	defer log.Close()
	address, input := passedOn(masters)
	args := []string{"scheduler", "--mesos", address}
	if host != "" {
		args = append(args, "--master-host", host)
	}
	if site.File != "" {
		args = append(args, "--conf", site.File)
	}
	if f.name != "" {
		args = append(args, "--name", f.name)
	}
	for _, define := range f.defines {
		args = append(args, "-D"+define)
	}
	child, err := detach.Start(detach.Command{Path: self, Args: args, Env: os.Environ(), Input: input, Log: log})
	return child, log.Name(), err
}

// openLog opens logs/framework.out, where the scripts of the Java framework had it.
func openLog(a *app, dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil { // before its folder for logs, which others may read
		return nil, fmt.Errorf("cannot make the state folder: %w", err)
	}
	folder := filepath.Join(dir, "logs")
	if home := a.getenv("ALLUXIO_HOME"); home != "" {
		folder = filepath.Join(home, "logs")
	}
	if logs := a.getenv("ALLUXIO_LOGS_DIR"); logs != "" {
		folder = logs
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make the log folder: %w; set ALLUXIO_LOGS_DIR to one that can be written", err)
	}
	log, err := os.OpenFile(filepath.Join(folder, "framework.out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, fmt.Errorf("cannot open the log: %w; set ALLUXIO_LOGS_DIR to a folder that can be written", err)
	}
	return log, nil
}

// registered waits for the scheduler's word. A scheduler that is not registered in time
// is ended: nothing half done stays.
func registered(ctx context.Context, a *app, child *detach.Child, log, name, leader string) error {
	api, err := child.Ready(ctx)
	var failure *detach.Failure
	switch {
	case err == nil:
		fmt.Fprintf(a.out, "%s is registered with Mesos at %s; scheduler: process %d, API %s, log %s\n",
			name, leader, child.PID(), api, log)
		return nil
	case errors.As(err, &failure):
		return withCode(max(failure.Code, exitFailed), fmt.Errorf("cannot start %s: %w\nlog: %s", name, err, log))
	}
	_ = child.Signal(syscall.SIGKILL)
	_ = child.Wait()
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("cannot start %s: it was not registered in time (--timeout); the log %s says more", name, log)
	}
	return withCode(exitInterrupted, fmt.Errorf("cannot start %s: interrupted", name))
}

// waitFor waits for the end of the scheduler, and hands a signal on to it.
func waitFor(ctx context.Context, a *app, child *detach.Child, name string) error {
	stop := context.AfterFunc(ctx, func() { _ = child.Signal(syscall.SIGTERM) })
	defer stop()
	if err := child.Wait(); err != nil {
		return fmt.Errorf("the scheduler of %s failed: %w", name, err)
	}
	fmt.Fprintf(a.out, "the scheduler of %s has ended\n", name)
	return nil
}
