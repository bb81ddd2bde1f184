// Package s3server starts a real S3 server for tests: versitygw over a temporary folder, on loopback, built as a tool by
// "make build/tools/versitygw-VERSION" (and by "make test" and "make bench"). It has users, buckets, versions, bucket
// policies and https, checks signatures, and ends with its test. Faults that it cannot make come from Faults, a proxy
// before it.
//
// Only tests import it. Where the server is not built a test is skipped with the reason; with CI set it fails.
package s3server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/internal/freeports"
	"github.com/alluxio-mesos/alluxio-mesos/test/repo"
)

const (
	// AccessKey and SecretKey are those of the server's root user.
	AccessKey = "AKIATESTROOT"
	SecretKey = "test-root-secret-do-not-show"

	startLimit = 20 * time.Second
	stopLimit  = 5 * time.Second
)

// Options of a server. The zero value is plain HTTP in us-east-1.
type Options struct {
	Region string
	// TLS serves https, with a certificate of the server's own authority (Server.CAFile).
	TLS bool
	// Domain answers virtual-host style requests, BUCKET.Domain, besides path style.
	Domain string
	// Versions lets buckets keep versions (Server.Versioned).
	Versions bool
}

// Server is a running server. Its methods fail the test where they cannot do their work.
type Server struct {
	// URL is http(s)://127.0.0.1:PORT.
	URL string
	// CAFile holds the certificate to trust; empty without TLS.
	CAFile string
	Region string

	t       testing.TB
	binary  string
	args    []string
	dir     string
	stop    func()
	running bool
	once    sync.Once
}

// Start starts a server, and ends it with the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	binary := Binary(t)
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	s := &Server{t: t, binary: binary, Region: o.Region, dir: t.TempDir()}
	for _, name := range []string{"data", "iam", "versions"} {
		require.NoError(t, os.Mkdir(filepath.Join(s.dir, name), 0o700))
	}
	ports, err := freeports.Find(1, nil, nil)
	require.NoError(t, err)
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
	s.URL = "http://" + address
	s.args = []string{"--port", address, "--region", o.Region, "--iam-dir", filepath.Join(s.dir, "iam"),
		"--iam-cache-disable", "--quiet", "--keep-alive", "--health", "/health"}
	if o.TLS {
		s.secure(o.Domain)
	}
	if o.Domain != "" {
		s.args = append(s.args, "--virtual-domain", o.Domain)
	}
	s.args = append(s.args, "posix")
	if o.Versions {
		s.args = append(s.args, "--versioning-dir", filepath.Join(s.dir, "versions"))
	}
	s.args = append(s.args, filepath.Join(s.dir, "data"))
	s.Resume()
	t.Cleanup(s.Stop)
	return s
}

// Binary is the built server.
func Binary(t testing.TB) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(repo.Root(t), "build", "tools", "versitygw-v*"))
	require.NoError(t, err)
	if len(found) > 0 {
		return found[len(found)-1]
	}
	const why = "there is no S3 server in build/tools; \"make test\" builds it"
	if os.Getenv("CI") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
	return ""
}

// Resume starts a stopped server again, with the same address and all it held.
func (s *Server) Resume() {
	s.t.Helper()
	if s.running {
		return
	}
	var said bytes.Buffer
	cmd := exec.Command(s.binary, s.args...)
	// Not as arguments, which everybody on this machine can read.
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "ROOT_ACCESS_KEY_ID=" + AccessKey, "ROOT_SECRET_ACCESS_KEY=" + SecretKey}
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	ended, err := start(cmd)
	require.NoError(s.t, err)
	s.running = true
	s.stop = func() { end(cmd, ended) }
	if err := s.ready(ended); err != nil {
		s.Stop() // its output is complete then
		require.FailNow(s.t, "the S3 server does not come up", "%v\n%s", err, said.String())
	}
}

// start starts the command from a thread that lives as long as the process, since
// Pdeathsig is sent when that thread ends.
func start(cmd *exec.Cmd) (ended <-chan struct{}, err error) {
	started, done := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(done)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	return done, <-started
}

func end(cmd *exec.Cmd, ended <-chan struct{}) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(stopLimit):
		_ = cmd.Process.Kill()
		<-ended
	}
}

func (s *Server) ready(ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	client := s.httpClient()
	defer client.CloseIdleConnections()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/health", nil)
		if err != nil {
			return err
		}
		if response, err := client.Do(request); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ended:
			return errors.New("it ended")
		case <-ctx.Done():
			return fmt.Errorf("it does not answer within %v", startLimit)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop ends the server; what it holds stays until the test ends.
func (s *Server) Stop() {
	if s.running {
		s.running = false
		s.stop()
	}
}
