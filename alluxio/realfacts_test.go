package alluxio_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// checkFacts compares the tables of this package with what the jar says of itself.
func checkFacts(t *testing.T, java alluxio.Java, home alluxio.Home) {
	t.Helper()
	var jvmOnly int
	for _, line := range strings.Split(strings.TrimSpace(runJava(t, java, home.ServerJar, "Facts.java")), "\n") {
		fields := append(strings.Split(line, "\t"), "")
		key, kind, shown, value := fields[0], fields[1], fields[2], fields[3]
		if shown == "CREDENTIALS" {
			assert.True(t, alluxio.IsSecret(key), "Alluxio hides %s", key)
		}
		refused := alluxio.CheckSite(alluxio.FromMap(map[string]string{key: "x"}), home.Version) != nil
		assert.Equal(t, kind == "jvm", refused, "whether %s may stand in a site file", key)
		if refused {
			jvmOnly++
		}
		p := alluxio.FromMap(map[string]string{
			"a.ours": "${" + key + "}", "a.theirs": value,
			"alluxio.master.hostname": "m", "alluxio.worker.hostname": "w", "alluxio.worker.ramdisk.size": "1GB",
		})
		if _, given := p.Get(key); given {
			continue // no default that this package could know
		}
		ours, _, err := p.Resolve("a.ours")
		if err != nil {
			continue // not one of those that this package knows a default of
		}
		theirs, _, err := p.Resolve("a.theirs")
		require.NoError(t, err)
		assert.Equal(t, theirs, ours, "the default of %s", key)
	}
	assert.Equal(t, 9, jvmOnly)
}

// checkScript runs the distribution's own bin/alluxio, also through a link.
func checkScript(t *testing.T, java alluxio.Java, home alluxio.Home) {
	t.Helper()
	link := filepath.Join(t.TempDir(), "alluxio")
	require.NoError(t, os.Symlink(filepath.Join(home.Dir, "bin", "alluxio"), link))
	for args, want := range map[string]string{
		"version": home.Version.String() + "\n", "getConf alluxio.home": home.Dir + "\n", "help": "Usage: alluxio COMMAND",
	} {
		command := exec.CommandContext(t.Context(), link, strings.Fields(args)...)
		command.Env = []string{"PATH=/usr/bin:/bin", "JAVA_HOME=" + java.Home, "ALLUXIO_LOGS_DIR=" + t.TempDir()}
		output, err := command.Output()
		require.NoError(t, err, args)
		assert.True(t, strings.HasPrefix(string(output), want), "%s printed %q", args, output)
	}
	client := exec.CommandContext(t.Context(), link, "getConf", "alluxio.home")
	client.Env = []string{"PATH=/usr/bin:/bin", "JAVA_HOME=" + java.Home, "ALLUXIO_LOGS_DIR=" + t.TempDir(), "ALLUXIO_CONF_DIR=" + t.TempDir()}
	output, err := client.CombinedOutput()
	require.NoError(t, err)
	assert.Equal(t, home.Dir+"\n", string(output), "a conf folder without log4j.properties is nothing to complain of")
	err = exec.CommandContext(t.Context(), link, "no-such-command").Run()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 2, exit.ExitCode())
}
