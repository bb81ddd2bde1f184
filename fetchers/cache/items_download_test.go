package cache

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
)

const partBytes = 40_960

// leaveDownload makes what is left of a download that a killed process began.
func leaveDownload(t *testing.T, c *Cache, name string, age time.Duration) (dir string) {
	t.Helper()
	dir = c.path(partialsDir, digest(name).Hex())
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file-1"), make([]byte, partBytes), 0o600))
	note, err := json.Marshal(Partial{
		Origin: Origin{Artifact: name, Source: "https://host/" + name}, Digest: digest(name), File: "file-1", Bytes: 30_000, Total: 90_000, Validator: "v",
	})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, noteFile), note, 0o600))
	when := time.Now().Add(-age)
	require.NoError(t, os.Chtimes(dir, when, when))
	return dir
}

// download begins one in a stage.
func download(t *testing.T, c *Cache, name string, d source.Digest) *Stage {
	t.Helper()
	stage, err := c.Stage()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stage.Discard()) })
	path, err := stage.NewFile("file-1", 1<<30) // most of it has not come yet
	require.NoError(t, err)
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.Write(make([]byte, partBytes))
	require.NoError(t, err)
	require.NoError(t, file.Close())
	if d != "" {
		require.NoError(t, stage.Note(Partial{Origin: Origin{Artifact: name}, Digest: d, File: "file-1", Bytes: partBytes, Validator: "v"}))
	}
	return stage
}

func TestDownloadsAreListed(t *testing.T) {
	t.Parallel()
	c := limited(t, 0)
	left := leaveDownload(t, c, "left", 3*time.Hour)
	noted := download(t, c, "noted", digest("noted"))
	unknown := download(t, c, "", "")
	empty, err := c.Stage() // nothing of it has come yet
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, empty.Discard()) })
	looking, err := Look(c.Dir())
	require.NoError(t, err)
	items, err := looking.Items()
	require.NoError(t, err)
	byPath := map[string]Item{}
	for _, item := range items {
		require.Equal(t, KindDownload, item.Kind)
		require.EqualValues(t, partBytes, item.Bytes, "what is on the disk")
		require.Equal(t, 1, item.Files)
		byPath[item.path] = item
	}
	require.Len(t, items, 3)

	item := byPath[left]
	require.Equal(t, Unused, item.InUse)
	require.Equal(t, "left", item.Name)
	require.Equal(t, "https://host/left", item.Source)
	require.Equal(t, "download "+string(digest("left")), item.String())
	require.WithinDuration(t, time.Now().Add(-3*time.Hour), item.Used, time.Minute)
	item = byPath[noted.Downloads()]
	require.Equal(t, Used, item.InUse)
	require.Equal(t, digest("noted"), item.Digest)
	require.WithinDuration(t, time.Now(), item.Used, time.Minute)
	item = byPath[unknown.Downloads()]
	require.Equal(t, Used, item.InUse)
	require.Empty(t, item.Digest)
	require.Equal(t, "download in "+unknown.Downloads(), item.String())
}

func TestADownloadThatWaitsIsEvictedLikeTheRest(t *testing.T) {
	t.Parallel()
	c := limited(t, 80_000) // each entry counts some 28,000
	entry, err := makeEntry(c, "old", 20_000)
	require.NoError(t, err)
	entry.Release()
	at(t, c, "old", 10*time.Hour)
	older, newer := leaveDownload(t, c, "older", 20*time.Hour), leaveDownload(t, c, "newer", time.Hour)
	running := download(t, c, "running", digest("running"))
	_, err = makeEntry(c, "new", 20_000)
	require.NoError(t, err)
	require.NoDirExists(t, older, "the longest ago")
	require.DirExists(t, newer)
	require.ElementsMatch(t, []string{"new", "newer", "running"}, names(t, c))

	require.EqualValues(t, partBytes, c.MakeRoom(c.free()+1<<50), "a full disk takes all that nobody holds")
	require.ElementsMatch(t, []string{"new", "running"}, names(t, c))
	require.DirExists(t, running.Downloads())
	requireNothingAside(t, c)
}

// requireNothingAside checks that nothing is left of what was removed.
func requireNothingAside(t *testing.T, c *Cache) {
	t.Helper()
	aside, err := filepath.Glob(c.path(tmpDir, "evicted-*"))
	require.NoError(t, err)
	require.Empty(t, aside)
}

func TestPruneRemovesDownloadsThatNobodyHolds(t *testing.T) {
	t.Parallel()
	c := limited(t, 0)
	left := leaveDownload(t, c, "left", 3*time.Hour)
	running := download(t, c, "running", digest("running"))
	killed := download(t, c, "killed", digest("killed"))
	dead := killed.Downloads() + "-dead" // under another name, so that no lock is on it
	require.NoError(t, os.Rename(killed.Downloads(), dead))

	pruned, err := c.Prune(t.Context(), Pruning{To: -1, Before: time.Now().Add(-2 * time.Hour)})
	require.NoError(t, err)
	require.Len(t, pruned, 1)
	require.NoDirExists(t, left)
	require.DirExists(t, dead)
	pruned, err = c.Prune(t.Context(), Pruning{To: -1, All: true})
	require.NoError(t, err)
	require.Len(t, pruned, 2)
	for _, p := range pruned {
		require.Equal(t, p.Name == "running", p.IsInUse(), "%s: %v", p.Item, p.Err)
	}
	require.NoDirExists(t, dead)
	require.DirExists(t, running.Downloads())
	requireNothingAside(t, c)

	taken := Item{Kind: KindDownload, path: left}
	require.ErrorIs(t, c.Remove(taken), errInUse, "somebody was faster")
}

func TestVerifyTellsWhetherADownloadCanBeGoneOnWith(t *testing.T) {
	t.Parallel()
	c := limited(t, 0)
	short := leaveDownload(t, c, "short", time.Hour)
	require.NoError(t, os.Truncate(filepath.Join(short, "file-1"), 10))
	leaveDownload(t, c, "good", time.Hour)
	download(t, c, "running", digest("running"))
	items, err := c.Items()
	require.NoError(t, err)
	require.Len(t, items, 3)
	for _, item := range items {
		v, err := c.Verify(t.Context(), item, true)
		require.NoError(t, err)
		require.Equal(t, ContentPart, v.Content)
		if item.Name == "short" {
			require.Equal(t, "nobody can go on with it: its file is not what was noted of it", v.Damage)
			continue
		}
		require.Empty(t, v.Damage, item.Name)
	}
}
