package scaffold_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest/suite"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/scaffold"
)

// TestProjectsBuildAndPass writes each project, builds it with its own Makefile against
// this checkout, and runs the whole suite on what comes of it.
func TestProjectsBuildAndPass(t *testing.T) {
	t.Parallel()
	checkout, err := filepath.Abs("../..")
	require.NoError(t, err)
	projects := map[string]scaffold.Project{
		"go fetcher":     {Name: "shelf", Kind: plugins.KindFetcher, Language: scaffold.Go},
		"go ramdisk":     {Name: "big-pages", Kind: plugins.KindRamdisk, Language: scaffold.Go, Module: "example.org/big"},
		"python fetcher": {Name: "my-shelf", Kind: plugins.KindFetcher, Language: scaffold.Python},
	}
	for name, p := range projects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p.Dir, p.Replace = filepath.Join(t.TempDir(), "project"), checkout
			files, err := scaffold.Write(p)
			require.NoError(t, err)
			require.Contains(t, files, "README.md")
			require.Contains(t, files, ".gitignore")
			makeProject(t, p)
			plugintest.VerifyTest(t, suite.Options{Path: filepath.Join(p.Dir, "bin", p.Executable())})
			if p.Language == scaffold.Go {
				run(t, p.Dir, "gofmt", "-l", ".")
				run(t, p.Dir, "go", "vet", "./...") // its test, too
			}
		})
	}
}

// makeProject runs make. Where Python's packages cannot be had the test is skipped with
// the reason; with CI set it fails.
func makeProject(t *testing.T, p scaffold.Project) {
	t.Helper()
	out, err := command(p.Dir, "make").CombinedOutput()
	if err != nil && p.Language == scaffold.Python && os.Getenv("CI") == "" {
		t.Skipf("cannot build a plugin in Python here: %v: %s", err, out)
	}
	require.NoError(t, err, "%s", out)
}

func command(dir, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	return cmd
}

func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	out, err := command(dir, name, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Empty(t, strings.TrimSpace(string(out)))
}

func TestNothingIsOverwritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o600))
	_, err := scaffold.Write(scaffold.Project{Name: "shelf", Kind: plugins.KindFetcher, Language: scaffold.Go, Dir: dir})
	require.ErrorContains(t, err, "it is not empty")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func TestWhatCannotBeWritten(t *testing.T) {
	t.Parallel()
	cases := map[string]scaffold.Project{
		"cannot call a plugin":      {Name: "My_Shelf", Kind: plugins.KindFetcher, Language: scaffold.Go},
		"no kind of plugin":         {Name: "a", Kind: "disk", Language: scaffold.Go},
		"no template in":            {Name: "a", Kind: plugins.KindFetcher, Language: "cobol"},
		"no template of a ramdisk":  {Name: "a", Kind: plugins.KindRamdisk, Language: scaffold.Python},
		"begins with a letter":      {Name: "7zip", Kind: plugins.KindFetcher, Language: scaffold.Go},
		"cannot write a project in": {Name: "a", Kind: plugins.KindFetcher, Language: scaffold.Go, Dir: "scaffold.go"},
	}
	for want, p := range cases {
		if p.Dir == "" {
			p.Dir = filepath.Join(t.TempDir(), "project")
		}
		_, err := scaffold.Write(p)
		require.ErrorContains(t, err, want)
	}
}
