package suite

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// process is a plugin that was started here, by hand and not through plugins/host, so
// that each step of it can be judged by itself.
type process struct {
	cmd    *exec.Cmd
	dir    string // its working folder and TMPDIR
	stdout *firstLine
	stderr *lastLines
	exited chan struct{}
	talked chan struct{} // closed when its streams over gRPC have ended; nil: there are none

	handshake handshake
	conn      *grpc.ClientConn
	host      identity
	took      time.Duration // from the start to the handshake
	stall     time.Duration
}

// stages of a start; startError names the one that failed.
const (
	stageStart     = "starts in time"
	stageHandshake = "handshake"
	stageContract  = "contract version"
	stageTLS       = "mutual TLS"
	stageHealth    = "health"
)

type startError struct {
	stage string
	cause error
}

func (e *startError) Error() string { return e.cause.Error() }
func (e *startError) Unwrap() error { return e.cause }

// launch says how a process is started.
type launch struct {
	path    string
	parent  string // where its private folder is made
	config  map[string]string
	version int // the only contract that this host speaks
	limit   time.Duration
	stall   time.Duration
}

// start starts the plugin and does the handshake. The process is to be ended by the
// caller, also with an error, if it is not nil.
func start(ctx context.Context, l launch) (*process, error) {
	dir, err := os.MkdirTemp(l.parent, "run-")
	if err != nil {
		return nil, err
	}
	host, err := newIdentity(time.Now())
	if err != nil {
		return nil, err
	}
	p := &process{dir: dir, host: host, stdout: newFirstLine(), stderr: &lastLines{}, stall: l.stall, exited: make(chan struct{})}
	p.cmd = exec.Command(l.path)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, p.stdout, p.stderr
	p.cmd.Env = environ(dir, host.certificate, l)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.cmd.WaitDelay = time.Second // a child that was left behind may hold its streams
	begun := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, &startError{stageStart, fmt.Errorf("cannot run it: %w", err)}
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // how it ended is in ProcessState
	}()
	err = p.greet(ctx, l)
	p.took = time.Since(begun)
	return p, err
}

func environ(dir, certificate string, l launch) []string {
	cookie := plugins.Handshake()
	env := []string{
		"PATH=" + os.Getenv("PATH"), "TMPDIR=" + dir,
		cookie.MagicCookieKey + "=" + cookie.MagicCookieValue,
		fmt.Sprintf("PLUGIN_PROTOCOL_VERSIONS=%d", l.version),
		"PLUGIN_MIN_PORT=10000", "PLUGIN_MAX_PORT=25000",
		"PLUGIN_CLIENT_CERT=" + certificate,
	}
	for name := range strings.SplitSeq(l.config["env"], ",") {
		if value, found := os.LookupEnv(strings.TrimSpace(name)); found {
			env = append(env, strings.TrimSpace(name)+"="+value)
		}
	}
	return env
}

// greet reads the first line, and connects as it says.
func (p *process) greet(ctx context.Context, l launch) error {
	timer := time.NewTimer(l.limit)
	defer timer.Stop()
	select {
	case <-p.stdout.seen:
	case <-p.exited:
		select {
		case <-p.stdout.seen: // both at once
		default:
			return &startError{stageStart, fmt.Errorf("it ended (%s) without a word on how to reach it%s", p.cmd.ProcessState, p.stderr)}
		}
	case <-timer.C:
		return &startError{stageStart, fmt.Errorf("it did not say within %s how to reach it: a plugin prints one line "+
			"(CORE|CONTRACT|unix|PATH|grpc|CERTIFICATE) and flushes%s", l.limit, p.stderr)}
	case <-ctx.Done():
		return &startError{stageStart, context.Cause(ctx)}
	}
	var err error
	if p.handshake, err = parseHandshake(p.stdout.line()); err != nil {
		return &startError{stageHandshake, err}
	}
	if p.handshake.contract != l.version {
		return &startError{stageContract, fmt.Errorf("it was made for contract %d, and this host speaks contract %d; "+
			"build it against the newest plugins package, or follow proto/", p.handshake.contract, l.version)}
	}
	return p.connect(ctx)
}

func (p *process) connect(ctx context.Context) error {
	config, err := p.tlsConfig(true)
	if err != nil {
		return &startError{stageTLS, err}
	}
	target := "unix:" + p.handshake.address
	if p.handshake.network == "tcp" {
		target = "passthrough:///" + p.handshake.address
	}
	if p.conn, err = grpc.NewClient(target, grpc.WithTransportCredentials(credentials.NewTLS(config))); err != nil {
		return &startError{stageTLS, err}
	}
	p.talked = make(chan struct{})
	go func() {
		defer close(p.talked)
		p.listen()
	}()
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	answer, err := grpc_health_v1.NewHealthClient(p.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: "plugin"})
	switch {
	case err != nil && strings.Contains(err.Error(), "Unimplemented"):
		return &startError{stageHealth, errors.New(`it serves no gRPC health service (grpc.health.v1.Health), which must say SERVING for "plugin"`)}
	case err != nil:
		return &startError{stageTLS, fmt.Errorf("cannot connect to it with mutual TLS and a P-256 certificate: %w%s", err, p.stderr)}
	case answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING:
		return &startError{stageHealth, fmt.Errorf(`its health service says %s for "plugin", not SERVING`, answer.GetStatus())}
	}
	return nil
}

// tlsConfig trusts what the handshake names, and nothing else.
func (p *process) tlsConfig(mutual bool) (*tls.Config, error) {
	if p.handshake.certificate == "" {
		return nil, errors.New("it offers no certificate: the sixth field of its first line is to be its own, DER in base64 without padding")
	}
	der, err := base64.RawStdEncoding.DecodeString(p.handshake.certificate)
	if err != nil {
		return nil, fmt.Errorf("cannot read the certificate in its first line (DER in base64, without padding): %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("cannot read the certificate in its first line: %w", err)
	}
	config := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "localhost", MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}}
	config.RootCAs.AddCert(certificate)
	if mutual {
		config.Certificates = []tls.Certificate{p.host.pair}
	}
	return config, nil
}

func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// signal reaches the whole group, which is the plugin's own.
func (p *process) signal(s syscall.Signal) {
	if p.cmd.Process != nil && p.cmd.Process.Pid > 1 {
		_ = syscall.Kill(-p.cmd.Process.Pid, s)
	}
}

func (p *process) waitExit(limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.exited:
		return true
	case <-timer.C:
		return false
	}
}

// askToEnd is what a host does once Shutdown has been answered.
func (p *process) askToEnd(ctx context.Context) error {
	return p.conn.Invoke(ctx, "/plugin.GRPCController/Shutdown", &emptypb.Empty{}, &emptypb.Empty{})
}

// end leaves nothing of the process.
func (p *process) end() {
	if p.conn != nil {
		_ = p.conn.Close()
		<-p.talked
	}
	p.signal(syscall.SIGKILL)
	p.waitExit(callTime)
	_ = os.RemoveAll(p.dir)
}

// fate says how the process ended, for errors that come from losing it.
func (p *process) fate() string {
	if !p.waitExit(endTime) {
		return "it closed its connection" + p.stderr.String()
	}
	return fmt.Sprintf("it ended (%s)%s", p.cmd.ProcessState, p.stderr)
}

// handshake is the first line of a plugin on stdout, as go-plugin has it.
type handshake struct {
	contract         int
	network, address string
	certificate      string
}

func parseHandshake(line string) (handshake, error) {
	fields := strings.Split(strings.TrimSpace(line), "|")
	if len(fields) < 6 {
		return handshake{}, fmt.Errorf("its first line on stdout is %.100q, which is no handshake "+
			"(1|CONTRACT|unix|PATH|grpc|CERTIFICATE): nothing else may be printed before it", line)
	}
	h := handshake{network: fields[2], address: fields[3], certificate: fields[5]}
	if fields[0] != "1" {
		return h, fmt.Errorf("its first line begins with %q; this is go-plugin's core protocol, 1", fields[0])
	}
	if _, err := fmt.Sscan(fields[1], &h.contract); err != nil {
		return h, fmt.Errorf("the contract in its first line is %q, no number", fields[1])
	}
	if h.network != "unix" && h.network != "tcp" {
		return h, fmt.Errorf("the network in its first line is %q, neither unix nor tcp", h.network)
	}
	if fields[4] != "grpc" {
		return h, fmt.Errorf("the protocol in its first line is %q, not grpc", fields[4])
	}
	if h.network == "unix" && !filepath.IsAbs(h.address) {
		return h, fmt.Errorf("the socket in its first line is %q, no absolute path", h.address)
	}
	return h, nil
}
