package alluxio_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

var update = flag.Bool("update", false, "write the golden files of testdata/argv")

func run(t *testing.T, v string, java int, options ...string) alluxio.Run {
	t.Helper()
	return alluxio.Run{
		Home: alluxio.Home{
			Dir: "/opt/alluxio", Version: version(t, v),
			ServerJar: "/opt/alluxio/assembly/alluxio-server-" + v + ".jar", ClientJar: "/opt/alluxio/assembly/alluxio-client-" + v + ".jar",
		},
		Java: alluxio.Java{Home: "/opt/java", Major: java}, ConfDir: "/conf", LogsDir: "/logs", JVMOptions: options,
	}
}

// TestCommand holds every command line against testdata/argv, one argument a line.
func TestCommand(t *testing.T) {
	t.Parallel()
	console := run(t, "2.9.6", 11, "-Xmx512m", "-XX:MaxDirectMemorySize=64m", "-Da.b=c")
	console.Console = true
	for name, c := range map[string]struct {
		process alluxio.Process
		run     alluxio.Run
	}{
		"2.9-master":         {alluxio.Master, run(t, "2.9.6", 11)},
		"2.9-master-options": {alluxio.Master, console},
		"2.9-master-java17":  {alluxio.Master, run(t, "2.9.6", 17, "-XX:MaxRAMPercentage=50", "-XX:MetaspaceSize=1G")},
		"2.9-job-master":     {alluxio.JobMaster, run(t, "2.9.6", 8)},
		"2.9-worker":         {alluxio.Worker, run(t, "2.9.6", 11)},
		"2.9-worker-options": {alluxio.Worker, console},
		"2.9-job-worker":     {alluxio.JobWorker, run(t, "2.9.6", 11)},
		"2.9-proxy":          {alluxio.Proxy, run(t, "2.9.6", 11)},
		"1.8-master":         {alluxio.Master, run(t, "1.8.2", 8, "-Dalluxio.logger.type=OWN")},
		"1.8-worker":         {alluxio.Worker, run(t, "1.8.2", 8)},
		"1.8-proxy":          {alluxio.Proxy, run(t, "1.8.2", 8)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			argv, err := alluxio.Command(c.process, c.run)
			require.NoError(t, err)
			golden(t, name, argv)
		})
	}
}

func TestOtherCommands(t *testing.T) {
	t.Parallel()
	argv, err := alluxio.FormatCommand(alluxio.Master, run(t, "2.9.6", 17, "-Xmx256m"))
	require.NoError(t, err)
	golden(t, "2.9-format-master", argv)
	argv, err = alluxio.FormatCommand(alluxio.Worker, run(t, "1.8.2", 8))
	require.NoError(t, err)
	golden(t, "1.8-format-worker", argv)
	golden(t, "2.9-shell", alluxio.ShellCommand(run(t, "2.9.6", 11), "ls", "/"))

	serverOnly := run(t, "2.9.6", 11)
	serverOnly.Home.ClientJar = ""
	assert.Contains(t, alluxio.ShellCommand(serverOnly), "/conf/:/opt/alluxio/assembly/alluxio-server-2.9.6.jar")
}

func golden(t *testing.T, name string, argv []string) {
	t.Helper()
	file := filepath.Join("testdata", "argv", name+".txt")
	got := strings.Join(argv, "\n") + "\n"
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func TestCommandProblems(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		process alluxio.Process
		run     alluxio.Run
		problem string
	}{
		{"fuse", run(t, "2.9.6", 11), "cannot start fuse: Alluxio 2.9.6 has no such process"},
		{alluxio.JobMaster, run(t, "1.8.2", 8), "cannot start job-master: Alluxio 1.8.2 has no such process"},
		{alluxio.Master, run(t, "2.9.6", 11, "-Xmx1g", "-Ds3a.secretKey=hunter2", "evil.Main", "-jar"), "cannot start master: " +
			"JVM option -Ds3a.secretKey would show a secret in the process list: set it in the site file\n" +
			"JVM option 3 does not begin with -: join an option and its value with =\n" +
			"JVM option -jar would replace Alluxio's class path: leave it out"},
	} {
		_, err := alluxio.Command(c.process, c.run)
		assert.EqualError(t, err, c.problem)
	}
	_, err := alluxio.FormatCommand(alluxio.Proxy, run(t, "2.9.6", 11))
	assert.EqualError(t, err, "cannot format for proxy: it needs no formatting")
	_, err = alluxio.FormatCommand(alluxio.Master, run(t, "2.9.6", 11, "x"))
	assert.ErrorContains(t, err, "cannot format for master: JVM option 1")
}
