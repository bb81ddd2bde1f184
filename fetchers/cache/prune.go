package cache

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Pruning says what is to go from a cache. What is in use stays in any case.
type Pruning struct {
	All     bool      // everything
	Before  time.Time // what was not used since; zero: does not matter
	To      int64     // the least recently used, until this many bytes are left; negative: does not matter
	Damaged bool      // what Verify finds damaged
	Deep    bool      // reads it for that
	DryRun  bool      // nothing goes
}

// Pruned is one item that went, or would have gone.
type Pruned struct {
	Item
	Why string
	// Err says why it did not go; nil: it did, or would have. It is an InUse error where a
	// process uses it.
	Err error
}

// IsInUse tells whether something did not go since a process uses it.
func (p Pruned) IsInUse() bool { return errors.Is(p.Err, errInUse) }

// Prune removes what it is told to, the least recently used first, and tidies up. The
// error is of the cache as a whole; what befell single items is in the answer.
func (c *Cache) Prune(ctx context.Context, p Pruning) ([]Pruned, error) {
	if err := c.writable(); err != nil && !p.DryRun {
		return nil, err
	}
	items, err := c.Items()
	if err != nil {
		return nil, err
	}
	slices.SortFunc(items, func(a, b Item) int { return a.Used.Compare(b.Used) })
	var left int64
	for _, item := range items {
		left += item.Bytes
	}
	var pruned []Pruned
	for _, item := range items {
		why, err := c.why(ctx, item, p, left)
		if err != nil {
			return pruned, err
		}
		if why == "" {
			continue
		}
		gone := Pruned{Item: item, Why: why, Err: c.pruneOne(item, p.DryRun)}
		if gone.Err == nil {
			left -= item.Bytes
		}
		pruned = append(pruned, gone)
	}
	if !p.DryRun {
		c.tidy()
	}
	return pruned, nil
}

func (c *Cache) pruneOne(item Item, dry bool) error {
	if !dry {
		return c.Remove(item)
	}
	if item.InUse == Used {
		return errInUse
	}
	return nil
}

// why says why an item has to go; empty: it has not.
func (c *Cache) why(ctx context.Context, item Item, p Pruning, left int64) (string, error) {
	switch {
	case p.All:
		return "all", nil
	case !p.Before.IsZero() && item.Used.Before(p.Before):
		return "not used", nil
	case p.To >= 0 && left > p.To:
		return "the least recently used", nil
	case p.Damaged:
		v, err := c.Verify(ctx, item, p.Deep)
		if err != nil {
			return "", err
		}
		return v.Damage, nil
	}
	return "", nil
}
