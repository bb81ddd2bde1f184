package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
)

type installFlags struct {
	siteFlags
	kind, as  string
	unchecked bool
	timeout   time.Duration
}

func newPluginsInstall(a *app) *cobra.Command {
	var f installFlags
	cmd := &cobra.Command{
		Use:   "install FILE",
		Short: "Exchange a plugin in the whole deployment, while it runs",
		Long: `Hands a plugin to the scheduler, which tries it and gives it to every executor that
runs. Each starts the new one, looks whether it works there, and only then uses it for
what comes next; fetches that go on end on the older one, and no Alluxio process is
disturbed. Where the new one does not work, the older one stays.

The plugin is kept in the state folder: it wins over plugin.dir, also after a restart
of the scheduler, until "alluxio-mesos plugins remove". Kind and name are taken from
the name of the file, alluxio-mesos-(fetcher|ramdisk)-NAME.

It waits for all answers, and fails if an instance refused or stayed silent; an
instance whose executor ended gets the plugin with its next one.

` + exitCodesHelp,
		Example: `  alluxio-mesos plugins install ./alluxio-mesos-fetcher-http
  alluxio-mesos plugins install ./build/http-fetcher --kind fetcher --plugin http
  alluxio-mesos plugins install ./alluxio-mesos-fetcher-s3 -o json --timeout 5m`,
		Args: usage(oneArgument("FILE is missing: name the plugin's executable, for example \"alluxio-mesos plugins install ./alluxio-mesos-fetcher-http\"")),
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.kind, "kind", "", "`KIND` of the plugin, fetcher or ramdisk, if the file's name does not say it")
	flags.StringVar(&f.as, "plugin", "", "name of the `PLUGIN`, if the file's name does not say it")
	flags.BoolVar(&f.unchecked, "unchecked", false, "do not try it on the scheduler's host, where it cannot run; the executors do in any case")
	flags.DurationVar(&f.timeout, "timeout", 2*time.Minute, "how long to wait for the answers of the instances")
	_ = cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions([]string{"fetcher", "ramdisk"}, cobra.ShellCompDirectiveNoFileComp))
	output := addFormat(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return install(cmd.Context(), a, f, args[0], output.value)
	}
	return cmd
}

func install(ctx context.Context, a *app, f installFlags, file, output string) error {
	at, err := f.place(a)
	if err != nil {
		return err
	}
	upload, err := f.upload(file)
	if err != nil {
		return withCode(exitUsage, err)
	}
	c, err := open(at)
	if err != nil {
		return err
	}
	content, err := os.Open(file)
	if err != nil {
		return withCode(exitUsage, err)
	}
	defer func() { _ = content.Close() }()
	upload.Body = content
	installed, err := c.InstallPlugin(ctx, upload)
	if err != nil {
		return changing(ctx, at, err)
	}
	if output == "table" {
		what := strings.TrimSpace(upload.Kind + "-" + upload.Name + " " + installed.Plugin.Version)
		fmt.Fprintf(a.out, "%s is installed (%s, before: %s)\n", what, upload.SHA256, orNone(installed.Before))
	}
	return follow(ctx, a, at, c, installed, f.timeout, output)
}

// upload describes the file, and refuses what cannot be a plugin before it is sent.
func (f installFlags) upload(file string) (client.Upload, error) {
	u := client.Upload{Kind: f.kind, Name: f.as, Unchecked: f.unchecked}
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return u, fmt.Errorf("cannot read the plugin: %w", err)
	case !info.Mode().IsRegular():
		return u, fmt.Errorf("%s is no file", file)
	case info.Size() == 0:
		return u, fmt.Errorf("%s is empty", file)
	}
	if u.Kind == "" || u.Name == "" {
		kind, name, ok := pluginOf(filepath.Base(file))
		if !ok {
			return u, fmt.Errorf("the name of %s does not say which plugin it is: it is to be alluxio-mesos-fetcher-NAME or "+
				"alluxio-mesos-ramdisk-NAME; or use --kind and --plugin", file)
		}
		u.Kind, u.Name = cmp.Or(u.Kind, kind), cmp.Or(u.Name, name)
	}
	u.SHA256, u.Size, err = host.DigestFile(file)
	return u, err
}

// pluginOf reads kind and name from the name of a file.
func pluginOf(base string) (kind, name string, ok bool) {
	rest, ok := strings.CutPrefix(base, "alluxio-mesos-")
	kind, name, found := strings.Cut(rest, "-")
	return kind, name, ok && found && name != "" && (kind == "fetcher" || kind == "ramdisk")
}

func orNone(digest string) string {
	if digest == "" {
		return "none"
	}
	return digest
}

// open finds the scheduler of a deployment.
func open(at place) (*client.Client, error) {
	c, err := client.Open(at.dir)
	if errors.Is(err, client.ErrNotRunning) {
		return nil, withCode(exitNotRunning, fmt.Errorf("%s: %w; %s", at.name, client.ErrNotRunning, wayOn(at)))
	}
	return c, err
}

// changing words what went wrong on the way to a change.
func changing(ctx context.Context, at place, err error) error {
	var refused *client.RefusedError
	switch {
	case ctx.Err() != nil:
		return withCode(exitInterrupted, fmt.Errorf("interrupted: \"alluxio-mesos plugins list\" says whether it was installed"))
	case errors.As(err, &refused):
		return fmt.Errorf("%s refuses: %w", at.name, err)
	case errors.Is(err, client.ErrNotRunning):
		return withCode(exitNotRunning, fmt.Errorf("%w: it ended meanwhile; start it again, and look at \"alluxio-mesos plugins list\"", err))
	}
	return err
}
