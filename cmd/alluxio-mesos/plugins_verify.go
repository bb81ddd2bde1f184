package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest/suite"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/spec"
)

type verifyFlags struct {
	site         siteFlags
	kind, name   string
	source       string
	ramdiskDir   string
	startTimeout time.Duration
	format       *format
}

func newPluginsVerify(a *app) *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Try a plugin against everything that a deployment relies on",
		Long: `Starts a plugin the way an executor does, and tries it against the contract: how it
starts and ends, what it answers, whether what it fetches or mounts is right, and how
it takes being cancelled, killed, stopped (SIGSTOP) and given nonsense. Any executable
in any language will do; nothing is left running, mounted or lying about.

A fetcher is tried with what a built-in server offers: over HTTP, FTP, as an OCI
registry, and in a folder. For other schemes say with --source what it can fetch; in it
{http} and {ftp} stand for that server's HOST:PORT, {dir} for its folder, {file} for
the name of a file in it, and {sha256} for the digest of a file's content. A source
without any of these is fetched as it is, from wherever it is. In values of -D the same
can stand, so that a plugin can be told of the server.

A ramdisk is mounted in a new temporary folder, which takes root, or in --ramdisk-dir.

A verdict per check comes as it is known: "ok", "FAILED" with why, or "skipped" with
why. Exit code 0 means that nothing failed.

` + exitCodesHelp,
		Example: `  alluxio-mesos plugins verify bin/alluxio-mesos-fetcher-http
  alluxio-mesos plugins verify alluxio-mesos-fetcher-shelf --source 'shelf://{dir}/{file}'
  alluxio-mesos plugins verify alluxio-mesos-fetcher-sftp --source sftp://files.example.org/a.tar.gz -D user=alluxio
  alluxio-mesos plugins verify my-plugin.py --kind fetcher --name shelf -o json`,
		Args: usage(oneArgument("FILE is missing: name the plugin's executable, for example \"alluxio-mesos plugins verify ./alluxio-mesos-fetcher-http\"")),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), a, args[0]) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.kind, "kind", "", "`KIND` of the plugin, fetcher or ramdisk, if its file's name does not say")
	flags.StringVar(&f.name, "name", "", "`NAME` of the plugin, if its file's name does not say")
	flags.StringVar(&f.source, "source", "", "a `SOURCE` to try a fetcher with")
	flags.StringVar(&f.ramdiskDir, "ramdisk-dir", "", "`DIR` to try a ramdisk in")
	flags.Var(&f.site.conf, "conf", "site properties `FILE`, for the plugin's configuration; none is looked for")
	flags.StringArrayVarP(&f.site.defines, "define", "D", nil,
		"`KEY=VALUE` of the plugin's configuration, or a whole property; may be repeated")
	flags.DurationVar(&f.startTimeout, "start-timeout", 10*time.Second, "how long the plugin may take to be ready")
	f.format = addFormat(cmd, "table", "json")
	return cmd
}

func (f *verifyFlags) run(ctx context.Context, a *app, file string) error {
	o := suite.Options{
		Path: file, Kind: f.kind, Name: f.name, Source: f.source, RamdiskDir: f.ramdiskDir, StartTimeout: f.startTimeout,
	}
	if f.kind != "" && f.kind != "fetcher" && f.kind != "ramdisk" {
		return withCode(exitUsage, fmt.Errorf("--kind is %q; a plugin is a fetcher or a ramdisk", f.kind))
	}
	o, err := suite.Named(o)
	if err != nil {
		return withCode(exitUsage, err)
	}
	if o.Config, err = f.config(a, o.Kind, o.Name); err != nil {
		return err
	}
	if f.format.value == "table" {
		o.Report = func(v suite.Verdict) { printVerdict(a.out, v) }
	} else {
		o.Report = func(v suite.Verdict) { printVerdict(a.err, v) }
	}
	result, err := suite.Verify(ctx, o)
	if err != nil {
		if ctx.Err() != nil {
			return withCode(exitInterrupted, errors.New("interrupted; not all was tried"))
		}
		return err
	}
	if f.format.value == "json" {
		if err := printJSON(a.out, verifyJSON(result)); err != nil {
			return err
		}
	}
	return summary(a, f.format.value, result)
}

// config takes the plugin's part of the properties. With -D a key of the plugin may stand
// by itself.
func (f *verifyFlags) config(a *app, kind, name string) (map[string]string, error) {
	prefix := spec.Prefix + kind + "." + name + "."
	for i, define := range f.site.defines {
		if !strings.HasPrefix(define, "alluxio.") {
			f.site.defines[i] = prefix + define
		}
	}
	config := map[string]string{}
	properties, err := f.site.overrides()
	if err != nil {
		return nil, err
	}
	if f.site.conf != "" {
		site, err := f.site.read(a)
		if err != nil {
			return nil, err
		}
		properties = site.Properties
	}
	for _, key := range properties.Keys() {
		short, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		if config[short], _, err = properties.Resolve(key); err != nil {
			return nil, problems("the configuration of the plugin", err)
		}
	}
	return config, nil
}

func printVerdict(w io.Writer, v suite.Verdict) {
	word := map[suite.Outcome]string{suite.Passed: "ok", suite.Failed: "FAILED", suite.Skipped: "skipped"}[v.Outcome]
	line := fmt.Sprintf("%-8s %-32s %s", word, v.Check, strings.ReplaceAll(v.Why, "\n", "\n"+strings.Repeat(" ", 42)))
	fmt.Fprintln(w, strings.TrimRight(line, " "))
}

// summary is the last line, and the exit code.
func summary(a *app, format string, r suite.Result) error {
	text := fmt.Sprintf("%s %s: %d passed, %d failed, %d skipped",
		r.Kind, r.Name, r.Count(suite.Passed), r.Count(suite.Failed), r.Count(suite.Skipped))
	if r.Count(suite.Failed) > 0 {
		return errors.New(text)
	}
	out := a.out
	if format == "json" {
		out = a.err
	}
	fmt.Fprintln(out, text)
	return nil
}

// verdictsJSON is what -o json prints.
type verdictsJSON struct {
	Kind     string        `json:"kind"`
	Name     string        `json:"name"`
	Version  string        `json:"version,omitempty"`
	SHA256   string        `json:"sha256,omitempty"`
	Schemes  []string      `json:"schemes,omitempty"`
	Passed   int           `json:"passed"`
	Failed   int           `json:"failed"`
	Skipped  int           `json:"skipped"`
	Verdicts []verdictJSON `json:"verdicts"`
}

type verdictJSON struct {
	Check   string  `json:"check"`
	Outcome string  `json:"outcome"`
	Why     string  `json:"why,omitempty"`
	Seconds float64 `json:"seconds"`
}

func verifyJSON(r suite.Result) verdictsJSON {
	out := verdictsJSON{
		Kind: r.Kind, Name: r.Name, Version: r.Info.Version, SHA256: r.SHA256, Schemes: r.Info.Schemes,
		Passed: r.Count(suite.Passed), Failed: r.Count(suite.Failed), Skipped: r.Count(suite.Skipped),
	}
	for _, v := range r.Verdicts {
		out.Verdicts = append(out.Verdicts, verdictJSON{v.Check, string(v.Outcome), v.Why, v.Took.Seconds()})
	}
	return out
}
