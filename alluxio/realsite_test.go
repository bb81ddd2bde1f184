package alluxio_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// site is a deployment on loopback: its properties, its folders, and what runs.
type site struct {
	t     *testing.T
	props alluxio.Properties
	run   alluxio.Run
	ports map[string]string // property: number
}

func newSite(t *testing.T, home alluxio.Home, java alluxio.Java, journal string) *site {
	t.Helper()
	dir := t.TempDir()
	s := &site{t: t, ports: map[string]string{}, run: alluxio.Run{
		Home: home, Java: java, ConfDir: filepath.Join(dir, "conf"), LogsDir: filepath.Join(dir, "logs"), Console: true,
		JVMOptions: []string{"-Xmx256m", "-XX:MaxDirectMemorySize=128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"},
	}}
	s.props = alluxio.FromMap(map[string]string{
		"alluxio.master.hostname":                                "127.0.0.1",
		"alluxio.worker.hostname":                                "127.0.0.1",
		"alluxio.job.worker.hostname":                            "127.0.0.1",
		"alluxio.work.dir":                                       filepath.Join(dir, "work"),
		"alluxio.master.journal.type":                            journal,
		"alluxio.worker.ramdisk.size":                            "128MB",
		"alluxio.worker.tieredstore.level0.dirs.path":            filepath.Join(dir, "ram"),
		"alluxio.web.ui.enabled":                                 "false",
		"alluxio.master.update.check.enabled":                    "false",
		"alluxio.master.worker.connect.wait.time":                "0",
		"alluxio.master.journal.tailer.shutdown.quiet.wait.time": "0",
		"alluxio.master.embedded.journal.election.timeout.min":   "1s",
		"alluxio.master.embedded.journal.election.timeout.max":   "2s",
	})
	for _, folder := range []string{"conf", "logs", "work/underFSStorage", "ram"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, folder), 0o755))
	}
	s.choosePorts()
	log4j, err := os.ReadFile(home.Log4j)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(s.run.ConfDir, "log4j.properties"), log4j, 0o600))
	s.write()
	return s
}

// choosePorts gives every process free ports. All are held until all are known, so that none comes twice.
func (s *site) choosePorts() {
	for _, process := range []alluxio.Process{alluxio.Master, alluxio.Worker, alluxio.JobMaster, alluxio.JobWorker, alluxio.Proxy} {
		for _, port := range alluxio.Ports(process, s.run.Home.Version, s.props) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(s.t, err)
			defer func() { require.NoError(s.t, listener.Close()) }()
			_, number, err := net.SplitHostPort(listener.Addr().String())
			require.NoError(s.t, err)
			s.ports[port.Property] = number
			s.props.Set(port.Property, number)
		}
	}
	s.props.Set("alluxio.master.embedded.journal.addresses", "127.0.0.1:"+s.ports["alluxio.master.embedded.journal.port"])
	s.props.Set("alluxio.job.master.embedded.journal.addresses", "127.0.0.1:"+s.ports["alluxio.job.master.embedded.journal.port"])
	if s.ports["alluxio.master.embedded.journal.port"] == "" {
		s.props.Delete("alluxio.master.embedded.journal.addresses")
		s.props.Delete("alluxio.job.master.embedded.journal.addresses")
	}
}

func (s *site) write() {
	require.NoError(s.t, alluxio.CheckSite(s.props, s.run.Home.Version))
	require.NoError(s.t, os.WriteFile(filepath.Join(s.run.ConfDir, "alluxio-site.properties"), s.props.Bytes(), 0o600))
}

func (s *site) format() {
	for _, process := range []alluxio.Process{alluxio.Master, alluxio.Worker} {
		argv, err := alluxio.FormatCommand(process, s.run)
		require.NoError(s.t, err)
		s.output(argv)
	}
}

// output runs a command to its end.
func (s *site) output(argv []string) string {
	command := exec.CommandContext(s.t.Context(), argv[0], argv[1:]...)
	command.Env = []string{"PATH=/usr/bin:/bin"}
	output, err := command.Output()
	require.NoError(s.t, err, "%s: %s", argv, output)
	return string(output)
}

// writeAndRead writes a file with the shell and reads it back, as a client that has only ClientProperties.
func (s *site) writeAndRead() {
	client := s.run
	client.ConfDir = s.t.TempDir()
	client.Console = false
	props := alluxio.ClientProperties([]string{"127.0.0.1:" + s.ports["alluxio.master.rpc.port"]}, false)
	require.NoError(s.t, os.WriteFile(filepath.Join(client.ConfDir, "alluxio-site.properties"), props.Bytes(), 0o600))
	log4j, err := os.ReadFile(s.run.Home.Log4j)
	require.NoError(s.t, err)
	require.NoError(s.t, os.WriteFile(filepath.Join(client.ConfDir, "log4j.properties"), log4j, 0o600))

	content := strings.Repeat("all of it\n", 10000)
	file := filepath.Join(s.t.TempDir(), "file")
	require.NoError(s.t, os.WriteFile(file, []byte(content), 0o600))
	said := s.output(alluxio.ShellCommand(client, "copyFromLocal", file, "/file"))
	assert.Equal(s.t, fmt.Sprintf("Copied file://%s to /file\n", file), said)
	assert.Equal(s.t, content, s.output(alluxio.ShellCommand(client, "cat", "/file")), "read back other bytes")

	work, _, err := s.props.Resolve("alluxio.master.mount.table.root.ufs")
	require.NoError(s.t, err)
	through, err := os.ReadFile(filepath.Join(work, "file"))
	require.NoError(s.t, err, "CACHE_THROUGH did not write through")
	assert.Equal(s.t, content, string(through))
}
