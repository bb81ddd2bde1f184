package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/alluxio-mesos/alluxio-mesos/cmd/alluxio-mesos/screen"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/internal/handover"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

type fetchFlags struct {
	siteFlags
	to, checksum, plugin, pluginDir, cache string
	artifact, path                         string
	verbose                                bool
	output                                 *format
}

func newFetch(a *app) *cobra.Command {
	var f fetchFlags
	cmd := &cobra.Command{
		Use:   "fetch SOURCE... --to DIR",
		Short: "Fetch and unpack a source on this machine, as an agent would",
		Long: `Fetches a source with the plugins of a deployment, verifies its digest and unpacks
it, all as an executor does on an agent: to try a source or a plugin before deploying.

SOURCE is what alluxio.integration.mesos.alluxio.jar.url and jdk.url take. Several
are mirrors of the same file, asked in that order. With "-" they are read from
standard input, which keeps credentials in them out of the process list.

DIR gets what is in the archive, without its single top folder if it has one. It is
made as a whole or not at all. The digest of what came is printed: it is what a
checksum property takes. LOCAL and folders are used in place: the output says where
they are, and nothing goes into DIR.

Exit codes:
  0    done
  1    failed; trying again later may help
  2    wrong usage or configuration; nothing was fetched
  5    failed for good: not found, not allowed, wrong digest, no archive, ...
  130  interrupted before it was done`,
		Example: `  alluxio-mesos fetch https://host/jdk-11.tar.gz --to /tmp/jdk --checksum file
  alluxio-mesos fetch s3://bucket/alluxio.tar.zst --to /tmp/alluxio -D alluxio.integration.mesos.fetcher.s3.profile=me
  alluxio-mesos fetch shelf://a/alluxio --to /tmp/alluxio --plugin ./bin/alluxio-mesos-fetcher-shelf
  alluxio-mesos fetch LOCAL --artifact jdk`,
		Args: usage(func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("SOURCE is missing: say what to fetch, for example \"alluxio-mesos fetch https://host/x.tar.gz --to DIR\"")
			}
			return nil
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			return fetch(cmd.Context(), a, f, cmd.InOrStdin(), args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.to, "to", "", "`DIR` for what was unpacked; it must not be there, or be empty")
	flags.StringVar(&f.checksum, "checksum", "", "sha256:`HEX`, or \"file\": it stands in the file beside the source, of its name and .sha256")
	flags.StringVar(&f.plugin, "plugin", "", "the fetcher to use, by `NAME` or by its file (a path with a slash)")
	flags.StringVar(&f.pluginDir, "plugin-dir", "", "`FOLDER` of the plugins (default: plugin.dir of the site file, or else that of this program)")
	flags.StringVar(&f.cache, "cache", "", "`FOLDER` of a cache in which to look first, and to keep what was fetched (default: none)")
	flags.StringVar(&f.artifact, "artifact", "", "what it is, \"alluxio\" or \"jdk\", for fetchers to which that matters (LOCAL)")
	flags.StringVar(&f.path, "path", "", "where it is on this machine, for LOCAL")
	flags.Var(&f.conf, "conf", "site properties `FILE`, instead of looking for one")
	flags.StringArrayVarP(&f.defines, "define", "D", nil, "`key=value` that overrides the site file; may be repeated")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "tell more on the way")
	f.output = addFormat(cmd, "text", "json")
	return cmd
}

// fetched is what -o json prints.
type fetched struct {
	Folder   string         `json:"folder,omitempty"`
	InPlace  []string       `json:"inPlace,omitempty"`
	Source   string         `json:"source"`
	Digest   string         `json:"digest,omitempty"`
	Verified bool           `json:"verified"`
	Cached   bool           `json:"cached"`
	Bytes    int64          `json:"bytes"`
	Seconds  float64        `json:"seconds"`
	Rate     float64        `json:"bytesPerSecond"`
	Plugin   *fetchedPlugin `json:"plugin,omitempty"`
}

type fetchedPlugin struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
}

func fetch(ctx context.Context, a *app, f fetchFlags, stdin io.Reader, args []string) error {
	want, list, err := f.want(a, stdin, args)
	if err != nil {
		return err
	}
	cfg, err := f.host(a, list)
	if err != nil {
		return err
	}
	to, err := f.place(list)
	if err != nil {
		return withCode(exitUsage, fmt.Errorf("cannot use --to: %w", err))
	}
	if to != nil {
		defer func() { _ = to.Release() }()
	}
	result, err := f.run(ctx, a, cfg, want, to, called(list))
	if err != nil {
		return fetchFailed(ctx, err)
	}
	if f.output.value == "json" {
		return printJSON(a.out, result)
	}
	return printFetched(a.out, result)
}

// called is what the progress is headed with. Mirrors may each have another name for the file.
func called(list []source.Source) string {
	name := list[0].Name()
	for _, s := range list {
		if s.Name() != name {
			return "mirrors"
		}
	}
	return name
}

// want reads what is to be fetched.
func (f *fetchFlags) want(a *app, stdin io.Reader, args []string) (host.Want, []source.Source, error) {
	switch {
	case slices.Equal(args, []string{"-"}):
		text, err := io.ReadAll(bufio.NewReader(io.LimitReader(stdin, 1<<20)))
		if err != nil {
			return host.Want{}, nil, fmt.Errorf("cannot read sources from standard input: %w", err)
		}
		args = strings.Fields(string(text))
	case slices.ContainsFunc(args, redact.Reveals):
		fmt.Fprintln(a.err, "note: everybody on this machine can read a command line, and a source there may hold credentials; "+
			"give it on standard input: alluxio-mesos fetch - --to DIR < FILE")
	}
	if f.artifact != "" && f.artifact != "alluxio" && f.artifact != "jdk" {
		return host.Want{}, nil, withCode(exitUsage, fmt.Errorf("cannot use --artifact %s: it is alluxio or jdk", f.artifact))
	}
	want := host.Want{Artifact: f.artifact, Source: strings.Join(args, " "), Checksum: f.checksum, Path: f.path}
	list, err := source.ParseList(want.Source)
	if err == nil && f.checksum != "" && f.checksum != source.ChecksumBeside {
		_, err = source.ParseDigest(f.checksum)
	}
	return want, list, withCode(exitUsage, err)
}

// place prepares the folder for the result. Where software is used in place, none is needed.
func (f *fetchFlags) place(list []source.Source) (*handover.Place, error) {
	if f.to == "" {
		if list[0].URL == source.Local {
			return nil, nil
		}
		return nil, errors.New("it is missing: name a folder for what is unpacked, for example --to ./unpacked")
	}
	return handover.Prepare(f.to)
}

func (f *fetchFlags) run(ctx context.Context, a *app, cfg host.Config, want host.Want, to *handover.Place, name string) (result fetched, err error) {
	if name == "" {
		name = want.Source
	}
	shown := screen.NewTransfer(a.err, name)
	defer func() { shown.End(err == nil) }()
	level := slog.LevelWarn
	if f.verbose {
		level = slog.LevelDebug
	}
	cfg.Logger = slog.New(slog.NewTextHandler(shown, &slog.HandlerOptions{Level: level}))
	cfg.CacheDir = f.cache
	if f.cache == "" {
		private, remove, err := privateCache(to)
		if err != nil {
			return fetched{}, err
		}
		defer remove()
		cfg.CacheDir = private
	}
	h, err := host.New(cfg)
	if err != nil {
		return fetched{}, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	begun := time.Now()
	got, err := h.Artifact(ctx, want, shown.At)
	if err != nil {
		return fetched{}, err
	}
	result = resultOf(want, got, time.Since(begun))
	if got.InPlace {
		return result, nil
	}
	result.Folder = to.Dir()
	if f.cache != "" {
		return result, to.Copy(ctx, got.Dirs[0])
	}
	return result, to.Move(ctx, got.Dirs[0])
}

func resultOf(want host.Want, got host.Artifact, took time.Duration) fetched {
	r := fetched{
		Source: got.Served.Source, Digest: got.Digest, Cached: got.Cached, Bytes: got.Served.Bytes, Seconds: took.Seconds(),
		Verified: !got.InPlace && (want.Checksum != "" || strings.Contains(want.Source, "checksum=")),
	}
	if got.InPlace {
		r.InPlace = got.Dirs
	}
	if r.Source == "" {
		r.Source = source.Show(want.Source)
	}
	if r.Bytes > 0 {
		r.Rate = float64(r.Bytes) / took.Seconds()
	}
	if s := got.Served; s.Plugin != "" {
		r.Plugin = &fetchedPlugin{Name: s.Plugin, Version: s.Version, SHA256: s.SHA256}
	}
	return r
}

func printFetched(w io.Writer, r fetched) error {
	var text strings.Builder
	for _, dir := range r.InPlace {
		fmt.Fprintf(&text, "in place: %s\n", dir)
	}
	if r.Folder != "" {
		fmt.Fprintf(&text, "unpacked: %s\n", r.Folder)
	}
	fmt.Fprintf(&text, "source:   %s\n", r.Source)
	switch {
	case r.Digest == "":
	case r.Verified:
		fmt.Fprintf(&text, "digest:   %s (as it should be)\n", r.Digest)
	default:
		fmt.Fprintf(&text, "digest:   %s (of what came; none was given to compare)\n", r.Digest)
	}
	switch {
	case r.Cached:
		fmt.Fprintf(&text, "size:     nothing was fetched, it was in the cache; %.2f s\n", r.Seconds)
	case r.Bytes > 0:
		fmt.Fprintf(&text, "size:     %s in %.2f s (%.1f MB/s)\n", screen.Megabytes(r.Bytes), r.Seconds, r.Rate/1e6)
	}
	if p := r.Plugin; p != nil {
		fmt.Fprintf(&text, "fetcher:  %s %s (sha256 %s)\n", p.Name, p.Version, p.SHA256)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func fetchFailed(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return withCode(exitInterrupted, errors.New("interrupted; nothing was left behind"))
	case plugins.KindOf(err) == plugins.Permanent:
		return withCode(exitForGood, err)
	}
	return err
}

// privateCache is a folder for what is fetched and not kept: beside the result, which can
// then be taken from there, unless others may write in the folder above.
func privateCache(to *handover.Place) (dir string, remove func(), err error) {
	if to == nil {
		return handover.Temporary()
	}
	if handover.Trusted(to.Private()) {
		return filepath.Join(to.Private(), "cache"), func() {}, nil
	}
	return handover.Temporary()
}
