package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
)

func open(t testing.TB) *Cache {
	t.Helper()
	dir, err := os.MkdirTemp("", "cache-test-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, scratch.RemoveAll(dir)) })
	c, err := OpenWith(filepath.Join(dir, "a", "cache"), Options{SumsAfter: -1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func digest(text string) source.Digest {
	sum := sha256.Sum256([]byte(text))
	return source.Digest("sha256:" + hex.EncodeToString(sum[:]))
}

// add makes an entry with a few files.
func add(t *testing.T, c *Cache, d source.Digest) Entry {
	t.Helper()
	stage, err := c.Stage()
	require.NoError(t, err)
	defer func() { require.NoError(t, stage.Discard()) }()
	tree, err := stage.NewTree()
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(tree, "top", "bin"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(tree, "top", "bin", "java"), []byte("java"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(tree, "top", "data"), []byte("data"), 0o644))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(tree, "top", "link")))
	entry, err := stage.Commit(d)
	require.NoError(t, err)
	return entry
}

func TestAnEntryIsFoundAndReadOnly(t *testing.T) {
	t.Parallel()
	c := open(t)
	_, found, err := c.Lookup(digest("a"))
	require.NoError(t, err)
	require.False(t, found)
	made := add(t, c, digest("a"))
	got, found, err := c.Lookup(digest("a"))
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, made, got)
	for name, mode := range map[string]os.FileMode{
		".": os.ModeDir | 0o555, "top/bin": os.ModeDir | 0o555, "top/bin/java": 0o555, "top/data": 0o444,
	} {
		info, err := os.Stat(filepath.Join(got.Dir, name))
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode(), name)
	}
	entries, err := os.ReadDir(c.path(tmpDir))
	require.NoError(t, err)
	require.Empty(t, entries)
	require.Equal(t, made, add(t, c, digest("a")), "the first one stays")
}

func TestADamagedEntryIsToldAndGivesWay(t *testing.T) {
	t.Parallel()
	spoiled := map[string]func(t *testing.T, entry string){
		"short file":   func(t *testing.T, e string) { require.NoError(t, os.Truncate(filepath.Join(e, "tree/top/data"), 1)) },
		"missing file": func(t *testing.T, e string) { require.NoError(t, scratch.RemoveAll(filepath.Join(e, "tree/top/bin"))) },
		"changed file": func(t *testing.T, e string) {
			path := filepath.Join(e, "tree/top/data")
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			data[0] ^= 1
			require.NoError(t, os.WriteFile(path, data, 0o600))
		},
		"lost mode": func(t *testing.T, e string) {
			require.NoError(t, os.Chmod(filepath.Join(e, "tree/top/bin/java"), 0o444))
		},
		"other link": func(t *testing.T, e string) {
			link := filepath.Join(e, "tree/top/link")
			require.NoError(t, os.Remove(link))
			require.NoError(t, os.Symlink("/etc/shadow", link))
		},
		"file for a link": func(t *testing.T, e string) {
			link := filepath.Join(e, "tree/top/link")
			require.NoError(t, os.Remove(link))
			require.NoError(t, os.WriteFile(link, nil, 0o444))
		},
		"no tree":    func(t *testing.T, e string) { require.NoError(t, scratch.RemoveAll(filepath.Join(e, treeDir))) },
		"no list":    func(t *testing.T, e string) { require.NoError(t, os.Remove(filepath.Join(e, filesFile))) },
		"empty list": func(t *testing.T, e string) { require.NoError(t, os.Truncate(filepath.Join(e, filesFile), 0)) },
		"file open to all": func(t *testing.T, e string) {
			require.NoError(t, os.Chmod(filepath.Join(e, "tree/top/data"), 0o666))
		},
		"folder open to all": func(t *testing.T, e string) {
			require.NoError(t, os.Chmod(filepath.Join(e, "tree/top"), 0o777))
		},
		"file of another user": func(t *testing.T, e string) {
			if os.Geteuid() == 0 {
				require.NoError(t, os.Chown(filepath.Join(e, "tree/top/data"), nobody, nobody))
				return
			}
			require.NoError(t, os.Chmod(filepath.Join(e, "tree/top/data"), 0o666))
		},
		"lease open to all": func(t *testing.T, e string) {
			require.NoError(t, os.Chmod(filepath.Join(e, leaseFile), 0o666))
		},
		"folder for the lease": func(t *testing.T, e string) {
			require.NoError(t, os.Remove(filepath.Join(e, leaseFile)))
			require.NoError(t, os.Mkdir(filepath.Join(e, leaseFile), 0o755))
		},
		"pipe for the lease": func(t *testing.T, e string) {
			require.NoError(t, os.Remove(filepath.Join(e, leaseFile)))
			require.NoError(t, unix.Mkfifo(filepath.Join(e, leaseFile), 0o600))
		},
		"file for the entry": func(t *testing.T, e string) {
			require.NoError(t, scratch.RemoveAll(e))
			require.NoError(t, os.WriteFile(e, []byte("x"), 0o644))
		},
		"link for the entry": func(t *testing.T, e string) {
			require.NoError(t, scratch.RemoveAll(e))
			require.NoError(t, os.Symlink(t.TempDir(), e))
		},
		"cut list": func(t *testing.T, e string) { require.NoError(t, os.Truncate(filepath.Join(e, filesFile), 60)) },
	}
	for name, spoil := range spoiled {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := open(t)
			entry := add(t, c, digest("a"))
			if os.Geteuid() != 0 {
				require.NoError(t, os.Chmod(filepath.Join(entry.Dir, "top", "data"), 0o600))
				require.NoError(t, os.Chmod(entry.Dir, 0o700))
				require.NoError(t, os.Chmod(filepath.Join(entry.Dir, "top"), 0o700))
				require.NoError(t, os.Chmod(filepath.Join(entry.Dir, "..", filesFile), 0o600))
			}
			spoil(t, filepath.Dir(entry.Dir))
			_, found, err := c.Lookup(digest("a"))
			require.False(t, found)
			var damaged *DamagedError
			require.ErrorAs(t, err, &damaged)
			add(t, c, digest("a"))
			_, found, err = c.Lookup(digest("a"))
			require.NoError(t, err)
			require.True(t, found)
		})
	}
}

func TestWhatIsNoEntryIsPruned(t *testing.T) {
	t.Parallel()
	target := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(target, leaseFile), nil, 0o600))
	for name, spoil := range map[string]func(t *testing.T, e string){
		"a file": func(t *testing.T, e string) { require.NoError(t, os.WriteFile(e, []byte("x"), 0o644)) },
		"a link": func(t *testing.T, e string) { require.NoError(t, os.Symlink(target, e)) },
		"a folder for the lease": func(t *testing.T, e string) {
			require.NoError(t, os.MkdirAll(filepath.Join(e, leaseFile), 0o755))
		},
		"a link for the lease": func(t *testing.T, e string) {
			require.NoError(t, os.Mkdir(e, 0o755))
			require.NoError(t, os.Symlink(filepath.Join(target, leaseFile), filepath.Join(e, leaseFile)))
		},
	} {
		for _, p := range []Pruning{{Damaged: true, To: -1}, {All: true, To: -1}} {
			c := open(t)
			path := c.path(entriesDir, digest("a").Hex())
			spoil(t, path)
			pruned, err := c.Prune(t.Context(), p)
			require.NoError(t, err, name)
			require.Len(t, pruned, 1, name)
			require.NoError(t, pruned[0].Err, name)
			_, err = os.Lstat(path)
			require.ErrorIs(t, err, os.ErrNotExist, name)
			require.FileExists(t, filepath.Join(target, leaseFile), name)
		}
	}
}

func TestWhatOthersCouldWriteIsRefused(t *testing.T) {
	t.Parallel()
	c := open(t)
	entry := add(t, c, digest("a"))
	require.NoError(t, os.Chmod(filepath.Dir(entry.Dir), 0o777))
	_, _, err := c.Lookup(digest("a"))
	require.ErrorContains(t, err, "others may write to")

	require.NoError(t, os.Chmod(c.path(entriesDir), 0o777))
	_, err = Open(c.Dir())
	require.ErrorContains(t, err, "others may write to")
	require.NoError(t, os.Chmod(c.path(entriesDir), 0o755))
	require.NoError(t, os.Chmod(c.Dir(), 0o777))
	_, err = Open(c.Dir())
	require.ErrorContains(t, err, "cannot use cache folder "+c.Dir())
	require.ErrorContains(t, err, "chmod go-w")
	if os.Geteuid() == 0 {
		require.NoError(t, os.Chmod(c.Dir(), 0o755))
		require.NoError(t, os.Chown(c.Dir(), 4711, -1))
		_, err = Open(c.Dir())
		require.ErrorContains(t, err, "belongs to user 4711")
	}
}

func TestOpenClearsAwayWhatTheDeadLeft(t *testing.T) {
	t.Parallel()
	c := open(t)
	stage, err := c.Stage()
	require.NoError(t, err)
	defer func() { require.NoError(t, stage.Discard()) }()
	dead := c.path(tmpDir, "fill-123")
	require.NoError(t, os.MkdirAll(filepath.Join(dead, "entry", "tree"), 0o755))
	_, err = Open(c.Dir())
	require.NoError(t, err)
	require.NoDirExists(t, dead)
	require.DirExists(t, stage.entry(), "its maker lives")
}

func TestALockIsHeldByOne(t *testing.T) {
	t.Parallel()
	c := open(t)
	other, err := Open(c.Dir()) // as another process would
	require.NoError(t, err)
	unlock, err := c.Lock(t.Context(), "a", func() { t.Error("waits for nobody") })
	require.NoError(t, err)

	free, err := other.Lock(t.Context(), "b", nil)
	require.NoError(t, err)
	free()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = other.Lock(ctx, "a", nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	waits := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		free, err := other.Lock(t.Context(), "a", func() { close(waits) })
		if err != nil {
			t.Error(err)
			return
		}
		free()
	})
	<-waits
	unlock()
	all.Wait()
}

func TestASourceIsRecalled(t *testing.T) {
	t.Parallel()
	c := open(t)
	key := "https://me:secret@host/x"
	_, found := c.Recall(key)
	require.False(t, found)
	record := Record{Digest: digest("a"), Validator: `"etag"`, Bytes: 5}
	require.NoError(t, c.Remember(key, record))
	got, found := c.Recall(key)
	require.True(t, found)
	require.Equal(t, record, got)

	require.NoError(t, os.WriteFile(c.recordPath(key), []byte("{"), 0o600))
	_, found = c.Recall(key)
	require.False(t, found, "cannot be read")
	record.Validator = ""
	require.NoError(t, c.Remember(key, record))
	require.NoFileExists(t, c.recordPath(key), "no way to ask")
	require.NoError(t, c.Remember(key, record), "again")
}

func TestPlugins(t *testing.T) {
	t.Parallel()
	c := open(t)
	get := func(text string, err error) func(context.Context, io.Writer) error {
		return func(_ context.Context, w io.Writer) error {
			_, _ = io.WriteString(w, text)
			return err
		}
	}
	_, err := c.Plugin(t.Context(), digest("a"), "p", get("a", errors.New("broke off")))
	require.EqualError(t, err, "broke off")
	_, err = c.Plugin(t.Context(), digest("a"), "p", get("b", nil))
	require.EqualError(t, err, "wrong digest: expected "+string(digest("a"))+", got "+string(digest("b")))
	entries, err := os.ReadDir(c.path(pluginsDir))
	require.NoError(t, err)
	require.Empty(t, entries)

	path, err := c.Plugin(t.Context(), digest("a"), "../p", get("a", nil))
	require.NoError(t, err)
	require.Equal(t, c.path(pluginsDir, digest("a").Hex(), "p"), path)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o755), info.Mode())
	again, err := c.Plugin(t.Context(), digest("a"), "p", get("", errors.New("not called")))
	require.NoError(t, err)
	require.Equal(t, path, again)

	require.NoError(t, os.Chmod(path, 0o777))
	_, err = c.Plugin(t.Context(), digest("a"), "p", get("", nil))
	require.ErrorContains(t, err, "others may write to")
	require.NoError(t, c.DropPlugin(digest("a"), "p"))
	require.NoError(t, c.DropPlugin(digest("a"), "p"))
	require.NoFileExists(t, path)
}
