package cache_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/cache"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
)

const partialDigest = source.Digest("sha256:abababababababababababababababababababababababababababababababab")

// killed makes in a cache's folder what a process leaves that is killed in a download.
func killed(t *testing.T, dir, name string, note cache.Partial, spoil func(download string)) {
	t.Helper()
	c, err := cache.Open(dir)
	require.NoError(t, err)
	stage, err := c.Stage()
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(stage.Downloads(), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(stage.Downloads(), "file-1"), []byte(name+"456789"), 0o600))
	require.NoError(t, stage.Note(note))
	if spoil != nil {
		spoil(stage.Downloads())
	}
	dead := filepath.Join(c.Temp(), "fill-dead-"+name) // under another name, so that no lock is on it
	require.NoError(t, os.Mkdir(dead, 0o700))
	require.NoError(t, os.Rename(stage.Downloads(), filepath.Join(dead, "download")))
	require.NoError(t, stage.Discard())
	require.NoError(t, c.Close())
}

func openStage(t *testing.T, dir string) *cache.Stage {
	t.Helper()
	c, err := cache.Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	stage, err := c.Stage()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stage.Discard()) })
	return stage
}

func partialDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "partial-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, scratch.RemoveAll(dir)) })
	return filepath.Join(dir, "cache")
}

func TestTheDownloadOfAKilledProcessIsGoneOnWith(t *testing.T) {
	t.Parallel()
	dir := partialDir(t)
	less := cache.Partial{Digest: partialDigest, File: "file-1", Bytes: 3, Total: 100, Validator: "v"}
	more := less
	more.Bytes = 7
	killed(t, dir, "abc", less, nil)
	killed(t, dir, "def", more, nil)
	stage := openStage(t, dir)
	got, found := stage.Resume(partialDigest)
	require.True(t, found)
	require.Equal(t, more, got)
	data, err := os.ReadFile(filepath.Join(stage.Downloads(), got.File))
	require.NoError(t, err)
	require.Equal(t, "def456789", string(data))
	_, found = openStage(t, dir).Resume(partialDigest)
	require.False(t, found, "it is there once")
}

func TestWhatIsNoDownloadIsNotGoneOnWith(t *testing.T) {
	t.Parallel()
	good := cache.Partial{Digest: partialDigest, File: "file-1", Bytes: 3, Validator: "v"}
	for name, spoil := range map[string]func(*cache.Partial, string){
		"no validator": func(p *cache.Partial, _ string) { p.Validator = "" },
		"too short":    func(p *cache.Partial, _ string) { p.Bytes = 1000 },
		"elsewhere":    func(p *cache.Partial, _ string) { p.File = "../../x" },
		"no digest":    func(p *cache.Partial, _ string) { p.Digest = "../x" },
		"a link": func(_ *cache.Partial, dir string) {
			_ = os.Remove(filepath.Join(dir, "file-1"))
			_ = os.Symlink("/etc/passwd", filepath.Join(dir, "file-1"))
		},
		"cut note": func(_ *cache.Partial, dir string) { _ = os.Truncate(filepath.Join(dir, "resume.json"), 5) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, note := partialDir(t), good
			spoil(&note, "/nonexistent")
			killed(t, dir, "abc", note, func(at string) { spoil(&note, at) })
			_, found := openStage(t, dir).Resume(partialDigest)
			require.False(t, found)
		})
	}
}

func TestNobodyGoesOnWithAnOldDownload(t *testing.T) {
	t.Parallel()
	dir := partialDir(t)
	killed(t, dir, "abc", cache.Partial{Digest: partialDigest, File: "file-1", Bytes: 3, Validator: "v"}, nil)
	_, err := cache.Open(dir)
	require.NoError(t, err)
	kept := filepath.Join(dir, "partial", partialDigest.Hex())
	require.DirExists(t, kept)
	old := time.Now().Add(-25 * time.Hour)
	require.NoError(t, os.Chtimes(kept, old, old))
	_, err = cache.Open(dir)
	require.NoError(t, err)
	require.NoDirExists(t, kept)
}
