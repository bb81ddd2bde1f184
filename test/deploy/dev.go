package deploy

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// NewDev gives a folder for runs of "alluxio-mesos dev", to find what they leave.
func NewDev(t testing.TB) *Deployment {
	t.Helper()
	dir := tempDir(t)
	d := &Deployment{Name: filepath.Base(dir), Home: filepath.Join(dir, "home"), Dir: dir, t: t}
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "tmp"), 0o777))
	require.NoError(t, os.MkdirAll(d.Home, 0o777))
	t.Cleanup(func() { d.end() })
	return d
}

// DevRun is a running "alluxio-mesos dev".
type DevRun struct {
	Process *os.Process

	d      *Deployment
	cmd    *exec.Cmd
	output *watched
	ended  chan struct{}
}

// Dev starts "alluxio-mesos dev" as the user with that id; 0 is the one who runs the test.
func (d *Deployment) Dev(uid int, args ...string) *DevRun {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	cmd := exec.CommandContext(ctx, Binary(d.t), append([]string{"dev"}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+d.Home, "TMPDIR="+filepath.Join(d.Dir, "tmp"))
	cmd.Dir = d.Home
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if uid != 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
		for _, dir := range []string{d.Dir, d.Home, filepath.Join(d.Dir, "tmp")} {
			require.NoError(d.t, os.Chown(dir, uid, uid))
		}
	}
	r := &DevRun{d: d, cmd: cmd, output: &watched{}, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = r.output, r.output
	// What a killed dev leaves running holds its output open.
	cmd.WaitDelay = time.Second
	require.NoError(d.t, cmd.Start())
	r.Process = cmd.Process
	go func() {
		defer close(r.ended)
		defer cancel()
		_ = cmd.Wait()
	}()
	return r
}

// Says waits until the run has printed a text.
func (r *DevRun) Says(text string) {
	r.d.t.Helper()
	for !strings.Contains(r.output.String(), text) {
		select {
		case <-r.ended:
			require.Contains(r.d.t, r.output.String(), text, "dev has ended")
			return
		case <-time.After(pollInterval / 5):
		}
	}
}

// End waits for the end of the run and returns its exit code; -1 if a signal ended it.
func (r *DevRun) End() int {
	<-r.ended
	return r.cmd.ProcessState.ExitCode()
}

// Output so far.
func (r *DevRun) Output() string { return r.output.String() }

// TempFiles are what the run left in its temporary folder.
func (d *Deployment) TempFiles() []string {
	found, err := filepath.Glob(filepath.Join(d.Dir, "tmp", "*"))
	require.NoError(d.t, err)
	return found
}

// watched is a buffer that is read while it is written. The buffer is not embedded: its
// ReadFrom, which io.Copy would find, takes no lock.
type watched struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}
