package plugintest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Build builds the plugin of a Go package (a folder, or an import path) as it would be
// released: as the version, in a file of that name.
func Build(t testing.TB, pkg, name, version string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w -X main.version="+version, "-o", path, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cannot build %s: %v\n%s", pkg, err, out)
	}
	return path
}

// ByHandTest runs a plugin's executable as somebody would who found it: it says what it is,
// such as "alluxio-mesos-fetcher-http 1.2.3", and that it is nothing to run.
func ByHandTest(t *testing.T, path, what string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), path).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 {
		t.Errorf("run by hand it ended with %v, not with exit code 2", err)
	}
	for _, want := range []string{what + "\n", "It is not run by hand"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("run by hand it does not say %q but %q", want, out)
		}
	}
}
