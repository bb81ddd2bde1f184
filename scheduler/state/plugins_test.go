package state

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// put installs a file with that content, whose first letters stand for its digest.
func put(t *testing.T, s *Plugins, name, content string) Plugin {
	t.Helper()
	work, err := s.WorkDir()
	require.NoError(t, err)
	file := filepath.Join(work, "upload")
	require.NoError(t, os.WriteFile(file, []byte(content), 0o700))
	p := Plugin{Kind: "fetcher", Name: name, SHA256: content, Size: int64(len(content)), Version: "v-" + content, Since: time.Unix(0, 0).UTC()}
	require.NoError(t, s.Put(p, file))
	require.NoError(t, os.RemoveAll(work))
	return p
}

func plugins(t *testing.T, d *Dir) *Plugins {
	t.Helper()
	s, err := d.Plugins()
	require.NoError(t, err)
	return s
}

func TestInstalledPluginsComeBack(t *testing.T) {
	t.Parallel()
	d := open(t)
	s := plugins(t, d)
	require.Empty(t, s.Installed())
	a, b := put(t, s, "http", "aaa"), put(t, s, "s3", "bbb")
	c := put(t, s, "http", "ccc")

	s = plugins(t, d)
	require.Equal(t, []Plugin{b, c}, s.Installed())
	require.Equal(t, []Plugin{a}, s.Older())
	require.Equal(t, "alluxio-mesos-fetcher-http", filepath.Base(s.Path(c)))
	for _, p := range []Plugin{a, b, c} {
		content, err := os.ReadFile(s.Path(p))
		require.NoError(t, err)
		require.Equal(t, p.SHA256, string(content))
		info, err := os.Stat(s.Path(p))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o500), info.Mode().Perm())
	}

	// The older one again.
	require.Equal(t, a, put(t, s, "http", "aaa"))
	require.Equal(t, []Plugin{b, a}, s.Installed())
	require.Equal(t, []Plugin{c}, s.Older())
	// The same as is installed.
	put(t, s, "http", "aaa")
	require.Equal(t, []Plugin{c}, s.Older())

	require.NoError(t, s.Remove(a))
	s = plugins(t, d)
	require.Equal(t, []Plugin{b}, s.Installed())
	require.Equal(t, []Plugin{a, c}, s.Older())
	require.FileExists(t, s.Path(a), "executors may still use it")
}

func TestOlderPluginsGoWhenNobodyNeedsThem(t *testing.T) {
	t.Parallel()
	d := open(t)
	s := plugins(t, d)
	for _, content := range strings.Split("abcdefgh", "") {
		put(t, s, "http", content)
	}
	gone, err := s.Prune([]string{"h", "g", "f", "c", "b", "a"})
	require.NoError(t, err)
	left := func() (digests []string) {
		for _, p := range s.Older() {
			digests = append(digests, p.SHA256)
			require.FileExists(t, s.Path(p))
		}
		return digests
	}
	require.Equal(t, []string{"g", "f", "c", "b"}, left(), "not more than a few, the latest")
	require.Len(t, gone, 3)
	for _, p := range gone {
		require.NoFileExists(t, s.Path(p))
	}
	_, err = s.Prune(nil)
	require.NoError(t, err)
	require.Equal(t, []string{"g"}, left(), "the last that was good stays")
	gone, err = s.Prune(nil)
	require.NoError(t, err)
	require.Empty(t, gone)
	require.FileExists(t, s.Path(s.Installed()[0]))
}

// A crash leaves what was before an install, or what is after it.
func TestACrashInAnInstall(t *testing.T) {
	t.Parallel()
	d := open(t)
	s := plugins(t, d)
	a := put(t, s, "http", "aaa")
	// Half an upload, a file that no index names yet, and half an index.
	work, err := s.WorkDir()
	require.NoError(t, err)
	b := Plugin{Kind: "fetcher", Name: "http", SHA256: "bbb"}
	require.NoError(t, os.MkdirAll(filepath.Dir(s.Path(b)), 0o700))
	require.NoError(t, os.WriteFile(s.Path(b), []byte("bbb"), 0o500))
	require.NoError(t, os.WriteFile(filepath.Join(d.Path(), pluginsDir, ".installed.json.123"), []byte("{"), 0o600))

	s = plugins(t, d)
	require.Equal(t, []Plugin{a}, s.Installed())
	entries, err := os.ReadDir(filepath.Join(d.Path(), pluginsDir))
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	require.Equal(t, []string{"aaa", indexFile}, names)
	require.NoDirExists(t, work)
}

func TestACorruptIndexIsNotGuessed(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"{", `{"version": 9}`} {
		d := open(t)
		a := put(t, plugins(t, d), "http", "aaa")
		require.NoError(t, os.WriteFile(filepath.Join(d.Path(), pluginsDir, indexFile), []byte(content), 0o600))
		_, err := d.Plugins()
		require.ErrorContains(t, err, "move the file away")
		require.FileExists(t, (&Plugins{dir: filepath.Join(d.Path(), pluginsDir)}).Path(a), "nothing is swept")
	}
}

// What cannot be kept changes nothing.
func TestAnInstallThatCannotBeKept(t *testing.T) {
	t.Parallel()
	d := open(t)
	s := plugins(t, d)
	a := put(t, s, "http", "aaa")
	err := s.Put(Plugin{Kind: "fetcher", Name: "http", SHA256: "bbb"}, filepath.Join(t.TempDir(), "nothing"))
	require.ErrorContains(t, err, "cannot keep plugin fetcher-http")
	require.Equal(t, []Plugin{a}, s.Installed())
	require.Equal(t, []Plugin{a}, plugins(t, d).Installed())
}
