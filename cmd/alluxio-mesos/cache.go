package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/cmd/alluxio-mesos/dev"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/cache"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/spec"
)

const (
	nodeDirKey   = spec.Prefix + "node.dir"
	cacheDirKey  = spec.Prefix + "cache.dir"
	cacheSizeKey = spec.Prefix + "cache.size"

	defaultNodeDir = "/var/lib/alluxio-mesos"
)

// newCache is the group of verbs about the node cache of this machine.
func newCache(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cache",
		Short: "Look at the downloads that this node keeps, check and remove them",
		Long: `Executors keep the software that they fetched and unpacked in the cache of their node,
so that the next one need not. These verbs are for the node they are run on. The
cache is the one of the site file (` + cacheDirKey + `, or the
folder "cache" in ` + nodeDirKey + `), or of --dir.

A user to whom that folder does not belong keeps a cache of its own beside it, called
cache-UID. That of "alluxio-mesos dev", with --name dev, is ~/.alluxio-mesos/dev/cache.

` + exitCodesHelp,
		Example: `  alluxio-mesos cache list
  alluxio-mesos cache verify --deep
  alluxio-mesos cache prune --older-than 30d`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCacheList(a), newCachePrune(a), newCacheVerify(a))
	return cmd
}

// cacheFlags say which cache is meant.
type cacheFlags struct {
	site siteFlags
	dir  string
}

func (f *cacheFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.dir, "dir", "", "the cache in `DIR`, instead of the one of the site file")
	f.site.add(cmd)
}

// cachePlace is a cache folder, and what is known of it.
type cachePlace struct {
	dir   string
	limit int64    // bytes; 0: unknown
	more  []string // caches of other users beside it
}

// place finds the cache, with a site file of which other things are wrong, too.
func (f *cacheFlags) place(a *app) (cachePlace, error) {
	if f.dir != "" {
		dir, err := filepath.Abs(f.dir)
		return cachePlace{dir: dir}, err
	}
	site, err := f.site.read(a)
	if err != nil {
		return cachePlace{}, err
	}
	value := func(key, missing string) string {
		text, _, resolveErr := site.Properties.Resolve(key)
		err = errors.Join(err, resolveErr)
		if text = strings.TrimSpace(text); text == "" {
			return missing
		}
		return text
	}
	node := value(nodeDirKey, defaultNodeDir)
	p := cachePlace{dir: value(cacheDirKey, f.usual(node)), limit: cache.DefaultMaxBytes}
	if size := value(cacheSizeKey, ""); size != "" {
		var sizeErr error
		if p.limit, sizeErr = alluxio.ParseSize(size); sizeErr != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", cacheSizeKey, sizeErr))
		}
	}
	if !filepath.IsAbs(p.dir) {
		err = errors.Join(err, fmt.Errorf("the cache folder %q is no absolute path", p.dir))
	}
	if err != nil {
		return cachePlace{}, problems("the site properties", err)
	}
	p.more, _ = filepath.Glob(filepath.Join(node, "cache-[0-9]*"))
	return p, nil
}

// usual is the cache where no property names one: in the node folder, or that of dev if it is meant and there.
func (f *cacheFlags) usual(node string) string {
	if f.site.name == dev.Name {
		root, err := stateDir(dev.Name, "")
		ours := filepath.Join(root, "cache")
		if _, statErr := os.Stat(ours); err == nil && statErr == nil {
			return ours
		}
	}
	return filepath.Join(node, "cache")
}

// mentionMore names the caches beside the one that is shown.
func (p cachePlace) mentionMore(w io.Writer) {
	for _, dir := range p.more {
		if dir != p.dir {
			fmt.Fprintf(w, "another user's cache: --dir %s\n", dir)
		}
	}
}

// cacheItem is something in a cache, as -o json prints it.
type cacheItem struct {
	Kind   string `json:"kind"`
	Name   string `json:"name,omitempty"`
	Digest string `json:"digest,omitempty"`
	Source string `json:"source,omitempty"`
	Bytes  int64  `json:"bytes"`
	Files  int    `json:"files"`
	Made   string `json:"made,omitempty"`
	Used   string `json:"used,omitempty"`
	InUse  *bool  `json:"inUse"` // null: this user cannot tell
}

func itemOf(i cache.Item) cacheItem {
	item := cacheItem{
		Kind: i.Kind, Name: nameOf(i), Digest: string(i.Digest), Source: i.Source, Bytes: i.Bytes, Files: i.Files,
		Made: timestamp(i.Made), Used: timestamp(i.Used),
	}
	if i.InUse != cache.UseUnknown {
		used := i.InUse == cache.Used
		item.InUse = &used
	}
	return item
}

// nameOf is what people call it by: the file, where nobody said what it is for.
func nameOf(i cache.Item) string {
	if i.Name == "" && i.Source != "" {
		file, _, _ := strings.Cut(i.Source, "?")
		return path.Base(file)
	}
	return i.Name
}

func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// shortDigest is enough of a digest to tell it from others.
func shortDigest(digest string) string {
	hex := strings.TrimPrefix(digest, "sha256:")
	return hex[:min(12, len(hex))]
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// humanSize rounds a number of bytes to what one can grasp.
func humanSize(bytes int64) string {
	units := []string{"B", "KB", "MB", "GB", "TB", "PB"}
	size, unit := float64(bytes), 0
	for size >= 999.5 && unit < len(units)-1 {
		size /= 1024
		unit++
	}
	decimals := 0
	if unit > 0 && size < 9.95 {
		decimals = 1
	}
	return strconv.FormatFloat(size, 'f', decimals, 64) + " " + units[unit]
}

// humanAge rounds a time that has passed.
func humanAge(d time.Duration) string {
	days := int(d.Hours() / 24)
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", days)
}

func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}
