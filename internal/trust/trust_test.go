package trust

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPath(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		prepare func(t *testing.T, dir string) string
		problem string
	}{
		{"own file", func(t *testing.T, dir string) string { return write(t, dir, "f", 0o644) }, ""},
		{"missing", func(_ *testing.T, dir string) string { return filepath.Join(dir, "no") }, "no such file"},
		{"file writable by the group", func(t *testing.T, dir string) string { return write(t, dir, "f", 0o664) }, "others may write to"},
		{"folder above writable by all", func(t *testing.T, dir string) string {
			path := write(t, dir, "f", 0o644)
			require.NoError(t, os.Chmod(dir, 0o777))
			return path
		}, "chmod go-w"},
		{"sticky folder above", func(t *testing.T, dir string) string {
			path := write(t, dir, "f", 0o644)
			require.NoError(t, os.Chmod(dir, 0o777|os.ModeSticky))
			return path
		}, ""},
		{"sticky folder itself", func(t *testing.T, dir string) string {
			require.NoError(t, os.Chmod(dir, 0o777|os.ModeSticky))
			return dir
		}, "others may write to"},
		{"somebody else's", func(t *testing.T, dir string) string {
			path := write(t, dir, "f", 0o644)
			if err := os.Chown(path, 12345, -1); err != nil {
				t.Skip("only root can give files away")
			}
			return path
		}, "belongs to user 12345"},
		{"through a link", func(t *testing.T, dir string) string {
			link := filepath.Join(dir, "link")
			require.NoError(t, os.Symlink(write(t, dir, "f", 0o666), link))
			return link
		}, "others may write to"},
		{"through a link of somebody else", func(t *testing.T, dir string) string {
			link := filepath.Join(dir, "link")
			require.NoError(t, os.Symlink(filepath.Dir(write(t, dir, "f", 0o644)), link))
			if err := os.Lchown(link, 12345, -1); err != nil {
				t.Skip("only root can give links away")
			}
			return filepath.Join(link, "f")
		}, "belongs to user 12345"},
		{"through links of one's own", func(t *testing.T, dir string) string {
			write(t, dir, "f", 0o644)
			require.NoError(t, os.Symlink("../d/./x/..", filepath.Join(dir, "one")))
			require.NoError(t, os.Mkdir(filepath.Join(dir, "x"), 0o755))
			require.NoError(t, os.Symlink(filepath.Join(dir, "one"), filepath.Join(dir, "two")))
			return filepath.Join(dir, "two", "f")
		}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "d")
			require.NoError(t, os.Mkdir(dir, 0o755))
			got, err := Path(c.prepare(t, dir))
			if c.problem != "" {
				require.ErrorContains(t, err, c.problem)
				return
			}
			require.NoError(t, err)
			require.Equal(t, filepath.Join(dir, "f"), got)
		})
	}
}

func write(t *testing.T, dir, name string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, os.Chmod(path, mode))
	return path
}
