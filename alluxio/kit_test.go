package alluxio_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// needed skips a test for want of what it needs, or fails it where CI has to have that.
func needed(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// findJava returns the Java of this machine.
func findJava(t *testing.T) alluxio.Java {
	t.Helper()
	program, err := exec.LookPath(filepath.Join(os.Getenv("JAVA_HOME"), "bin", "java"))
	if err != nil {
		program, err = exec.LookPath("java")
	}
	if err != nil {
		needed(t, "there is no Java on this machine: %v", err)
	}
	program, err = filepath.EvalSymlinks(program)
	require.NoError(t, err)
	output, err := exec.CommandContext(t.Context(), program, "-version").CombinedOutput()
	require.NoError(t, err)
	java, err := alluxio.ParseJavaVersion(string(output))
	require.NoError(t, err)
	java.Home = filepath.Dir(filepath.Dir(program))
	return java
}

// runJava runs a single-file program of testdata.
func runJava(t *testing.T, java alluxio.Java, classPath, program string, args ...string) string {
	t.Helper()
	if java.Major < 11 {
		needed(t, "Java %s cannot run a source file", java.Text)
	}
	argv := append([]string{"-cp", classPath, filepath.Join("testdata", program)}, args...)
	command := exec.CommandContext(t.Context(), filepath.Join(java.Home, "bin", "java"), argv...)
	command.Stderr = os.Stderr
	output, err := command.Output()
	require.NoError(t, err)
	return string(output)
}

func parse(t *testing.T, text string) alluxio.Properties {
	t.Helper()
	p, err := alluxio.ParseProperties("site", []byte(text))
	require.NoError(t, err)
	return p
}

func version(t *testing.T, text string) alluxio.Version {
	t.Helper()
	v, err := alluxio.ParseVersion(text)
	require.NoError(t, err)
	return v
}
