package cache

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func ownedBy(t *testing.T, uid int, dir string, mode os.FileMode) string {
	t.Helper()
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, os.Chmod(dir, mode))
	require.NoError(t, os.Chown(dir, uid, uid))
	return dir
}

func TestAnotherUserReadsWhatRootPutThereAndAddsToItsOwn(t *testing.T) {
	t.Parallel()
	asRoot(t)
	node := ownedBy(t, 0, filepath.Join(world(t), "node"), 0o777|os.ModeSticky)
	dir, private := filepath.Join(node, "cache"), filepath.Join(node, "cache-65534")
	roots, err := OpenWith(dir, Options{SumsAfter: -1})
	require.NoError(t, err)
	defer roots.Close()
	entry, err := makeEntry(roots, "a", 10)
	require.NoError(t, err)
	entry.Release()

	reader := start(t, nobody, "lookup a", dir, private)
	require.Equal(t, entry.Dir, reader.said)
	pruned, err := roots.Prune(t.Context(), Pruning{All: true, To: -1})
	require.NoError(t, err)
	require.True(t, pruned[0].IsInUse(), "by the other user")
	require.Equal(t, filepath.Join(private, "entries", digest("b").Hex(), "tree"), start(t, nobody, "add b", dir, private).said)
	require.Equal(t, entry.Dir, start(t, nobody, "add a", dir, private).said, "what root has is not kept twice")
	require.Equal(t, "not found", start(t, nobody, "lookup c", dir, private).said)

	// Without a cache of its own, and with root's to be read only.
	require.Equal(t, entry.Dir, start(t, nobody, "lookup a", dir, "").said)
	refused := start(t, nobody, "add b", dir, "").said
	require.Contains(t, refused, "cannot change cache folder "+dir+": it belongs to another user, and user 65534")
	require.Contains(t, refused, "alluxio.integration.mesos.cache.dir")

	// What the other has is nothing to root.
	_, err = Open(private)
	require.ErrorContains(t, err, "belongs to user 65534, not to root")
	reader.kill()
	pruned, err = roots.Prune(t.Context(), Pruning{All: true, To: -1})
	require.NoError(t, err)
	require.Equal(t, 1, len(pruned))
}

func TestAnotherUsersCacheIsNotRead(t *testing.T) {
	t.Parallel()
	asRoot(t)
	node := ownedBy(t, 0, filepath.Join(world(t), "node"), 0o777|os.ModeSticky)
	dir := filepath.Join(node, "cache")
	theirs := start(t, nobody, "add a", dir, "")
	require.Equal(t, filepath.Join(dir, "entries", digest("a").Hex(), "tree"), theirs.said)

	_, err := Open(dir)
	require.ErrorContains(t, err, "belongs to user 65534, not to root")
	require.ErrorContains(t, err, "choose another place")
	mine, err := OpenWith(dir, Options{Private: filepath.Join(node, "cache-0"), SumsAfter: -1})
	require.NoError(t, err)
	defer mine.Close()
	_, found, err := mine.Lookup(digest("a"))
	require.NoError(t, err)
	require.False(t, found)
	entry, err := makeEntry(mine, "a", 10)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(node, "cache-0", "entries", digest("a").Hex(), "tree"), entry.Dir)

	// Nor by a third one.
	require.Contains(t, start(t, 65533, "lookup a", dir, "").said, "belongs to user 65534")
	require.Equal(t, "not found", start(t, 65533, "lookup a", dir, filepath.Join(node, "cache-65533")).said)

	// Root may look.
	looker, err := Look(dir)
	require.NoError(t, err)
	defer looker.Close()
	items, err := looker.Items()
	require.NoError(t, err)
	require.Equal(t, "a", items[0].Name)
	v, err := looker.Verify(t.Context(), items[0], true)
	require.NoError(t, err)
	require.Equal(t, Verdict{Content: ContentUnknown}, v)
	_, err = looker.Prune(t.Context(), Pruning{All: true})
	require.ErrorContains(t, err, "belongs to another user")
}

// What another user could have put into a cache, if its folder was open to all for a while.
func TestPoisonIsRefused(t *testing.T) {
	t.Parallel()
	asRoot(t)
	chown := func(t *testing.T, path string) { require.NoError(t, os.Lchown(path, nobody, nobody)) }
	cases := []struct {
		name   string
		poison func(t *testing.T, dir, entry string)
		open   string // the error of Open; empty: it can be opened
		lookup string // that of Lookup; empty: not found
		found  bool
	}{
		{name: "nothing", poison: func(*testing.T, string, string) {}, found: true},
		{name: "a folder open to the group", open: "others may write to", poison: func(t *testing.T, dir, _ string) {
			require.NoError(t, os.Chmod(filepath.Join(dir, tmpDir), 0o775))
		}},
		{name: "a sticky folder open to all", open: "others may write to", poison: func(t *testing.T, dir, _ string) {
			require.NoError(t, os.Chmod(filepath.Join(dir, locksDir), 0o777|os.ModeSticky))
		}},
		{name: "a folder of their own", open: "belongs to user 65534", poison: func(t *testing.T, dir, _ string) {
			chown(t, filepath.Join(dir, indexDir))
		}},
		{name: "a link in the place of a folder", open: "is no folder", poison: func(t *testing.T, dir, _ string) {
			theirs := ownedBy(t, nobody, filepath.Join(filepath.Dir(dir), "theirs"), 0o755)
			require.NoError(t, os.Remove(filepath.Join(dir, tmpDir)))
			require.NoError(t, os.Symlink(theirs, filepath.Join(dir, tmpDir)))
		}},
		{name: "a folder above that is theirs", open: "belongs to user 65534", poison: func(t *testing.T, dir, _ string) {
			chown(t, filepath.Dir(dir))
		}},
		{name: "a folder above that is open to all", open: "others may write to", poison: func(t *testing.T, dir, _ string) {
			require.NoError(t, os.Chmod(filepath.Dir(dir), 0o777))
		}},
		{name: "an entry of theirs", lookup: "belongs to user 65534", poison: func(t *testing.T, _, entry string) { chown(t, entry) }},
		{name: "a link for an entry", lookup: "is damaged", poison: func(t *testing.T, dir, entry string) {
			require.NoError(t, os.Rename(entry, filepath.Join(filepath.Dir(dir), "moved")))
			require.NoError(t, os.Symlink(filepath.Join(filepath.Dir(dir), "moved"), entry))
		}},
		{name: "a link for a tree", lookup: "is damaged", poison: func(t *testing.T, dir, entry string) {
			require.NoError(t, os.Rename(filepath.Join(entry, treeDir), filepath.Join(filepath.Dir(dir), "moved")))
			require.NoError(t, os.Symlink(filepath.Join(filepath.Dir(dir), "moved"), filepath.Join(entry, treeDir)))
		}},
		{name: "a file of theirs", lookup: "belongs to user 65534", poison: func(t *testing.T, _, entry string) {
			chown(t, filepath.Join(entry, treeDir, "top", "data"))
		}},
		{name: "a hard link to a file of theirs", lookup: "belongs to user 65534", poison: func(t *testing.T, dir, entry string) {
			theirs := filepath.Join(filepath.Dir(dir), "theirs")
			data := filepath.Join(entry, treeDir, "top", "data")
			info, err := os.Stat(data)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(theirs, make([]byte, info.Size()), 0o444))
			require.NoError(t, os.Chtimes(theirs, info.ModTime(), info.ModTime()))
			chown(t, theirs)
			require.NoError(t, os.Remove(data))
			require.NoError(t, os.Link(theirs, data))
		}},
		{name: "a folder in the tree open to all", lookup: "others may write to", poison: func(t *testing.T, _, entry string) {
			require.NoError(t, os.Chmod(filepath.Join(entry, treeDir, "top"), 0o777))
		}},
		{name: "a link of theirs for a lease", lookup: "lease is no file", poison: func(t *testing.T, _, entry string) {
			lease := filepath.Join(entry, leaseFile)
			require.NoError(t, os.Remove(lease))
			require.NoError(t, os.Symlink("/etc/passwd", lease))
		}},
		{name: "a left-over of theirs", found: true, poison: func(t *testing.T, dir, _ string) {
			ownedBy(t, nobody, filepath.Join(dir, tmpDir, "fill-1"), 0o755)
		}},
		{name: "a list that leads out", lookup: "list of files is damaged", poison: func(t *testing.T, _, entry string) {
			list := filepath.Join(entry, filesFile)
			require.NoError(t, os.Remove(list))
			require.NoError(t, os.WriteFile(list, formatList([]listed{{path: "../../../x", kind: '-'}}), 0o444))
		}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(world(t), "node", "cache")
			c, err := OpenWith(dir, Options{SumsAfter: -1})
			require.NoError(t, err)
			entry, err := makeEntry(c, "a", 10)
			require.NoError(t, err)
			require.NoError(t, c.Close())
			test.poison(t, dir, filepath.Dir(entry.Dir))

			c, err = OpenWith(dir, Options{SumsAfter: -1})
			if test.open != "" {
				require.ErrorContains(t, err, test.open)
				require.ErrorContains(t, err, "cannot use cache folder "+dir)
				return
			}
			require.NoError(t, err)
			defer c.Close()
			_, found, err := c.Lookup(digest("a"))
			require.Equal(t, test.found, found)
			if test.lookup == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.lookup)
		})
	}
}

func TestARecordOrAPluginOfAnotherUserIsNotUsed(t *testing.T) {
	t.Parallel()
	asRoot(t)
	c := limited(t, 0)
	require.NoError(t, c.Remember("x", Record{Digest: digest("a"), Validator: "v", Bytes: 1}))
	require.NoError(t, os.Chown(c.recordPath("x"), nobody, nobody))
	_, found := c.Recall("x")
	require.False(t, found)

	theirs := c.path(pluginsDir, digest("p").Hex())
	require.NoError(t, os.Mkdir(theirs, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(theirs, "p"), []byte("p"), 0o755))
	require.NoError(t, os.Chown(filepath.Join(theirs, "p"), nobody, nobody))
	_, err := c.Plugin(t.Context(), digest("p"), "p", nil)
	require.ErrorContains(t, err, "belongs to user 65534")
}
