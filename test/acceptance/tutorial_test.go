package acceptance

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/internal/scratch"
	"github.com/alluxio-mesos/alluxio-mesos/test/deploy"
	"github.com/alluxio-mesos/alluxio-mesos/test/repo"
)

// The tutorial does what it says: its commands are run as they stand, one after the other.
func TestTutorial(t *testing.T) {
	t.Parallel()
	home, err := os.MkdirTemp("", "tut") // short, since sockets lie below it
	require.NoError(t, err)
	t.Cleanup(func() { _ = scratch.RemoveAll(home) })
	root := repo.Root(t)
	deploy.Tarball(t)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-e", "-u", "-o", "pipefail", "-x", "-c", tutorial(t, filepath.Join(root, "docs", "plugins.md")))
	cmd.Dir = home
	cmd.Env = append(os.Environ(),
		"HOME="+home, "CHECKOUT="+root, "PATH="+filepath.Dir(deploy.Binary(t))+":"+os.Getenv("PATH"),
		// What this user has fetched of Go's modules is used, not fetched again.
		"GOPATH="+goEnv(t, "GOPATH"), "GOMODCACHE="+goEnv(t, "GOMODCACHE"), "GOCACHE="+goEnv(t, "GOCACHE"),
	)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	begun := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(home, "tutorial", "dev.log"))
		_ = exec.Command(deploy.Binary(t), "stop", "--name", "dev").Run()
		require.NoError(t, err, "%s\n--- dev.log\n%s", out, log)
	}
	t.Logf("the tutorial took %s", time.Since(begun).Round(time.Second))
	text := string(out)
	require.Regexp(t, `fetcher shelf: \d+ passed, 0 failed`, text)
	require.Regexp(t, `fetcher +shelf +0\.1\.0 `, text, "as it was deployed")
	require.Regexp(t, `fetcher +shelf +0\.2\.0 `, text, "as it was installed")
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

// byHand marks the blocks of a text that a test does not run.
var shellBlock = regexp.MustCompile("(?s)(<!-- by hand[^>]*-->\n)?```sh\n(.*?)```\n")

// tutorial puts the commands of a text together.
func tutorial(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var script strings.Builder
	for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		if block[1] == "" {
			script.WriteString(block[2])
		}
	}
	require.Contains(t, script.String(), "plugins install")
	return script.String()
}
