package unpack_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/unpack"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// The archives of the CVEs that go-getter and Nomad had, and their relatives: 2019-14803
// (setuid), 2020-27195 and 2022-24686 (destination escape), 2022-30324, 2024-3817 and
// 2025-8959 (escape through links).
func TestHostile(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("d/", 1000)
	tests := map[string]struct {
		entries []entry
		want    string
	}{
		"dots":             {[]entry{{name: "../evil", body: "x"}}, `entry "../evil" leads out`},
		"dots inside":      {[]entry{{name: "a/../../evil", body: "x"}}, "leads out"},
		"dots that return": {[]entry{{name: "a/../b", body: "x"}}, "leads out"},
		"dots at the end":  {[]entry{{kind: tar.TypeDir, name: "a/.."}}, "leads out"},
		"absolute":         {[]entry{{name: "/etc/evil", body: "x"}}, "absolute"},
		"link up":          {[]entry{{kind: tar.TypeSymlink, name: "l", link: "../evil"}}, "leads out"},
		"link absolute":    {[]entry{{kind: tar.TypeSymlink, name: "l", link: "/etc"}}, "leads out"},
		"link up, deep":    {[]entry{{kind: tar.TypeSymlink, name: "a/b/l", link: "../../../evil"}}, "leads out"},
		"link through link": {[]entry{
			{kind: tar.TypeDir, name: "a/b"},
			{kind: tar.TypeSymlink, name: "a/b/s", link: "../.."},
			{kind: tar.TypeSymlink, name: "a/b/t", link: "s/../OUTSIDE"},
		}, "leads out"},
		"write through links": {[]entry{
			{kind: tar.TypeDir, name: "a/b"},
			{kind: tar.TypeSymlink, name: "a/b/s", link: "../.."},
			{kind: tar.TypeSymlink, name: "a/b/t", link: "s/../OUTSIDE"},
			{name: "a/b/t/evil", body: "x"},
		}, "a/b/t/evil"},
		"link swapped below": {[]entry{
			{kind: tar.TypeDir, name: "a/b"},
			{kind: tar.TypeSymlink, name: "l", link: "a/b/../../x"},
			{kind: tar.TypeSymlink, name: "a/c", link: "."},
			{kind: tar.TypeSymlink, name: "m", link: "a/c/../../OUTSIDE"},
		}, "leads out"},
		"link beside the top folder":         {[]entry{{name: "top/f", body: "x"}, {kind: tar.TypeSymlink, name: "top/l", link: "../OUTSIDE"}}, "leads out"},
		"link beside the top folder, deep":   {[]entry{{name: "top/a/f", body: "x"}, {kind: tar.TypeSymlink, name: "top/a/l", link: "../../OUTSIDE"}}, `entry "top/a/l" is a link that leads out`},
		"link around the top folder":         {[]entry{{name: "top/f", body: "x"}, {kind: tar.TypeSymlink, name: "top/l", link: "../top/f"}}, "leads out"},
		"link through another above the top": {[]entry{{name: "top/f", body: "x"}, {kind: tar.TypeSymlink, name: "top/up", link: ".."}, {kind: tar.TypeSymlink, name: "top/l", link: "up/OUTSIDE"}}, "leads out"},
		"circle":                             {[]entry{{kind: tar.TypeSymlink, name: "a", link: "b"}, {kind: tar.TypeSymlink, name: "b", link: "a"}}, "circle"},
		"hard link out":                      {[]entry{{kind: tar.TypeLink, name: "l", link: "../OUTSIDE/secret"}}, "leads out"},
		"hard link absolute":                 {[]entry{{kind: tar.TypeLink, name: "l", link: "/etc/passwd"}}, "absolute"},
		"hard link forward":                  {[]entry{{kind: tar.TypeLink, name: "l", link: "later"}, {name: "later"}}, "no file unpacked before"},
		"hard link to folder":                {[]entry{{kind: tar.TypeDir, name: "d"}, {kind: tar.TypeLink, name: "l", link: "d"}}, "no file unpacked before"},
		"hard link to a link":                {[]entry{{kind: tar.TypeSymlink, name: "a/b/s", link: "../../x"}, {kind: tar.TypeLink, name: "t", link: "a/b/s"}}, "no file unpacked before"},
		"device":                             {[]entry{{kind: tar.TypeChar, name: "null"}}, `entry "null" is a device`},
		"block device":                       {[]entry{{kind: tar.TypeBlock, name: "sda"}}, "is a device"},
		"pipe":                               {[]entry{{kind: tar.TypeFifo, name: "fifo"}}, "a pipe"},
		"file over folder":                   {[]entry{{kind: tar.TypeDir, name: "d"}, {name: "d"}}, "a folder of this name"},
		"folder over file":                   {[]entry{{name: "d"}, {kind: tar.TypeDir, name: "d"}}, "has this name already"},
		"folder over link":                   {[]entry{{name: "x/f"}, {kind: tar.TypeSymlink, name: "d", link: "x"}, {kind: tar.TypeDir, name: "d"}}, "has this name already"},
		"file below file":                    {[]entry{{name: "f"}, {name: "f/g"}}, `entry "f/g" cannot be made`},
		"link over the top folder":           {[]entry{{kind: tar.TypeSymlink, name: ".", link: "x"}}, "no link that can be made"},
		"long name":                          {[]entry{{name: strings.Repeat("n", 256)}}, "too long"},
		"long path":                          {[]entry{{name: strings.Repeat("d/", 2001) + "f"}}, "more than 4000 bytes"},
		"deep folders":                       {[]entry{{kind: tar.TypeDir, name: deep + "a"}, {kind: tar.TypeDir, name: "z" + deep + "b"}, {kind: tar.TypeDir, name: "y" + deep}}, "more than 1500 entries"},
		"size that lies":                     {[]entry{{name: "f", body: "x", size: 1 << 62}}, "of 4611686018427387904 bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			top := t.TempDir()
			dir, outside := filepath.Join(top, "in"), filepath.Join(top, "OUTSIDE")
			require.NoError(t, os.Mkdir(dir, 0o755))
			require.NoError(t, os.Mkdir(outside, 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o644))
			limits := unpack.DefaultLimits()
			limits.Files = 1500
			err := unpack.Archive(t.Context(), bytes.NewReader(gzipped(t, pack(t, tt.entries...))), "x.tar.gz", dir, limits)
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, "cannot unpack x.tar.gz: ")
			require.Equal(t, plugins.Permanent, plugins.KindOf(err), "%v", err)
			requireUntouched(t, top)
		})
	}
}

// requireUntouched checks that all that lies beside the archive's folder is as it was.
func requireUntouched(t *testing.T, top string) {
	t.Helper()
	var found []string
	require.NoError(t, filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "in" {
			return fs.SkipDir
		}
		found = append(found, strings.TrimPrefix(p, top))
		return err
	}))
	require.Equal(t, []string{"", "/OUTSIDE", "/OUTSIDE/secret"}, found)
	var st unix.Stat_t
	require.NoError(t, unix.Stat(filepath.Join(top, "OUTSIDE/secret"), &st))
	require.EqualValues(t, 1, st.Nlink)
}

// What looks odd but is harmless goes well.
func TestHarmless(t *testing.T) {
	t.Parallel()
	dir, err := archive(t, pack(t,
		entry{name: "lib/x", body: "first"},
		entry{name: "lib/x", body: "second"},
		entry{kind: tar.TypeSymlink, name: "lib64", link: "lib"},
		entry{name: "lib64/y", body: "through a link inside"},
		entry{kind: tar.TypeSymlink, name: "lib/x2", link: "../lib64/x"},
		entry{name: "..a", body: "dots of a name"},
		entry{kind: tar.TypeSymlink, name: "lib/up", link: "../..a"},
		entry{kind: tar.TypeDir, name: "lib", mode: 0o555},
		entry{kind: tar.TypeDir, name: "lib"},
	))
	require.NoError(t, err)
	for name, want := range map[string]string{"lib/x": "second", "lib/y": "through a link inside", "lib/x2": "second", "..a": "dots of a name"} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
}

func TestSpecialBitsAreDropped(t *testing.T) {
	t.Parallel()
	dir, err := archive(t, pack(t,
		entry{name: "f", mode: 0o7777}, entry{name: "g", mode: 0o4000}, entry{kind: tar.TypeDir, name: "d", mode: 0o7777}))
	require.NoError(t, err)
	for name, want := range map[string]fs.FileMode{"f": 0o755, "g": 0o600, "d": fs.ModeDir | 0o755} {
		info, err := os.Lstat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, want, info.Mode(), name)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	limits := unpack.Limits{Bytes: 1 << 20, Files: 10, Ratio: 100, RatioFrom: 64 << 10, Name: 100}
	many := make([]entry, 11)
	for i := range many {
		many[i].name = string(rune('a' + i))
	}
	tests := map[string]struct {
		packed []byte
		want   string
	}{
		"one large file":     {pack(t, entry{name: "f", body: strings.Repeat("x", 2<<20)}), `entry "f", of 2097152 bytes`},
		"files together":     {pack(t, entry{name: "f", body: strings.Repeat("x", 700<<10)}, entry{name: "g", body: strings.Repeat("x", 700<<10)}), `entry "g"`},
		"bomb":               {gzipped(t, pack(t, entry{name: "f", body: strings.Repeat("x", 900<<10)})), "times its size"},
		"bomb in zstd":       {zstded(t, pack(t, entry{name: "f", body: strings.Repeat("x", 900<<10)})), "times its size"},
		"bomb after the end": {gzipped(t, append(pack(t, entry{name: "f"}), make([]byte, 900<<10)...)), "times its size"},
		"many":               {pack(t, many...), "more than 10 entries"},
		"long path":          {pack(t, entry{name: strings.Repeat("d/", 60) + "f"}), "more than 100 bytes"},
		"sparse":             {sparse(1 << 40), "of 1099511627776 bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := unpack.Archive(t.Context(), bytes.NewReader(tt.packed), "x", t.TempDir(), limits)
			require.ErrorContains(t, err, tt.want)
			require.Equal(t, plugins.Permanent, plugins.KindOf(err))
		})
	}
}

// sparse is an old GNU sparse file of the given size with no data at all.
func sparse(size int64) []byte {
	h := make([]byte, 512)
	copy(h, "hole")
	copy(h[100:], "0000644\x00")
	copy(h[124:], "00000000000\x00")
	h[156] = tar.TypeGNUSparse
	copy(h[257:], "ustar  \x00")
	h[483] = 0x80 // the real size, in base 256
	for i := range 8 {
		h[494-i] = byte(size >> (8 * i))
	}
	copy(h[148:], "        ")
	sum := 0
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:], []byte{'0' + byte(sum>>15&7), '0' + byte(sum>>12&7), '0' + byte(sum>>9&7), '0' + byte(sum>>6&7), '0' + byte(sum>>3&7), '0' + byte(sum&7), 0, ' '})
	return append(h, make([]byte, 1024)...)
}

// An endless stream ends at a limit, in little memory and with nothing left running.
func TestEndlessStream(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	go func() {
		z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
		tw := tar.NewWriter(z)
		_ = tw.WriteHeader(&tar.Header{Name: "f", Size: 1 << 40, Mode: 0o644})
		_, err := io.Copy(tw, endless{})
		w.CloseWithError(err)
	}()
	limits := unpack.DefaultLimits()
	limits.Bytes, limits.RatioFrom = 2<<40, 1<<20
	err := unpack.Archive(t.Context(), r, "x", t.TempDir(), limits)
	r.Close()
	require.ErrorContains(t, err, "more than 200 times its size")
}

func fuzzLimits() unpack.Limits {
	return unpack.Limits{Bytes: 4 << 20, Files: 200, Ratio: 1000, RatioFrom: 1 << 20, Name: 1000}
}

// small is jdk with smaller files.
func small(t testing.TB) []byte {
	t.Helper()
	return pack(t, entry{kind: tar.TypeDir, name: "jdk/"}, entry{name: "jdk/release", body: strings.Repeat("17 ", 30), mode: 0o4755},
		entry{kind: tar.TypeSymlink, name: "jdk/l", link: "release"}, entry{kind: tar.TypeLink, name: "jdk/h", link: "jdk/release"},
		entry{kind: tar.TypeSymlink, name: "m", link: "../x"}, entry{name: "m/evil", body: "x"})
}

// fuzz unpacks what stays in its folder, or nothing.
func fuzz(t *testing.T, data []byte) {
	top := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(top, "in"), 0o755))
	err := unpack.Archive(t.Context(), bytes.NewReader(data), "x", filepath.Join(top, "in"), fuzzLimits())
	if err == nil {
		requireInside(t, filepath.Join(top, "in"))
	}
	names, err := os.ReadDir(top)
	require.NoError(t, err)
	require.Len(t, names, 1)
}

func FuzzArchive(f *testing.F) {
	f.Add(jdk(f))
	f.Add(sparse(1 << 20))
	for _, packed := range formats(f, entry{name: "f", body: "x"}, entry{kind: tar.TypeSymlink, name: "l", link: "../x"}) {
		f.Add(packed)
	}
	f.Fuzz(fuzz)
}

// The entries of a tar, packed after they were changed, so that no checksum is in the way.
func FuzzTar(f *testing.F) {
	f.Add(small(f))
	f.Add(sparse(1 << 20))
	f.Fuzz(func(t *testing.T, plain []byte) { fuzz(t, gzipped(t, plain)) })
}

func FuzzTarGz(f *testing.F) {
	f.Add(gzipped(f, small(f)))
	f.Fuzz(fuzz)
}

func FuzzTarZst(f *testing.F) {
	f.Add(zstded(f, small(f)))
	f.Fuzz(fuzz)
}

func FuzzTarXz(f *testing.F) {
	f.Add(xzed(f, small(f)))
	f.Fuzz(fuzz)
}

func FuzzTarBz2(f *testing.F) {
	f.Add(bzip2ed(f))
	f.Fuzz(fuzz)
}

func FuzzZip(f *testing.F) {
	f.Add(zipped(f, small(f)))
	f.Add(zipOf(f, zip.FileHeader{Name: "one"}, zip.FileHeader{Name: "two/"}))
	f.Fuzz(fuzz)
}

// requireInside checks that every name of the tree resolves to a place inside it.
func requireInside(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		require.Zero(t, d.Type()&(fs.ModeDevice|fs.ModeNamedPipe|fs.ModeSocket))
		info, err := d.Info()
		require.NoError(t, err)
		require.Zero(t, info.Mode()&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky))
		if real, err := filepath.EvalSymlinks(p); err == nil {
			require.True(t, real == dir || strings.HasPrefix(real, dir+"/"), "%s leads to %s", p, real)
		}
		return nil
	}))
}
