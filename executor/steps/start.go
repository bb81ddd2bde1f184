package steps

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/executor/supervise"
)

// defaultStart is for an order that does not say how long a start may take.
const defaultStart = 5 * time.Minute

// Process says how to run what was prepared and when it serves. The ports are looked at
// once more: fetching may have taken a while.
func Process(ctx context.Context, j *Job) (supervise.Config, error) {
	if err := checkPorts(ctx, j.Order, j.Home.Version); err != nil {
		return supervise.Config{}, &Error{StepStart, err}
	}
	run, err := j.run()
	if err != nil {
		return supervise.Config{}, &Error{StepStart, err}
	}
	argv, err := alluxio.Command(j.Order.Process, run)
	if err != nil {
		return supervise.Config{}, &Error{StepStart, permanent(err)}
	}
	ready, err := readiness(j)
	if err != nil {
		return supervise.Config{}, &Error{StepStart, err}
	}
	timeout := j.Order.StartTimeout
	if timeout <= 0 {
		timeout = defaultStart
	}
	name := string(j.Order.Process)
	return supervise.Config{
		Name: name, Argv: argv, Dir: j.Tools.Logs, Env: j.env(),
		Log:    filepath.Join(j.Tools.Logs, strings.ReplaceAll(name, "-", "_")+".out"),
		Redact: Redactor(j.site), Logger: j.Tools.Logger,
		Ready: ready, StartTimeout: timeout, StopGrace: 10 * time.Second, ProbeMax: 500 * time.Millisecond,
	}, nil
}

// readiness asks as alluxio.ReadinessProbe says. One of several masters serves as the
// leader does, or as a standby does.
func readiness(j *Job) (supervise.Probe, error) {
	probes := []alluxio.Probe{alluxio.ReadinessProbe(j.Order.Process, j.Home.Version, false)}
	if oneOfMany(j) {
		probes = append(probes, alluxio.ReadinessProbe(j.Order.Process, j.Home.Version, true))
	}
	var asked []supervise.Probe
	for _, probe := range probes {
		p, err := ask(j, probe)
		if err != nil {
			return nil, err
		}
		asked = append(asked, p)
	}
	return supervise.AnyReady(asked...), nil
}

func oneOfMany(j *Job) bool {
	switch j.Order.Process {
	case alluxio.Master, alluxio.JobMaster:
		addresses, _ := j.site.Get("alluxio.master.embedded.journal.addresses")
		return strings.Contains(addresses, ",")
	}
	return false
}

func ask(j *Job, probe alluxio.Probe) (supervise.Probe, error) {
	for _, port := range alluxio.Ports(j.Order.Process, j.Home.Version, j.site) {
		if port.Name != probe.PortName {
			continue
		}
		number, err := portNumber(j.site, port)
		if err != nil {
			return nil, err
		}
		host := bindHost(j.site, port)
		if host == "" {
			host = "127.0.0.1"
		}
		if probe.TCP {
			return supervise.TCPReady(host, number), nil
		}
		return supervise.HTTPReady(probeClient(), host, number, probe.Path), nil
	}
	return nil, permanentf("cannot ask %s whether it serves: it has no port %q", j.Order.Process, probe.PortName)
}

// probeClient goes straight to the process: no proxy, no kept connections that would
// outlive it.
func probeClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, Proxy: nil, DialContext: (&net.Dialer{}).DialContext,
	}}
}
