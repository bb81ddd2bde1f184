package cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Verdict is what Verify found.
type Verdict struct {
	// Damage says what is wrong; empty: nothing that was looked at.
	Damage string
	// Extra is how many files came to an entry after it was unpacked. They do no harm by
	// themselves.
	Extra int
	// Content says what is known of the bytes themselves.
	Content Content
}

// Content says whether the bytes of an item were compared.
type Content string

// What Verify can know of bytes.
const (
	ContentNotRead  Content = "not read"   // only sizes, times and modes were compared
	ContentCompared Content = "compared"   // with the digests
	ContentRecorded Content = "recorded"   // there were no digests; the next time there are
	ContentUnknown  Content = "no digests" // there are none, and this user cannot record them
	ContentPart     Content = "incomplete" // the digest is compared once the rest of the download has come
)

// Verify compares an item with what was once put there: names, sizes, times and modes, and
// if deep also the bytes, with the digests that were recorded when the entry had been in
// use for a minute. Of a plugin the bytes are always compared, of a part of a download never.
func (c *Cache) Verify(ctx context.Context, item Item, deep bool) (Verdict, error) {
	v, err := c.verify(ctx, item, deep)
	if err != nil {
		return v, fmt.Errorf("cannot verify %s: %w", item, err)
	}
	return v, nil
}

func (c *Cache) verify(ctx context.Context, item Item, deep bool) (Verdict, error) {
	if err := c.trusts(item.path); err != nil {
		return Verdict{Damage: err.Error()}, ignoreGone(err)
	}
	switch item.Kind {
	case KindPlugin:
		return verifyPlugin(ctx, item)
	case KindDownload:
		return verifyDownload(item), ctx.Err()
	}
	if item.odd {
		return Verdict{Damage: item.path + " is no folder"}, nil
	}
	if !c.readOnly { // a reader's lock might not be to be had, and is not needed to look
		held, damage, err := c.holdEntry(item.path)
		if err != nil || !held {
			return Verdict{Damage: damage}, err
		}
		defer c.release(item.path)
	}
	v := Verdict{Content: ContentNotRead}
	damage := c.checkEntry(item.path)
	if damage == "" {
		v.Extra, damage = c.extra(item.path)
	}
	if damage != "" || !deep {
		v.Damage = damage
		return v, ctx.Err()
	}
	var err error
	v.Content, v.Damage, err = c.compare(ctx, item)
	return v, err
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func verifyPlugin(ctx context.Context, item Item) (Verdict, error) {
	got, err := digestFile(ctx, item.path, make([]byte, 256<<10))
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Content: ContentCompared}
	if got != item.Digest.Hex() {
		v.Damage = fmt.Sprintf("%s has the digest sha256:%s", item.path, got)
	}
	return v, nil
}

// extra counts what is below an entry's tree and not in its list, and judges it.
func (c *Cache) extra(dir string) (count int, damage string) {
	data, err := os.ReadFile(filepath.Join(dir, filesFile))
	if err != nil {
		return 0, err.Error()
	}
	files, err := parseList(data)
	if err != nil {
		return 0, err.Error()
	}
	known := make(map[string]bool, len(files))
	for _, f := range files {
		known[f.path] = true
	}
	tree := filepath.Join(dir, treeDir)
	err = filepath.WalkDir(tree, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(tree, path)
		if err != nil || known[name] {
			return err
		}
		count++
		return c.trusts(path)
	})
	if err != nil {
		return count, err.Error()
	}
	return count, ""
}

// compare reads all files of an entry, and compares or records their digests.
func (c *Cache) compare(ctx context.Context, item Item) (Content, string, error) {
	recorded, err := readSums(item.path)
	if errors.Is(err, fs.ErrNotExist) {
		if c.readOnly {
			return ContentUnknown, "", nil
		}
		return ContentRecorded, "", c.recordSums(ctx, item.Digest)
	}
	if err != nil {
		return ContentUnknown, err.Error(), nil
	}
	sums, err := digestTree(ctx, item.path)
	if ctx.Err() != nil {
		return ContentNotRead, "", ctx.Err()
	}
	if err != nil {
		if errors.Is(err, unix.EACCES) {
			return ContentUnknown, "", err
		}
		return ContentCompared, err.Error(), nil // such as an I/O error of the disk
	}
	for _, s := range sums {
		if recorded[s.path] != s.hex {
			return ContentCompared, filepath.Join(item.path, treeDir, s.path) + " has other bytes than it had", nil
		}
	}
	return ContentCompared, "", nil
}
