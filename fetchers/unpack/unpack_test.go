package unpack_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/unpack"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func archive(t testing.TB, data []byte) (dir string, err error) {
	t.Helper()
	dir = t.TempDir()
	return dir, unpack.Archive(t.Context(), bytes.NewReader(data), "jdk.tar.gz", dir, unpack.DefaultLimits())
}

func jdk(t testing.TB) []byte {
	t.Helper()
	return pack(t,
		entry{kind: tar.TypeDir, name: "./"},
		entry{kind: tar.TypeDir, name: "./jdk-17/", mode: 0o777},
		entry{name: "./jdk-17/bin/java", body: strings.Repeat("java", 1<<18), mode: 0o6755},
		entry{name: "./jdk-17/release", body: "JAVA_VERSION=17\n", mode: 0o400},
		entry{kind: tar.TypeSymlink, name: "./jdk-17/legal/java.net/LICENSE", link: "../java.base/LICENSE"},
		entry{name: "./jdk-17/legal/java.base/LICENSE", body: "free", mode: 0o666},
		entry{kind: tar.TypeLink, name: "./jdk-17/legal/copy", link: "./jdk-17/legal/java.base/LICENSE"},
		entry{kind: tar.TypeSymlink, name: "./jdk-17/nothing", link: "nowhere"},
		entry{name: "./jdk-17/empty"},
	)
}

func TestFormats(t *testing.T) {
	t.Parallel()
	data := jdk(t)
	padding := make([]byte, 64<<10)
	formats := map[string][]byte{
		"tar":                  data,
		"tar, padded":          append(bytes.Clone(data), padding...),
		"tar.gz":               gzipped(t, data),
		"tar.gz, padded":       append(gzipped(t, data), padding...),
		"tar.gz, then garbage": append(gzipped(t, data), "garbage"...),
		"tar.gz in members":    append(gzipped(t, data[:300_000]), gzipped(t, data[300_000:])...),
		"tar.zst":              zstded(t, data),
		"tar.zst, padded":      append(zstded(t, data), padding...),
		"tar.zst in frames":    append(zstded(t, data[:300_000]), zstded(t, data[300_000:])...),
		"tar.xz":               xzed(t, data),
		"tar.xz, padded":       append(xzed(t, data), padding...),
		"tar.xz in streams":    append(xzed(t, data[:300_000]), xzed(t, data[300_000:])...),
		"tar.bz2":              bzip2ed(t),
		"zip":                  zipped(t, data),
	}
	for name, packed := range formats {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, err := archive(t, packed)
			require.NoError(t, err)
			requireJDK(t, dir)
		})
	}
}

// A reader that cannot be read twice makes a zip file no worse.
func TestZipFromAStream(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := iotest.HalfReader(bytes.NewReader(zipped(t, jdk(t))))
	require.NoError(t, unpack.Archive(t.Context(), r, "jdk.zip", dir, unpack.DefaultLimits()))
	requireJDK(t, dir)
}

func requireJDK(t *testing.T, dir string) {
	t.Helper()
	top, err := unpack.TopDir(dir)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "jdk-17"), top)
	want := map[string]string{"bin/java": strings.Repeat("java", 1<<18), "release": "JAVA_VERSION=17\n",
		"legal/java.net/LICENSE": "free", "legal/copy": "free", "empty": ""}
	for name, body := range want {
		got, err := os.ReadFile(filepath.Join(top, name))
		require.NoError(t, err)
		require.True(t, body == string(got), name)
	}
	modes := map[string]fs.FileMode{".": fs.ModeDir | 0o755, "bin": fs.ModeDir | 0o755, "bin/java": 0o755,
		"release": 0o600, "legal/java.base/LICENSE": 0o644, "legal/java.net/LICENSE": fs.ModeSymlink | 0o777}
	for name, mode := range modes {
		info, err := os.Lstat(filepath.Join(top, name))
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode(), name)
	}
	info, err := os.Stat(filepath.Join(top, "bin/java"))
	require.NoError(t, err)
	require.True(t, stamp.Equal(info.ModTime()))
}

func TestManyFilesThroughSlowReads(t *testing.T) {
	t.Parallel()
	var entries []entry
	for i := range 500 {
		name := filepath.Join("top", strings.Repeat("d/", i%7), string(rune('a'+i%26)), strings.Repeat("x", i%50+1))
		entries = append(entries, entry{name: name, body: strings.Repeat(name, i*3)})
	}
	dir := t.TempDir()
	slow := iotest.HalfReader(bytes.NewReader(zstded(t, pack(t, entries...))))
	require.NoError(t, unpack.Archive(t.Context(), slow, "x", dir, unpack.DefaultLimits()))
	last := map[string]string{}
	for _, e := range entries {
		last[e.name] = e.body
	}
	for name, body := range last {
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, body, string(got))
	}
}

func TestTruncated(t *testing.T) {
	t.Parallel()
	plain := jdk(t)
	for name, packed := range map[string][]byte{"tar": plain[:len(plain)-1024], "tar.gz": gzipped(t, plain), "tar.zst": zstded(t, plain),
		"tar.xz": xzed(t, plain), "tar.bz2": bzip2ed(t), "zip": zipped(t, plain)} {
		for _, part := range []int{1, 2, 10, 50, 90, 99, 100} {
			cut := packed[:min(len(packed)*part/100, len(packed)-1)]
			if name == "tar" && part == 100 {
				cut = packed // on the border of an entry: no end mark
			}
			_, err := archive(t, cut)
			require.Error(t, err, "%s %d%%", name, part)
			require.Equal(t, plugins.Permanent, plugins.KindOf(err), "%s %d%%: %v", name, part, err)
			if part > 2 {
				require.ErrorContains(t, err, "truncated", "%s %d%%", name, part)
			}
		}
	}
}

func TestDamaged(t *testing.T) {
	t.Parallel()
	packed := gzipped(t, jdk(t))
	packed[len(packed)-6] ^= 1 // the CRC
	_, err := archive(t, packed)
	require.ErrorContains(t, err, "cannot unpack jdk.tar.gz: the archive is damaged")
	require.Equal(t, plugins.Permanent, plugins.KindOf(err))
}

func TestNotAnArchive(t *testing.T) {
	t.Parallel()
	tests := []struct {
		data []byte
		want string
	}{
		{nil, "it is empty"},
		{[]byte("hello"), "not an archive of a known type (tar, tar.gz, tar.zst, tar.xz, tar.bz2, zip)"},
		{[]byte("<!DOCTYPE html><title>Sign in"), "web page"},
		{[]byte("<?xml version='1.0'?><Error>"), "XML"},
		{[]byte("PK\x03\x04"), "no complete zip file"},
		{[]byte("\xfd7zXZ\x00"), "its xz data ends in the middle"},
		{[]byte("BZh9"), "its bzip2 data ends in the middle"},
		{[]byte("7z\xbc\xaf\x27\x1c"), "7z"},
		{[]byte("\x7fELF"), "program"},
		{bytes.Repeat([]byte("x"), 4096), "not an archive"},
		{gzipped(t, bytes.Repeat([]byte("x"), 4096)), "what is packed is not a tar archive"},
		{gzipped(t, nil), "the archive is empty"},
		{pack(t), "the archive is empty"},
		{gzipped(t, pack(t)), "the archive is empty"},
	}
	for _, tt := range tests {
		_, err := archive(t, tt.data)
		require.ErrorContains(t, err, tt.want)
		require.Equal(t, plugins.Permanent, plugins.KindOf(err))
	}
}

func TestReadersErrorKeepsItsKind(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection lost")
	plain := jdk(t)
	for _, packed := range [][]byte{plain, gzipped(t, plain), zstded(t, plain), xzed(t, plain), bzip2ed(t), zipped(t, plain)} {
		r := io.MultiReader(bytes.NewReader(packed[:len(packed)/2]), iotest.ErrReader(broken))
		err := unpack.Archive(t.Context(), r, "x", t.TempDir(), unpack.DefaultLimits())
		require.ErrorIs(t, err, broken)
		require.Equal(t, plugins.Retryable, plugins.KindOf(err))
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	packed := gzipped(t, jdk(t))
	r := io.MultiReader(bytes.NewReader(packed[:len(packed)/2]), readFunc(func([]byte) (int, error) {
		cancel(why)
		return 0, ctx.Err()
	}))
	require.ErrorIs(t, unpack.Archive(ctx, r, "x", t.TempDir(), unpack.DefaultLimits()), why)

	cancel(nil)
	require.ErrorIs(t, unpack.Archive(ctx, bytes.NewReader(packed), "x", t.TempDir(), unpack.DefaultLimits()), why)
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func TestDiskErrorsAreWorthARetry(t *testing.T) {
	t.Parallel()
	err := unpack.Archive(t.Context(), bytes.NewReader(jdk(t)), "x", filepath.Join(t.TempDir(), "gone"), unpack.DefaultLimits())
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Equal(t, plugins.Retryable, plugins.KindOf(err))
}

func TestTopDir(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	got, err := unpack.TopDir(dir)
	require.NoError(t, err)
	require.Equal(t, dir, got)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "any name"), 0o755))
	got, err = unpack.TopDir(dir)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "any name"), got)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "README"), nil, 0o644))
	got, err = unpack.TopDir(dir)
	require.NoError(t, err)
	require.Equal(t, dir, got)
	_, err = unpack.TopDir(filepath.Join(dir, "gone"))
	require.Error(t, err)
}
