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
// Spoil gets the folder of the download, and that of the note.
func killed(t *testing.T, dir, name string, note cache.Partial, spoil func(download, stage string)) {
	t.Helper()
	c, err := cache.Open(dir)
	require.NoError(t, err)
	stage, err := c.Stage()
	require.NoError(t, err)
	path, err := stage.NewFile("file-1", 0)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte(name+"456789"), 0o600))
	require.NoError(t, stage.Note(note))
	private := filepath.Join(dir, "tmp", filepath.Base(stage.Downloads()))
	if spoil != nil {
		spoil(stage.Downloads(), private)
	}
	// Under other names, so that no lock is on them.
	dead := "fill-dead-" + name
	require.NoError(t, os.Rename(stage.Downloads(), filepath.Join(c.Downloads(), dead)))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "tmp", dead), 0o700))
	require.NoError(t, os.Rename(filepath.Join(private, "resume.json"), filepath.Join(dir, "tmp", dead, "resume.json")))
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

// TestAKillWhileADownloadIsTakenOver: neither who resumes nor who rescues does it in one
// step, and after a kill between any two of them all of it is still there.
func TestAKillWhileADownloadIsTakenOver(t *testing.T) {
	t.Parallel()
	for name, move := range map[string]func(t *testing.T, download, stage string){
		"rescued: the download is private": func(t *testing.T, download, stage string) {
			require.NoError(t, os.Rename(download, filepath.Join(stage, "download")))
		},
		"rescued: and has the note": func(t *testing.T, download, stage string) {
			require.NoError(t, os.Rename(download, filepath.Join(stage, "download")))
			require.NoError(t, os.Rename(filepath.Join(stage, "resume.json"), filepath.Join(stage, "download", "resume.json")))
		},
		"resumed: the note is out": func(t *testing.T, download, stage string) {
			require.NoError(t, os.Rename(download, filepath.Join(stage, "download")))
			require.NoError(t, os.Mkdir(download, 0o700)) // of the new stage
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := partialDir(t)
			note := cache.Partial{Digest: partialDigest, File: "file-1", Bytes: 3, Total: 100, Validator: "v"}
			killed(t, dir, "abc", note, nil)
			move(t, filepath.Join(dir, "downloads", "fill-dead-abc"), filepath.Join(dir, "tmp", "fill-dead-abc"))
			got, found := openStage(t, dir).Resume(partialDigest)
			require.True(t, found)
			require.Equal(t, note, got)
		})
	}
}

func TestAFileForADownloadIsNobodysLink(t *testing.T) {
	t.Parallel()
	stage := openStage(t, partialDir(t))
	precious := filepath.Join(t.TempDir(), "precious")
	require.NoError(t, os.WriteFile(precious, []byte("precious"), 0o600))
	planted := filepath.Join(stage.Downloads(), "file-1")
	require.NoError(t, os.Symlink(precious, planted))
	path, err := stage.NewFile("file-1", 5)
	require.NoError(t, err)
	require.Equal(t, planted, path)
	info, err := os.Lstat(path)
	require.NoError(t, err)
	require.True(t, info.Mode().IsRegular())
	require.EqualValues(t, 5, info.Size())
	data, err := os.ReadFile(precious)
	require.NoError(t, err)
	require.Equal(t, "precious", string(data))
}

func TestWhatBelongsToNoStageIsSwept(t *testing.T) {
	t.Parallel()
	dir := partialDir(t)
	live := openStage(t, dir)
	junk := filepath.Join(filepath.Dir(live.Downloads()), "junk")
	require.NoError(t, os.MkdirAll(filepath.Join(junk, "more"), 0o700))
	require.NoError(t, os.WriteFile(junk+"-file", nil, 0o600))
	openStage(t, dir)
	require.NoDirExists(t, junk)
	require.NoFileExists(t, junk+"-file")
	require.DirExists(t, live.Downloads())
	require.NoError(t, live.Discard())
	require.NoDirExists(t, live.Downloads())
}

func TestWhatIsNoDownloadIsNotGoneOnWith(t *testing.T) {
	t.Parallel()
	good := cache.Partial{Digest: partialDigest, File: "file-1", Bytes: 3, Validator: "v"}
	for name, spoil := range map[string]func(note *cache.Partial, download, stage string){
		"no validator": func(p *cache.Partial, _, _ string) { p.Validator = "" },
		"too short":    func(p *cache.Partial, _, _ string) { p.Bytes = 1000 },
		"elsewhere":    func(p *cache.Partial, _, _ string) { p.File = "../../x" },
		"no digest":    func(p *cache.Partial, _, _ string) { p.Digest = "../x" },
		"a link": func(_ *cache.Partial, dir, _ string) {
			_ = os.Remove(filepath.Join(dir, "file-1"))
			_ = os.Symlink("/etc/passwd", filepath.Join(dir, "file-1"))
		},
		"cut note":          func(_ *cache.Partial, _, stage string) { _ = os.Truncate(filepath.Join(stage, "resume.json"), 5) },
		"a note in the way": func(_ *cache.Partial, dir, _ string) { _ = os.Mkdir(filepath.Join(dir, "resume.json"), 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, note := partialDir(t), good
			spoil(&note, filepath.Join(dir, "none"), filepath.Join(dir, "none")) // only the note
			killed(t, dir, "abc", note, func(download, stage string) { spoil(&note, download, stage) })
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
