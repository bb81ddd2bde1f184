package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/cache"
)

// What became of an item, in prune -o json.
const (
	prunedRemoved = "removed"
	prunedWould   = "would be removed"
	prunedInUse   = "in use"
	prunedFailed  = "failed"
)

// cachePruned is what prune -o json prints of each item.
type cachePruned struct {
	cacheItem
	Why    string `json:"why"`
	Result string `json:"result"`
	Error  string `json:"error,omitempty"`
}

type cachePruning struct {
	Dir        string        `json:"dir"`
	DryRun     bool          `json:"dryRun"`
	FreedBytes int64         `json:"freedBytes"`
	LeftBytes  int64         `json:"leftBytes"`
	Items      []cachePruned `json:"items"`
}

type pruneFlags struct {
	cacheFlags
	olderThan, to              string
	all, damaged, deep, dryRun bool
}

func newCachePrune(a *app) *cobra.Command {
	var f pruneFlags
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove what nobody uses from the cache of this node",
		Long: `Removes unpacked software, plugins and what is left of downloads from the cache of this
node; what is needed again is fetched again. What a process uses stays in any case. With several conditions, what
meets any of them goes. Executors themselves keep the cache below
` + cacheSizeKey + `.

It is for the owner of the cache: for one of another user, run it as that user.

` + exitCodesHelp,
		Example: `  alluxio-mesos cache prune --older-than 30d
  alluxio-mesos cache prune --to 5GB --dry-run
  sudo -u alluxio alluxio-mesos cache prune --all`,
		Args: usage(cobra.NoArgs),
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.olderThan, "older-than", "", "what was not used for a `TIME`, such as 12h, 30d or 8w")
	flags.StringVar(&f.to, "to", "", "the least recently used, until at most `SIZE` is left, such as 5GB")
	flags.BoolVar(&f.all, "all", false, "everything that is not in use")
	flags.BoolVar(&f.damaged, "damaged", false, "what \"cache verify\" finds damaged")
	flags.BoolVar(&f.deep, "deep", false, "with --damaged: what \"cache verify --deep\" finds damaged")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only say what would go")
	output := addFormat(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return pruneCache(cmd.Context(), a, f, output.value)
	}
	return cmd
}

// conditions reads the flags.
func (f *pruneFlags) conditions(now time.Time) (cache.Pruning, error) {
	p := cache.Pruning{All: f.all, To: -1, Damaged: f.damaged, Deep: f.deep, DryRun: f.dryRun}
	if !f.all && !f.damaged && f.olderThan == "" && f.to == "" {
		return p, errors.New("say what is to go: --older-than TIME, --to SIZE, --damaged or --all (see \"alluxio-mesos cache prune --help\")")
	}
	if f.deep && !f.damaged {
		return p, errors.New("--deep belongs to --damaged")
	}
	if f.olderThan != "" {
		age, err := alluxio.ParseDuration(f.olderThan)
		if err != nil || age < 0 {
			return p, fmt.Errorf("--older-than %s is no time that has passed: write for example 12h, 30d or 8w", f.olderThan)
		}
		p.Before = now.Add(-age)
	}
	if f.to != "" {
		size, err := alluxio.ParseSize(f.to)
		if err != nil || size < 0 {
			return p, fmt.Errorf("--to %s is no size: write for example 5GB or 500MB", f.to)
		}
		p.To = size
	}
	return p, nil
}

func pruneCache(ctx context.Context, a *app, f pruneFlags, output string) error {
	conditions, err := f.conditions(time.Now())
	if err != nil {
		return withCode(exitUsage, err)
	}
	place, c, err := f.openToPrune(a)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	items, err := c.Prune(ctx, conditions)
	if ctx.Err() != nil {
		return withCode(exitInterrupted, errors.New("interrupted; what was removed by then is removed"))
	}
	if err != nil {
		return err
	}
	report, err := reportPruning(c, items, f.dryRun)
	if err != nil {
		return err
	}
	if output == "json" {
		err = printJSON(a.out, report)
	} else {
		place.mentionMore(a.err)
		err = printPruning(a.out, report)
	}
	return errors.Join(err, failedPrunings(items))
}

// openToPrune opens the cache for its owner, or for anybody who only wants to know.
func (f *pruneFlags) openToPrune(a *app) (cachePlace, *cache.Cache, error) {
	place, c, err := f.look(a)
	if err != nil || f.dryRun {
		return place, c, err
	}
	owner := c.Owner()
	if err := c.Close(); err != nil {
		return place, nil, err
	}
	if owner != os.Geteuid() {
		return place, nil, fmt.Errorf("cannot remove anything from %s: it belongs to user %s; run this as that user: sudo -u %s alluxio-mesos cache prune",
			place.dir, userName(owner), sudoName(owner))
	}
	c, err = cache.OpenWith(place.dir, cache.Options{SumsAfter: -1})
	return place, c, err
}

func sudoName(uid int) string {
	if name := userName(uid); name != fmt.Sprint(uid) {
		return name
	}
	return fmt.Sprintf("'#%d'", uid)
}

func reportPruning(c *cache.Cache, items []cache.Pruned, dryRun bool) (cachePruning, error) {
	left, err := c.Items()
	if err != nil {
		return cachePruning{}, err
	}
	report := cachePruning{Dir: c.Dir(), DryRun: dryRun, Items: []cachePruned{}}
	for _, item := range left {
		report.LeftBytes += item.Bytes
	}
	for _, item := range items {
		pruned := cachePruned{cacheItem: itemOf(item.Item), Why: item.Why, Result: prunedRemoved}
		switch {
		case item.IsInUse():
			pruned.Result = prunedInUse
		case item.Err != nil:
			pruned.Result, pruned.Error = prunedFailed, item.Err.Error()
		case dryRun:
			pruned.Result = prunedWould
			report.LeftBytes -= item.Bytes
			report.FreedBytes += item.Bytes
		default:
			report.FreedBytes += item.Bytes
		}
		report.Items = append(report.Items, pruned)
	}
	return report, nil
}

func printPruning(w io.Writer, report cachePruning) error {
	for _, item := range report.Items {
		result := item.Result
		if item.Error != "" {
			result += ": " + item.Error
		}
		fmt.Fprintf(w, "%s %s %s, %s: %s (%s)\n", item.Kind, orDash(item.Name), orDash(shortDigest(item.Digest)), humanSize(item.Bytes), result, item.Why)
	}
	verb := "Freed"
	if report.DryRun {
		verb = "Would free"
	}
	_, err := fmt.Fprintf(w, "%s %s; %s stay in %s.\n", verb, humanSize(report.FreedBytes), humanSize(report.LeftBytes), report.Dir)
	return err
}

func failedPrunings(items []cache.Pruned) error {
	failed := 0
	var first error
	for _, item := range items {
		if item.Err != nil && !item.IsInUse() {
			if failed++; first == nil {
				first = item.Err
			}
		}
	}
	if failed == 0 {
		return nil
	}
	return fmt.Errorf("%d could not be removed: %w", failed, first)
}
