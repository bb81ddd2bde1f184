package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/cache"
)

// cacheListing is what list -o json prints.
type cacheListing struct {
	Dir        string      `json:"dir"`
	Owner      string      `json:"owner"`
	Bytes      int64       `json:"bytes"`
	LimitBytes int64       `json:"limitBytes,omitempty"`
	Items      []cacheItem `json:"items"`
}

func newCacheList(a *app) *cobra.Command {
	var f cacheFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List what the cache of this node holds, the most recently used first",
		Long: `Lists what the cache of this node holds: unpacked software ("entry"), plugins, and parts
of downloads, by the first digits of their sha256. A download that is not in use was left
by a process that was killed; it waits a day for another to go on with it. Whoever can
read the folder can list it; what is in use, only its owner (and root) can tell.

` + exitCodesHelp,
		Example: `  alluxio-mesos cache list
  alluxio-mesos cache list --dir ~/.alluxio-mesos/dev/cache
  alluxio-mesos cache list -o json | jq '.items[] | select(.inUse == false)'`,
		Args: usage(cobra.NoArgs),
	}
	f.add(cmd)
	output := addFormat(cmd, "table", "json")
	cmd.RunE = func(*cobra.Command, []string) error { return listCache(a, f, output.value) }
	return cmd
}

func listCache(a *app, f cacheFlags, output string) error {
	place, c, err := f.look(a)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	items, err := c.Items()
	if err != nil {
		return err
	}
	slices.SortFunc(items, func(a, b cache.Item) int { return b.Used.Compare(a.Used) })
	listing := cacheListing{Dir: c.Dir(), Owner: userName(c.Owner()), LimitBytes: place.limit, Items: []cacheItem{}}
	for _, item := range items {
		listing.Bytes += item.Bytes
		listing.Items = append(listing.Items, itemOf(item))
	}
	if output == "json" {
		return printJSON(a.out, listing)
	}
	place.mentionMore(a.err)
	return printCache(a.out, listing, items)
}

// look opens the cache for reading.
func (f *cacheFlags) look(a *app) (cachePlace, *cache.Cache, error) {
	place, err := f.place(a)
	if err != nil {
		return place, nil, err
	}
	c, err := cache.Look(place.dir)
	var missing *cache.NotThereError
	switch {
	case errors.As(err, &missing):
		err = fmt.Errorf("%w; nothing was fetched on this node yet, or the cache is elsewhere: name it with --dir", err)
	case errors.Is(err, fs.ErrPermission):
		err = fmt.Errorf("%w; run this as root, or as the user whose cache it is", err)
	}
	return place, c, err
}

func printCache(w io.Writer, listing cacheListing, items []cache.Item) error {
	if len(items) > 0 {
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "KIND\tNAME\tSHA256\tSIZE\tFILES\tUSED\tIN USE\tSOURCE")
		for _, item := range items {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", item.Kind, orDash(nameOf(item)), orDash(shortDigest(string(item.Digest))),
				humanSize(item.Bytes), item.Files, humanAge(time.Since(item.Used)), useText(item.InUse), orDash(item.Source))
		}
		if err := table.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	limit := ""
	if listing.LimitBytes > 0 {
		limit = " of at most " + humanSize(listing.LimitBytes)
	}
	_, err := fmt.Fprintf(w, "%s, which belongs to %s, holds %s%s.\n", listing.Dir, listing.Owner, humanSize(listing.Bytes), limit)
	return err
}

func useText(use cache.Use) string {
	switch use {
	case cache.Used:
		return "yes"
	case cache.Unused:
		return "no"
	case cache.UseUnknown:
	}
	return "?"
}
