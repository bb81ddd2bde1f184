package sitefile

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

func TestTheFirstFileThatExistsIsTheOnlyOneRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		have    []string
		confDir bool
		want    string
	}{
		{"the home's conf folder", []string{"home/conf", "user/.alluxio", "etc"}, false, "home/conf"},
		{"ALLUXIO_CONF_DIR stands in for the home's", []string{"conf", "home/conf", "etc"}, true, "conf"},
		{"and an empty one is not made up for by the home's", []string{"home/conf", "etc"}, true, "etc"},
		{"then the user's", []string{"user/.alluxio", "etc"}, false, "user/.alluxio"},
		{"then the machine's", []string{"etc"}, false, "etc"},
		{"or none", nil, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, folder := range c.have {
				write(t, filepath.Join(dir, folder, Name), "which="+folder+"\n")
			}
			search := Search{
				Home: filepath.Join(dir, "home"), UserHome: filepath.Join(dir, "user"), System: filepath.Join(dir, "etc"),
			}
			if c.confDir {
				search.ConfDir = filepath.Join(dir, "conf")
			}
			site, err := Read(search, alluxio.Properties{})
			require.NoError(t, err)
			which, _ := site.Properties.Get("which")
			require.Equal(t, c.want, which)
			require.Equal(t, c.want != "", site.File != "")
		})
	}
}

func TestOverridesWin(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "my.properties")
	write(t, file, "a=file\nb=file\n")
	over, err := alluxio.ParseOverrides([]string{"-Db=command line"})
	require.NoError(t, err)
	site, err := Read(Search{File: file, System: "/nowhere"}, over)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a": "file", "b": "command line"}, site.Properties.Map())
	require.Equal(t, file, site.File)
}

func TestANamedFileMustBeThere(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "none.properties")
	_, err := Read(Search{File: file}, alluxio.Properties{})
	require.ErrorContains(t, err, file)
}

func TestAFileThatCannotBeReadIsNotPassedOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "conf", Name), 0o755))
	write(t, filepath.Join(dir, "etc", Name), "a=b\n")
	_, err := Read(Search{ConfDir: filepath.Join(dir, "conf"), System: filepath.Join(dir, "etc")}, alluxio.Properties{})
	require.ErrorContains(t, err, filepath.Join(dir, "conf", Name))
}

func TestWhatIsNoOrdinaryFileIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe, large := filepath.Join(dir, "pipe"), filepath.Join(dir, "large")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	write(t, large, "a=b\n")
	require.NoError(t, os.Truncate(large, maxSize+1))
	for path, want := range map[string]string{
		pipe:        pipe + " is no ordinary file",
		"/dev/zero": "/dev/zero is no ordinary file",
		dir:         dir + " is a folder",
		large:       large + " has 1048577 bytes",
	} {
		_, err := Read(Search{File: path}, alluxio.Properties{})
		require.ErrorContains(t, err, want)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
}
