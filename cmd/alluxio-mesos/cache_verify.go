package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/cache"
)

// cacheVerdict is what verify -o json prints of each item.
type cacheVerdict struct {
	cacheItem
	Damage  string `json:"damage,omitempty"`
	Content string `json:"content"`
	Extra   int    `json:"extraFiles,omitempty"`
}

func newCacheVerify(a *app) *cobra.Command {
	var f cacheFlags
	var deep bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check whether what the cache of this node holds is what was once put there",
		Long: `Compares names, sizes, times of change and modes of all files with what was unpacked,
which takes milliseconds and shows what was cut short, changed in place or removed, and
checks that nobody else could have written there. Executors do the same whenever they
use an entry, and fetch a damaged one anew by themselves.

Bits that rotted on the disk show only with --deep, which reads everything: the bytes are
compared with digests that were recorded by the executor that used the entry first, a
minute after it had unpacked it. Where none are recorded yet, as the entry was never in
use for so long, --deep records them for the next time, and says so. Plugins are always
read.

` + exitCodesHelp,
		Example: `  alluxio-mesos cache verify
  alluxio-mesos cache verify --deep || alluxio-mesos cache prune --damaged --deep`,
		Args: usage(cobra.NoArgs),
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&deep, "deep", false, "read all files and compare their digests")
	output := addFormat(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return verifyCache(cmd.Context(), a, f, deep, output.value)
	}
	return cmd
}

func verifyCache(ctx context.Context, a *app, f cacheFlags, deep bool, output string) error {
	place, c, err := f.look(a)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	items, err := c.Items()
	if err != nil {
		return err
	}
	verdicts, damaged := []cacheVerdict{}, 0
	for _, item := range items {
		v, err := c.Verify(ctx, item, deep)
		switch {
		case ctx.Err() != nil:
			return withCode(exitInterrupted, errors.New("interrupted; not everything was verified"))
		case errors.Is(err, fs.ErrNotExist):
			continue // it went in this moment
		case err != nil:
			return err
		case v.Damage != "":
			damaged++
		}
		verdicts = append(verdicts, cacheVerdict{itemOf(item), v.Damage, string(v.Content), v.Extra})
	}
	if output == "json" {
		err = printJSON(a.out, verdicts)
	} else {
		place.mentionMore(a.err)
		err = printVerdicts(a.out, verdicts)
	}
	if err == nil && damaged > 0 {
		err = fmt.Errorf("%d of %d in %s are damaged; what needs them fetches them anew, and \"alluxio-mesos cache prune --damaged%s\" removes them",
			damaged, len(verdicts), c.Dir(), f.again(c.Dir(), deep))
	}
	return err
}

// again are the flags with which another verb looks at the same cache in the same way.
func (f *cacheFlags) again(dir string, deep bool) string {
	flags := ""
	if deep {
		flags = " --deep"
	}
	if f.dir != "" || f.site.name != "" || f.site.conf != "" || len(f.site.defines) > 0 {
		flags += " --dir " + dir
	}
	return flags
}

func printVerdicts(w io.Writer, verdicts []cacheVerdict) error {
	if len(verdicts) == 0 {
		_, err := fmt.Fprintln(w, "The cache is empty.")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KIND\tNAME\tSHA256\tSIZE\tVERDICT")
	for _, v := range verdicts {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", v.Kind, orDash(v.Name), orDash(shortDigest(v.Digest)), humanSize(v.Bytes), v.text())
	}
	return table.Flush()
}

func (v cacheVerdict) text() string {
	if v.Damage != "" {
		return "DAMAGED: " + v.Damage
	}
	text := map[cache.Content]string{
		cache.ContentNotRead:  "ok (sizes, times and modes; the bytes were not read)",
		cache.ContentCompared: "ok (all bytes compared)",
		cache.ContentRecorded: "ok (sizes, times and modes); digests were recorded now for the next time",
		cache.ContentUnknown:  "ok (sizes, times and modes); no digests are recorded, and only the owner can do that",
		cache.ContentPart:     "ok (a part of a download; its digest is compared once the rest has come)",
	}[cache.Content(v.Content)]
	if v.Extra > 0 {
		text += fmt.Sprintf("; %d files came later", v.Extra)
	}
	return text
}
