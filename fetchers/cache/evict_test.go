package cache

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// at sets the time of the last use of an entry.
func at(t *testing.T, c *Cache, name string, age time.Duration) {
	t.Helper()
	when := time.Now().Add(-age)
	require.NoError(t, os.Chtimes(c.path(entriesDir, digest(name).Hex(), leaseFile), when, when))
}

func names(t *testing.T, c *Cache) []string {
	t.Helper()
	items, err := c.Items()
	require.NoError(t, err)
	found := []string{}
	for _, item := range items {
		found = append(found, item.Name)
	}
	return found
}

func limited(t *testing.T, bytes int64) *Cache {
	t.Helper()
	c, err := OpenWith(open(t).Dir(), Options{MaxBytes: bytes, SumsAfter: -1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func TestTheLeastRecentlyUsedThatNobodyHoldsGoes(t *testing.T) {
	t.Parallel()
	c := limited(t, 70_000) // each entry counts some 28,000
	for i, name := range []string{"old", "mid"} {
		entry, err := makeEntry(c, name, 20_000)
		require.NoError(t, err)
		entry.Release()
		at(t, c, name, time.Duration(10-i)*time.Hour)
	}
	entry, found, err := c.Lookup(digest("old")) // makes it the last used
	require.NoError(t, err)
	require.True(t, found)
	entry.Release()
	entry, err = makeEntry(c, "new", 20_000)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"old", "new"}, names(t, c))

	at(t, c, "new", 20*time.Hour)
	other, err := makeEntry(c, "other", 20_000)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"new", "other"}, names(t, c), "what is held stays, however old")
	require.DirExists(t, entry.Dir)

	third, err := makeEntry(c, "third", 20_000)
	require.NoError(t, err, "a cache that is too small is told of, and serves")
	require.ElementsMatch(t, []string{"new", "other", "third"}, names(t, c))
	for _, e := range []Entry{entry, other, third} {
		e.Release()
	}
	_, err = makeEntry(c, "fourth", 500_000)
	require.NoError(t, err, "larger than the limit by itself")
	require.Equal(t, []string{"fourth"}, names(t, c))
}

func TestAHoldEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	c := limited(t, 0)
	entry, err := makeEntry(c, "a", 10)
	require.NoError(t, err)
	again, found, err := c.Lookup(digest("a"))
	require.NoError(t, err)
	require.True(t, found)
	entry.Release()
	holder := start(t, os.Geteuid(), "lookup a", c.Dir(), "")
	require.Equal(t, entry.Dir, holder.said)

	prune := func() Pruned {
		t.Helper()
		pruned, err := c.Prune(t.Context(), Pruning{All: true, To: -1})
		require.NoError(t, err)
		require.Len(t, pruned, 1)
		return pruned[0]
	}
	require.True(t, prune().IsInUse(), "this process and another")
	again.Release()
	require.True(t, prune().IsInUse(), "another process")
	items, err := c.Items()
	require.NoError(t, err)
	require.Equal(t, Used, items[0].InUse)
	holder.kill()
	require.NoError(t, prune().Err)
	require.NoDirExists(t, entry.Dir)
	left, err := os.ReadDir(c.path(tmpDir))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestWhoUsesADamagedEntryHoldsTheNewOne(t *testing.T) {
	t.Parallel()
	c := limited(t, 0)
	entry, err := makeEntry(c, "a", 10)
	require.NoError(t, err)
	holder := start(t, os.Geteuid(), "lookup a", c.Dir(), "")
	require.Equal(t, entry.Dir, holder.said)
	entry.Release()
	require.NoError(t, os.Chmod(filepath.Join(entry.Dir, "top"), 0o755))
	require.NoError(t, os.Remove(filepath.Join(entry.Dir, "top", "data")))
	anew, err := makeEntry(c, "a", 10)
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(entry.Dir, "top", "data"), "at the same place")
	anew.Release()
	pruned, err := c.Prune(t.Context(), Pruning{All: true, To: -1})
	require.NoError(t, err)
	require.True(t, pruned[0].IsInUse())
	holder.end()
	pruned, err = c.Prune(t.Context(), Pruning{All: true, To: -1})
	require.NoError(t, err)
	require.NoError(t, pruned[0].Err)
}

func TestAKillAtAnyMomentLeavesEntriesWholeOrGone(t *testing.T) {
	t.Parallel()
	c := limited(t, 0)
	rounds := 30
	if testing.Short() {
		rounds = 5
	}
	for range rounds {
		one := start(t, os.Geteuid(), "churn", c.Dir(), "")
		two := start(t, os.Geteuid(), "churn", c.Dir(), "")
		require.Equal(t, "churning", one.said)
		require.Equal(t, "churning", two.said)
		<-time.After(time.Duration(rand.IntN(100)) * time.Millisecond) // the moment is left to chance
		one.kill()
		two.kill()
		rest, _ := two.out.ReadString(0)
		require.Empty(t, rest)

		opened, err := Open(c.Dir())
		require.NoError(t, err)
		items, err := opened.Items()
		require.NoError(t, err)
		for _, item := range items {
			v, err := opened.Verify(t.Context(), item, true)
			require.NoError(t, err)
			require.Empty(t, v.Damage)
			require.Zero(t, v.Extra)
		}
		left, err := os.ReadDir(c.path(tmpDir))
		require.NoError(t, err)
		require.Empty(t, left)
		require.NoError(t, opened.Close())
	}
}

func TestPluginsAndLocksAndRecordsAreBoundedToo(t *testing.T) {
	t.Parallel()
	c := limited(t, 50_000)
	add := func(c *Cache, text string) string {
		t.Helper()
		path, err := c.Plugin(t.Context(), digest(text), "p", func(_ context.Context, w io.Writer) error {
			_, err := w.Write([]byte(text))
			return err
		})
		require.NoError(t, err)
		return path
	}
	other, err := OpenWith(c.Dir(), Options{})
	require.NoError(t, err)
	big := strings.Repeat("x", 30_000)
	first := add(other, big+"1")
	second := add(c, big+"2")
	require.FileExists(t, first, "it is held")
	require.NoError(t, other.Close())
	third := add(c, big+"3")
	require.NoFileExists(t, first)
	require.NoDirExists(t, filepath.Dir(first))
	require.FileExists(t, second, "held by this process")
	require.FileExists(t, third)

	entry, err := makeEntry(c, "a", 10)
	require.NoError(t, err)
	require.NoError(t, c.Remember("live", Record{Digest: digest("a"), Validator: "v", Bytes: 1}))
	require.NoError(t, c.Remember("dead", Record{Digest: digest("b"), Validator: "v", Bytes: 1}))
	unlock, err := c.Lock(t.Context(), "held", nil)
	require.NoError(t, err)
	free, err := c.Lock(t.Context(), "free", nil)
	require.NoError(t, err)
	free()
	long := time.Now().Add(-48 * time.Hour)
	for _, key := range []string{"held", "free"} {
		require.NoError(t, os.Chtimes(c.path(locksDir, keyName(key)), long, long))
	}
	_, err = c.Prune(t.Context(), Pruning{To: 1 << 40})
	require.NoError(t, err)
	_, live := c.Recall("live")
	require.True(t, live)
	require.NoFileExists(t, c.recordPath("dead"))
	require.FileExists(t, c.path(locksDir, keyName("held")))
	require.NoFileExists(t, c.path(locksDir, keyName("free")))
	unlock()
	entry.Release()
}

func TestAFullDiskEvictsBeforeItGivesUp(t *testing.T) {
	t.Parallel()
	dir := world(t)
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m,mode=755"); err != nil {
		t.Skip("cannot mount a small disk: ", err)
	}
	t.Cleanup(func() { require.NoError(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	c, err := OpenWith(dir, Options{SumsAfter: -1})
	require.NoError(t, err)
	defer c.Close()
	old, err := makeEntry(c, "old", 300_000)
	require.NoError(t, err)
	used, err := makeEntry(c, "used", 300_000)
	require.NoError(t, err)
	_, err = makeEntry(c, "new", 600_000)
	require.ErrorIs(t, err, unix.ENOSPC, "unpacking is not the cache's")
	require.Zero(t, c.MakeRoom(600_000), "all is in use")
	old.Release()
	// What another test just forks has the lease for a moment more, until it executes.
	require.Eventually(t, func() bool { return c.MakeRoom(600_000) > 0 }, 10*time.Second, 10*time.Millisecond)
	require.NoDirExists(t, old.Dir)
	require.DirExists(t, used.Dir)
	entry, err := makeEntry(c, "new", 600_000)
	require.NoError(t, err)

	// To the last byte: what the cache itself writes makes room, too.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ballast"), nil, 0o600))
	fill(t, filepath.Join(dir, "ballast"))
	_, err = c.Plugin(t.Context(), digest("plugin"), "p", func(_ context.Context, w io.Writer) error {
		_, err := w.Write([]byte("plugin"))
		return err
	})
	require.ErrorIs(t, err, unix.ENOSPC)
	require.ErrorContains(t, err, "make room on the disk of "+dir)
	entry.Release()
	_, err = c.Plugin(t.Context(), digest("plugin"), "p", func(_ context.Context, w io.Writer) error {
		_, err := w.Write([]byte("plugin"))
		return err
	})
	require.NoError(t, err)
	require.NoDirExists(t, entry.Dir)
	require.DirExists(t, used.Dir)
	left, err := os.ReadDir(c.path(tmpDir))
	require.NoError(t, err)
	require.Empty(t, left)
}

// fill writes until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	defer file.Close()
	for err == nil {
		_, err = file.Write(make([]byte, 4096))
	}
	require.ErrorIs(t, err, unix.ENOSPC)
}

func TestPruning(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		p    Pruning
		left []string
	}{
		{"nothing", Pruning{To: -1}, []string{"a", "b", "c"}},
		{"by age", Pruning{Before: time.Now().Add(-90 * time.Minute), To: -1}, []string{"a"}},
		{"by size", Pruning{To: 60_000}, []string{"a", "b"}},
		{"to nothing", Pruning{To: 0}, []string{}},
		{"damaged", Pruning{Damaged: true, To: -1}, []string{"a", "c"}},
		{"all", Pruning{All: true, To: -1}, []string{}},
		{"dry run", Pruning{All: true, To: -1, DryRun: true}, []string{"a", "b", "c"}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := limited(t, 0)
			for i, name := range []string{"a", "b", "c"} {
				entry, err := makeEntry(c, name, 20_000)
				require.NoError(t, err)
				entry.Release()
				at(t, c, name, time.Duration(i+1)*time.Hour)
				if name == "b" {
					require.NoError(t, os.Chmod(filepath.Join(entry.Dir, "top", "data"), 0o600))
					require.NoError(t, os.Truncate(filepath.Join(entry.Dir, "top", "data"), 1))
				}
			}
			pruned, err := c.Prune(t.Context(), test.p)
			require.NoError(t, err)
			for _, p := range pruned {
				require.NoError(t, p.Err)
			}
			require.ElementsMatch(t, test.left, names(t, c))
			if test.p.DryRun {
				require.Len(t, pruned, 3)
			}
		})
	}
}

func TestDigestsAreRecordedOnceAnEntryIsInUse(t *testing.T) {
	t.Parallel()
	c, err := OpenWith(open(t).Dir(), Options{SumsAfter: time.Millisecond})
	require.NoError(t, err)
	defer c.Close()
	entry, err := makeEntry(c, "a", 10_000)
	require.NoError(t, err)
	dir := filepath.Dir(entry.Dir)
	require.Eventually(t, func() bool {
		_, err := os.Lstat(filepath.Join(dir, sumsFile))
		return err == nil
	}, 10*time.Second, time.Millisecond)
	items, err := c.Items()
	require.NoError(t, err)
	v, err := c.Verify(t.Context(), items[0], true)
	require.NoError(t, err)
	require.Equal(t, Verdict{Content: ContentCompared}, v)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "stamp"), nil, 0o600))
	data := filepath.Join(entry.Dir, "top", "data")
	info, err := os.Stat(data)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(data, 0o600))
	require.NoError(t, os.WriteFile(data, []byte(fmt.Sprintf("%10000d", 1)), 0o600))
	require.NoError(t, os.Chmod(data, 0o444))
	require.NoError(t, os.Chtimes(data, time.Time{}, info.ModTime()))
	v, err = c.Verify(t.Context(), items[0], false)
	require.NoError(t, err)
	require.Equal(t, Verdict{Content: ContentNotRead}, v)
	v, err = c.Verify(t.Context(), items[0], true)
	require.NoError(t, err)
	require.Contains(t, v.Damage, "has other bytes than it had")
}

func TestALookFromOutside(t *testing.T) {
	t.Parallel()
	_, err := Look(filepath.Join(t.TempDir(), "none"))
	require.ErrorContains(t, err, "there is no cache in")
	c := limited(t, 0)
	entry, err := makeEntry(c, "a", 10)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(filepath.Join(entry.Dir, "top"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(entry.Dir, "top", "later"), nil, 0o444))
	looker, err := Look(c.Dir())
	require.NoError(t, err)
	items, err := looker.Items()
	require.NoError(t, err)
	require.Len(t, items, 1)
	require.Equal(t, Used, items[0].InUse)
	require.Equal(t, "https://host/a", items[0].Source)
	v, err := looker.Verify(t.Context(), items[0], false)
	require.NoError(t, err)
	require.Equal(t, Verdict{Extra: 1, Content: ContentNotRead}, v)
	require.NoError(t, looker.Close())
}
