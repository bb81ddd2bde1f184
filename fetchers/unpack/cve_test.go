package unpack_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/unpack"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// formats packs the same entries in every way that Go can write.
func formats(t testing.TB, entries ...entry) map[string][]byte {
	t.Helper()
	plain := pack(t, entries...)
	return map[string][]byte{"tar": plain, "tar.gz": gzipped(t, plain), "tar.zst": zstded(t, plain), "tar.xz": xzed(t, plain),
		"zip": zipped(t, plain)}
}

// What the vulnerabilities of Nomad's artifact fetching and of go-getter did, in every format.
// CVE-2024-3817 (arguments to git through a source) has nothing to do here: no program is
// started for a source or an archive.
func TestCVE(t *testing.T) {
	t.Parallel()
	link := func(name, to string) entry { return entry{kind: tar.TypeSymlink, name: name, link: to} }
	tests := map[string][]struct {
		entries []entry
		want    string
	}{
		"CVE-2020-27195, destination escapes through what is interpolated": {
			{[]entry{{name: "${NOMAD_TASK_DIR}/../../OUTSIDE/evil", body: "x"}}, "leads out"},
			{[]entry{{name: "../OUTSIDE/evil", body: "x"}}, "leads out"},
			{[]entry{{name: "a/../../OUTSIDE/evil", body: "x"}}, "leads out"},
			{[]entry{{name: "/etc/evil", body: "x"}}, "absolute"},
		},
		"CVE-2022-30324, writes through a link": {
			{[]entry{link("l", "../OUTSIDE"), {name: "l/evil", body: "x"}}, "leads out"},
			{[]entry{link("l", "/etc"), {name: "l/evil", body: "x"}}, "leads out"},
			{[]entry{link("OUT", "../OUTSIDE/secret"), {name: "OUT", body: "x"}}, "leads out"},
		},
		"CVE-2025-8959, reads through a link in a subfolder": {
			{[]entry{{kind: tar.TypeDir, name: "a/b/"}, link("a/b/l", "../../../OUTSIDE/secret")}, "leads out"},
			{[]entry{{kind: tar.TypeDir, name: "a/b/"}, link("a/b/s", "../.."), link("a/b/t", "s/../OUTSIDE/secret")}, "leads out"},
			{[]entry{{kind: tar.TypeDir, name: "a/b/"}, link("a/b/s", "../.."), link("a/b/t", "s/../OUTSIDE"),
				{name: "a/b/t/evil", body: "x"}}, "a/b/t/evil"},
		},
	}
	for name, cases := range tests {
		for i, tt := range cases {
			for format, packed := range formats(t, tt.entries...) {
				t.Run(fmt.Sprint(name, "/", i, "/", format), func(t *testing.T) {
					t.Parallel()
					top := hostileTop(t)
					err := unpack.Archive(t.Context(), bytes.NewReader(packed), "x", filepath.Join(top, "in"), unpack.DefaultLimits())
					require.ErrorContains(t, err, tt.want)
					require.Equal(t, plugins.Permanent, plugins.KindOf(err), "%v", err)
					requireUntouched(t, top)
				})
			}
		}
	}
}

// hostileTop is a folder with "in", to unpack into, and what an archive must not touch.
func hostileTop(t testing.TB) string {
	t.Helper()
	top := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(top, "in"), 0o755))
	require.NoError(t, os.Mkdir(filepath.Join(top, "OUTSIDE"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(top, "OUTSIDE/secret"), []byte("secret"), 0o644))
	return top
}

// CVE-2019-14803: an archive's setuid and setgid bits were kept.
func TestCVE201914803SetuidIsDropped(t *testing.T) {
	t.Parallel()
	for format, packed := range formats(t, entry{name: "su", mode: 0o6755}, entry{kind: tar.TypeDir, name: "d/", mode: 0o3777}) {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			dir, err := archive(t, packed)
			require.NoError(t, err)
			for name, want := range map[string]fs.FileMode{"su": 0o755, "d": fs.ModeDir | 0o755} {
				info, err := os.Lstat(filepath.Join(dir, name))
				require.NoError(t, err)
				require.Equal(t, want, info.Mode(), name)
			}
		})
	}
}

// CVE-2022-24686: artifacts that were fetched at once came into each other's places.
func TestCVE202224686AtOnceStayApart(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	var all sync.WaitGroup
	for i := range 16 {
		dir := filepath.Join(top, fmt.Sprint(i))
		require.NoError(t, os.Mkdir(dir, 0o755))
		body := strings.Repeat(fmt.Sprint(i, " "), 200_000)
		packed := formats(t, entry{name: "same/name", body: body})[[]string{"tar", "tar.gz", "tar.zst", "zip"}[i%4]]
		all.Go(func() {
			err := unpack.Archive(t.Context(), bytes.NewReader(packed), "x", dir, unpack.DefaultLimits())
			got, _ := os.ReadFile(filepath.Join(dir, "same/name"))
			if err != nil || string(got) != body {
				t.Errorf("archive %d: %v, %d bytes", i, err, len(got))
			}
		})
	}
	all.Wait()
}

// go-getter before 1.8.3 left a partly written file with permissions that ignored the umask.
func TestPartOfAFileIsPrivate(t *testing.T) {
	t.Parallel()
	packed := pack(t, entry{name: "f", body: strings.Repeat("x", 1<<20), mode: 0o777})
	dir := t.TempDir()
	r := io.MultiReader(bytes.NewReader(packed[:900_000]), iotest.ErrReader(errors.New("connection lost")))
	require.Error(t, unpack.Archive(t.Context(), r, "x", dir, unpack.DefaultLimits()))
	info, err := os.Stat(filepath.Join(dir, "f"))
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode())
}
