package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/spf13/cobra"

	"github.com/alluxio-mesos/alluxio-mesos/cmd/alluxio-mesos/dev"
	"github.com/alluxio-mesos/alluxio-mesos/internal/sitefile"
)

// maxAgents is what one machine has addresses for: 127.0.0.1 to 127.0.0.254.
const maxAgents = 254

type devFlags struct {
	siteFlags
	agents  int
	check   bool
	timeout time.Duration
}

func newDev(a *app) *cobra.Command {
	var f devFlags
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run a Mesos and a whole Alluxio on this machine, until Ctrl-C",
		Long: `Runs an embedded Mesos, a master and a worker on each of its agents, writes a file
with Alluxio's own shell, reads it back, says where everything is, and waits for
Ctrl-C. Then it takes everything down; a second Ctrl-C does so by force.

It needs no root: everything lies below ~/.alluxio-mesos/dev, and where mounting is
not allowed the ramdisks are folders of /dev/shm. Only the cache stays. What a killed
dev left behind, the next one sweeps. The tarball is what "make alluxio" built.
No site file is looked for: only --conf and -D change anything.

` + exitCodesHelp,
		Example: `  alluxio-mesos dev
  alluxio-mesos dev --agents 3 -Dalluxio.worker.ramdisk.size=1GB
  alluxio-mesos dev --check --agents 2`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDev(cmd.Context(), a, f)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.IntVar(&f.agents, "agents", 1, "how many `agents` the embedded Mesos has")
	flags.BoolVar(&f.check, "check", false, "end once Alluxio was seen to work, or say why it does not")
	flags.Var(&f.conf, "conf", "site properties `FILE`")
	flags.StringArrayVarP(&f.defines, "define", "D", nil, "`key=value` that overrides everything else; may be repeated")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Minute, "how long it may take until Alluxio serves")
	return cmd
}

func runDev(ctx context.Context, a *app, f devFlags) error {
	if f.agents < 1 || f.agents > maxAgents {
		return withCode(exitUsage, fmt.Errorf("--agents %d: write a number from 1 to %d; each agent takes an address of loopback and ten ports",
			f.agents, maxAgents))
	}
	site, err := f.devSite()
	if err != nil {
		return err
	}
	if site.File != "" {
		saySite(a, site)
	}
	root, err := stateDir(dev.Name, "")
	if err != nil {
		return err
	}
	bin, err := binDir()
	if err != nil {
		return err
	}
	force, done := forced(ctx)
	defer done()
	err = dev.Run(ctx, dev.Config{
		Root:         root,
		Bin:          bin,
		Agents:       f.agents,
		Check:        f.check,
		Site:         site.Properties,
		ConfDir:      confDir(site),
		ReadFile:     sitefile.ReadFile,
		StartTimeout: f.timeout,
		Out:          a.out,
		Getenv:       a.getenv,
		Force:        force,
	})
	var config *dev.ConfigError
	switch {
	case errors.Is(err, dev.ErrInterrupted):
		return withCode(exitInterrupted, err)
	case errors.As(err, &config):
		return problems("these properties", config.Unwrap())
	}
	return err
}

// devSite reads the properties that the operator gave, and looks for none.
func (f devFlags) devSite() (sitefile.Site, error) {
	over, err := f.overrides()
	if err != nil {
		return sitefile.Site{}, err
	}
	if name, ok := over.Get(nameKey); ok {
		return sitefile.Site{}, withCode(exitUsage, fmt.Errorf("%s=%s: dev has its own name, %q here; \"start\" takes others", nameKey, name, dev.Name))
	}
	if f.conf == "" {
		return sitefile.Site{Properties: over}, nil
	}
	site, err := sitefile.Read(sitefile.Search{File: string(f.conf)}, over)
	if err != nil {
		return site, problems("the site properties", err)
	}
	return site, nil
}

// forced fires at a signal that comes after the first, which ended ctx.
func forced(ctx context.Context) (force <-chan struct{}, done func()) {
	signals, fired := make(chan os.Signal, 1), make(chan struct{})
	stop := context.AfterFunc(ctx, func() { signal.Notify(signals, stopSignals()...) })
	quit := make(chan struct{})
	go func() {
		select {
		case <-signals:
			close(fired)
		case <-quit:
		}
	}()
	return fired, func() {
		stop()
		signal.Stop(signals)
		close(quit)
	}
}
