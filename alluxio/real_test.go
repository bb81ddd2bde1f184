package alluxio_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	gopsnet "github.com/shirou/gopsutil/v3/net"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// servingLimit is how long one JVM may take to serve on a busy machine.
const servingLimit = 3 * time.Minute

// TestRealAlluxio runs the processes of the tarball that `make alluxio` builds with the command lines, ports and probes
// of this package, and holds its tables against the tarball's own.
func TestRealAlluxio(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts JVMs")
	}
	java := findJava(t)
	home := unpackHome(t)
	require.NoError(t, alluxio.CheckJava(home.Version, java))

	t.Run("facts", func(t *testing.T) {
		t.Parallel()
		checkFacts(t, java, home)
	})
	t.Run("all processes", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, home, java, "UFS")
		s.format()
		for _, process := range []alluxio.Process{alluxio.Master, alluxio.Worker, alluxio.JobMaster, alluxio.JobWorker, alluxio.Proxy} {
			s.start(process)
		}
		s.writeAndRead()
	})
	t.Run("embedded journal", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, home, java, "EMBEDDED")
		s.format()
		s.start(alluxio.Master)
		s.start(alluxio.JobMaster)
	})
}

// unpackHome unpacks the built tarball.
func unpackHome(t *testing.T) alluxio.Home {
	t.Helper()
	tarballs, err := filepath.Glob("../build/alluxio-*-bin.tar.gz")
	require.NoError(t, err)
	if len(tarballs) != 1 {
		needed(t, "want one Alluxio to test with, have %q: run make alluxio", tarballs)
	}
	dir := t.TempDir()
	output, err := exec.CommandContext(t.Context(), "tar", "-xzf", tarballs[0], "-C", dir).CombinedOutput()
	require.NoError(t, err, "%s", output)
	tops, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, tops, 1)
	dir = filepath.Join(dir, tops[0].Name())
	home, err := alluxio.InspectHome(os.DirFS(dir), dir)
	require.NoError(t, err)
	require.Equal(t, "alluxio-"+home.Version.String(), tops[0].Name())
	require.False(t, home.WebUI)
	return home
}

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
		"alluxio.master.hostname":                                   "127.0.0.1",
		"alluxio.worker.hostname":                                   "127.0.0.1",
		"alluxio.job.worker.hostname":                               "127.0.0.1",
		"alluxio.work.dir":                                          filepath.Join(dir, "work"),
		"alluxio.master.journal.type":                               journal,
		"alluxio.worker.ramdisk.size":                               "128MB",
		"alluxio.worker.tieredstore.level0.dirs.path":               filepath.Join(dir, "ram"),
		"alluxio.web.ui.enabled":                                    "false",
		"alluxio.master.update.check.enabled":                       "false",
		"alluxio.master.worker.connect.wait.time":                   "0",
		"alluxio.master.journal.tailer.shutdown.quiet.wait.time":    "0",
		"alluxio.master.embedded.journal.min.election.timeout":      "1s",
		"alluxio.master.embedded.journal.max.election.timeout":      "2s",
		"alluxio.security.authorization.permission.enabled":         "false",
		"alluxio.master.embedded.journal.transport.request.timeout": "5s",
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

// start starts a process, waits until its probe says that it serves, and wants it to listen on just the ports that
// this package knows of. The process ends with the test.
func (s *site) start(process alluxio.Process) {
	argv, err := alluxio.Command(process, s.run)
	require.NoError(s.t, err)
	var output bytes.Buffer
	command := exec.Command(argv[0], argv[1:]...)
	command.Env = []string{"PATH=/usr/bin:/bin"}
	command.Stdout, command.Stderr = &output, &output
	begin := time.Now()
	require.NoError(s.t, command.Start())
	exited := make(chan error, 1)
	go func() { exited <- command.Wait() }()
	s.t.Cleanup(func() {
		if err := command.Process.Signal(syscall.SIGTERM); err == nil {
			<-exited
		}
		for _, word := range []string{"NoClassDefFoundError", "ClassNotFoundException", "InaccessibleObjectException", "log4j:"} {
			assert.NotContains(s.t, output.String(), word, process)
		}
		if s.t.Failed() {
			s.t.Logf("%s said: %s", process, output.String())
		}
	})

	ctx, cancel := context.WithTimeout(s.t.Context(), servingLimit)
	defer cancel()
	probe := alluxio.ReadinessProbe(process, s.run.Home.Version, false)
	for !s.serves(ctx, process, probe) {
		select {
		case err := <-exited:
			exited <- err
			s.t.Fatalf("%s ended: %v", process, err)
		case <-ctx.Done():
			s.t.Fatalf("%s does not serve", process)
		case <-time.After(50 * time.Millisecond):
		}
	}
	s.t.Logf("%s serves after %v", process, time.Since(begin).Round(time.Millisecond))
	s.checkPorts(process, command.Process.Pid)
}

func (s *site) serves(ctx context.Context, process alluxio.Process, probe alluxio.Probe) bool {
	ports := alluxio.Ports(process, s.run.Home.Version, s.props)
	i := slices.IndexFunc(ports, func(p alluxio.Port) bool { return p.Name == probe.PortName })
	require.GreaterOrEqual(s.t, i, 0)
	address := "127.0.0.1:" + s.ports[ports[i].Property]
	if probe.TCP {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return false
		}
		return connection.Close() == nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+probe.Path, nil)
	require.NoError(s.t, err)
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		return false
	}
	require.NoError(s.t, response.Body.Close())
	return response.StatusCode == http.StatusOK
}

func (s *site) checkPorts(process alluxio.Process, pid int) {
	var want, have []string
	for _, port := range alluxio.Ports(process, s.run.Home.Version, s.props) {
		want = append(want, s.ports[port.Property])
	}
	connections, err := gopsnet.ConnectionsPid("tcp", int32(pid))
	require.NoError(s.t, err)
	for _, connection := range connections {
		if connection.Status == "LISTEN" {
			have = append(have, strconv.Itoa(int(connection.Laddr.Port)))
		}
	}
	assert.ElementsMatch(s.t, want, have, "%s listens on other ports", process)
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
		var p alluxio.Properties
		p.Set("a.raw", "${"+key+"}")
		if strings.Contains(value, "${") {
			for _, folder := range []string{"alluxio.home", "alluxio.master.hostname", "alluxio.worker.hostname", "alluxio.worker.ramdisk.size"} {
				p.Set(folder, "X")
			}
			p.Set("a.value", value)
		} else {
			p.Set("a.value", value)
		}
		ours, _, err := p.Resolve("a.raw")
		if err != nil {
			continue // not one of those that this package knows a default of
		}
		theirs, _, err := p.Resolve("a.value")
		require.NoError(t, err)
		assert.Equal(t, theirs, ours, "the default of %s", key)
	}
	assert.Equal(t, 9, jvmOnly)
}
