package localfetch_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/localfetch"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func makeJDK(t *testing.T, home string, mode os.FileMode) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Join(home, "bin"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(home, "bin", "java"), []byte("#!/bin/sh\n"), mode))
	return home
}

func fetch(t *testing.T, config map[string]string, r plugins.FetchRequest) (plugins.FetchResult, error) {
	t.Helper()
	f := localfetch.New("1.2.3")
	require.NoError(t, f.Init(t.Context(), config))
	return f.Fetch(t.Context(), r, nil)
}

func requirePermanent(t *testing.T, err error, texts ...string) {
	t.Helper()
	for _, text := range texts {
		require.ErrorContains(t, err, text)
	}
	require.Equal(t, plugins.Permanent, plugins.KindOf(err))
}

func TestInfo(t *testing.T) {
	t.Parallel()
	info, err := localfetch.New("1.2.3").Info(t.Context())
	require.NoError(t, err)
	require.Equal(t, plugins.Info{Name: "local", Version: "1.2.3", Contract: 1, Schemes: []string{"local", "file"}, Resumes: true, InPlace: true}, info)
}

func TestInitRefuses(t *testing.T) {
	t.Parallel()
	f := localfetch.New("1")
	requirePermanent(t, f.Init(t.Context(), map[string]string{"jdk.serch": "/x"}), `unknown key "jdk.serch"`)
	requirePermanent(t, f.Init(t.Context(), map[string]string{"jdk.search": "/x,rel"}), `"rel"`)
	requirePermanent(t, f.Init(t.Context(), map[string]string{"jdk.search": "/[x"}), `"/[x"`)
}

func TestJDKsAreFoundBestFirst(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	jdk8 := makeJDK(t, filepath.Join(dir, "jvm/java-8"), 0o755)
	jdk11 := makeJDK(t, filepath.Join(dir, "jvm/java-11"), 0o755)
	jdk17 := makeJDK(t, filepath.Join(dir, "jvm/java-17"), 0o755)
	other := makeJDK(t, filepath.Join(dir, "opt/jdk"), 0o755)
	makeJDK(t, filepath.Join(dir, "jvm/java-12"), 0o644)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "jvm/empty"), 0o755))
	require.NoError(t, os.Symlink("java-11", filepath.Join(dir, "jvm/java-1.11.0")))
	require.NoError(t, os.Symlink("nothing", filepath.Join(dir, "jvm/dangling")))
	require.NoError(t, os.Symlink("jvm/java-11", filepath.Join(dir, "default")))
	search := map[string]string{"jdk.search": filepath.Join(dir, "default") + ", " + filepath.Join(dir, "jvm/*") + "," + filepath.Join(dir, "opt/*")}

	result, err := fetch(t, search, plugins.FetchRequest{Source: "LOCAL", Artifact: "jdk"})
	require.NoError(t, err)
	require.Equal(t, plugins.FetchResult{InPlace: []string{jdk11, jdk8, jdk17, other}}, result)

	result, err = fetch(t, search, plugins.FetchRequest{Source: "LOCAL", Artifact: "jdk", Path: other + "/"})
	require.NoError(t, err)
	require.Equal(t, []string{other}, result.InPlace)
}

func TestNoJDK(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	search := map[string]string{"jdk.search": dir + "/*"}
	keys := []string{"alluxio.integration.mesos.jdk.path", "alluxio.integration.mesos.jdk.url"}
	_, err := fetch(t, search, plugins.FetchRequest{Source: "LOCAL", Artifact: "jdk"})
	requirePermanent(t, err, append(keys, "cannot find a Java on this node", dir+"/*")...)
	_, err = fetch(t, search, plugins.FetchRequest{Source: "LOCAL", Artifact: "jdk", Path: dir + "/gone"})
	requirePermanent(t, err, append(keys, "cannot use the Java at "+dir+"/gone: no such file")...)
	_, err = fetch(t, search, plugins.FetchRequest{Source: "LOCAL", Artifact: "jdk", Path: dir})
	requirePermanent(t, err, append(keys, "bin/java: no such file")...)
	_, err = fetch(t, search, plugins.FetchRequest{Source: "LOCAL", Artifact: "jdk", Path: makeJDK(t, dir+"/jdk", 0o644)})
	requirePermanent(t, err, append(keys, "bin/java cannot be executed")...)
	_, err = fetch(t, search, plugins.FetchRequest{Source: "LOCAL", Artifact: "jdk", Path: "jdk"})
	requirePermanent(t, err, append(keys, "not an absolute path")...)
}

func TestLocalAlluxio(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	_, err := fetch(t, nil, plugins.FetchRequest{Source: "LOCAL", Artifact: "alluxio", Path: home})
	requirePermanent(t, err, home+" is an empty folder")
	require.NoError(t, os.Mkdir(filepath.Join(home, "assembly"), 0o755))
	result, err := fetch(t, nil, plugins.FetchRequest{Source: "LOCAL", Artifact: "alluxio", Path: home + "/"})
	require.NoError(t, err)
	require.Equal(t, []string{home}, result.InPlace)

	file := filepath.Join(home, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	for path, want := range map[string]string{"": "alluxio.home is not set", home + "/gone": home + "/gone: no such file", file: "not a folder", "opt": `"opt" is not an absolute path`} {
		_, err := fetch(t, nil, plugins.FetchRequest{Source: "LOCAL", Artifact: "alluxio", Path: path})
		requirePermanent(t, err, want, "alluxio.home")
	}
}

func TestCopy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	src, dst := filepath.Join(dir, "a b.tar"), filepath.Join(dir, "dst")
	data := bytes.Repeat([]byte("0123456789"), 2<<20)
	require.NoError(t, os.WriteFile(src, data, 0o644))
	require.NoError(t, os.WriteFile(dst, []byte("old"), 0o600))
	f := localfetch.New("1")
	for _, source := range []string{src, "file://" + dir + "/a%20b.tar", "FILE:" + dir + "/a%20b.tar"} {
		var told []plugins.Progress
		result, err := f.Fetch(t.Context(), plugins.FetchRequest{Source: source, File: dst}, func(p plugins.Progress) { told = append(told, p) })
		require.NoError(t, err)
		requireSame(t, data, dst)
		require.Equal(t, "a b.tar", result.Name)
		require.EqualValues(t, len(data), result.Bytes)
		require.Equal(t, plugins.Progress{Total: result.Bytes, Validator: result.Validator}, told[0])
		require.Equal(t, plugins.Progress{Bytes: result.Bytes, Total: result.Bytes, Validator: result.Validator}, told[len(told)-1])
	}
}

func requireSame(t *testing.T, want []byte, file string) {
	t.Helper()
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got), "%s: %d bytes, not %d", file, len(got), len(want))
}

func TestResume(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	src, dst := filepath.Join(dir, "src"), filepath.Join(dir, "dst")
	require.NoError(t, os.WriteFile(src, []byte("0123456789"), 0o644))
	require.NoError(t, os.WriteFile(dst, nil, 0o600))
	f := localfetch.New("1")
	full, err := f.Fetch(t.Context(), plugins.FetchRequest{Source: src, File: dst}, nil)
	require.NoError(t, err)

	// The bytes before the offset stay as they are; those after it come anew.
	require.NoError(t, os.WriteFile(dst, []byte("abcd???????????????"), 0o600))
	var first plugins.Progress
	resume := plugins.FetchRequest{Source: src, File: dst, Offset: 4, Validator: full.Validator}
	result, err := f.Fetch(t.Context(), resume, func(p plugins.Progress) {
		if first.Total == 0 {
			first = p
		}
	})
	require.NoError(t, err)
	require.Equal(t, full, result)
	require.EqualValues(t, 4, first.Bytes)
	requireSame(t, []byte("abcd456789"), dst)

	// All is there already.
	resume.Offset = 10
	_, err = f.Fetch(t.Context(), resume, nil)
	require.NoError(t, err)

	// Without a validator nothing is known of the bytes: begin anew.
	_, err = f.Fetch(t.Context(), plugins.FetchRequest{Source: src, File: dst, Offset: 4}, nil)
	require.NoError(t, err)
	requireSame(t, []byte("0123456789"), dst)

	require.NoError(t, os.Chtimes(src, time.Time{}, time.Now().Add(-time.Hour)))
	_, err = f.Fetch(t.Context(), resume, nil)
	require.ErrorContains(t, err, "changed while it was copied")
	require.Equal(t, plugins.Changed, plugins.KindOf(err))
}

func TestChangeWhileCopying(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	src, dst := filepath.Join(dir, "src"), filepath.Join(dir, "dst")
	require.NoError(t, os.WriteFile(src, make([]byte, 20<<20), 0o644))
	require.NoError(t, os.WriteFile(dst, nil, 0o600))
	_, err := localfetch.New("1").Fetch(t.Context(), plugins.FetchRequest{Source: src, File: dst}, func(p plugins.Progress) {
		if p.Bytes == 0 {
			require.NoError(t, os.Truncate(src, 10))
		}
	})
	require.Equal(t, plugins.Changed, plugins.KindOf(err))
}

func TestFolderInPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	result, err := fetch(t, nil, plugins.FetchRequest{Source: "file://" + dir + "/"})
	require.NoError(t, err)
	require.Equal(t, plugins.FetchResult{InPlace: []string{dir}}, result)
}

func TestBadPaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o644))
	for source, want := range map[string]string{
		dir + "/gone":    "cannot read " + dir + "/gone on this node: no such file",
		"./a.tar":        "only an absolute path",
		"file:a.tar":     "write file:///PATH",
		"file://host/a":  "write file:///PATH",
		fifo:             "neither a file nor a folder",
		fifo + "/x":      "not a directory",
		"https://host/a": "only an absolute path",
	} {
		_, err := fetch(t, nil, plugins.FetchRequest{Source: source, File: filepath.Join(dir, "dst")})
		requirePermanent(t, err, want)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	src, dst := filepath.Join(dir, "src"), filepath.Join(dir, "dst")
	require.NoError(t, os.WriteFile(src, make([]byte, 20<<20), 0o644))
	require.NoError(t, os.WriteFile(dst, nil, 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	var last plugins.Progress
	_, err := localfetch.New("1").Fetch(ctx, plugins.FetchRequest{Source: src, File: dst}, func(p plugins.Progress) {
		cancel()
		last = p
	})
	require.ErrorIs(t, err, context.Canceled)
	info, err := os.Stat(dst)
	require.NoError(t, err)
	require.GreaterOrEqual(t, info.Size(), last.Bytes)
	_, err = localfetch.New("1").Fetch(ctx, plugins.FetchRequest{Source: "LOCAL", Artifact: "jdk"}, nil)
	require.ErrorIs(t, err, context.Canceled)
}
