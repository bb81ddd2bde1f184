package alluxio_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"time"

	gopsnet "github.com/shirou/gopsutil/v3/net"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// servingLimit is how long one JVM may take to serve on a busy machine.
const servingLimit = 3 * time.Minute

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
