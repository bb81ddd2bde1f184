package dev

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/internal/procs"
	"github.com/alluxio-mesos/alluxio-mesos/internal/sitefile"
)

// proofSize is more than a packet and no round number.
const proofSize = 3*megabyte + 17

// prove writes a file with Alluxio's own shell, reads it back and compares the bytes.
func (r *running) prove(ctx context.Context) error {
	shell, err := r.shell(ctx)
	if err != nil {
		return err
	}
	sent := make([]byte, proofSize)
	_, _ = rand.Read(sent) // never fails (crypto/rand)
	from, to := filepath.Join(r.client(), "sent"), filepath.Join(r.client(), "received")
	defer func() { _, _ = os.Remove(from), os.Remove(to) }()
	if err := os.WriteFile(from, sent, 0o600); err != nil {
		return fmt.Errorf("cannot make a file to write to Alluxio: %w", err)
	}
	began := time.Now()
	if err := shell.run(ctx, "copyFromLocal", from, "/proof"); err != nil {
		return err
	}
	if err := shell.run(ctx, "copyToLocal", "/proof", to); err != nil {
		return err
	}
	received, err := os.ReadFile(to)
	if err != nil {
		return fmt.Errorf("cannot read what came back from Alluxio: %w", err)
	}
	if !bytes.Equal(sent, received) {
		return fmt.Errorf("Alluxio gave back other bytes than it was given: %d bytes sent, %d received", len(sent), len(received))
	}
	r.say("wrote a file of %d bytes and read the same back in %.1f s", len(sent), time.Since(began).Seconds())
	return nil
}

// shell is Alluxio's own, run with the Java and the distribution that the master runs with.
type shell struct{ with alluxio.Run }

func (r *running) shell(ctx context.Context) (shell, error) {
	jvm, home, err := r.masterJVM()
	if err != nil {
		return shell{}, err
	}
	distribution, err := alluxio.InspectHome(os.DirFS(home), home)
	if err != nil {
		return shell{}, err
	}
	said, err := exec.CommandContext(ctx, jvm.Exe, alluxio.Traceless, "-version").CombinedOutput()
	if err != nil {
		return shell{}, fmt.Errorf("cannot ask %s for its version: %w", jvm.Exe, err)
	}
	java, err := alluxio.ParseJavaVersion(string(said))
	if err != nil {
		return shell{}, err
	}
	java.Home = filepath.Dir(filepath.Dir(jvm.Exe))
	if err := r.writeClientProperties(); err != nil {
		return shell{}, err
	}
	return shell{alluxio.Run{
		Home: distribution, Java: java, ConfDir: r.client(), LogsDir: filepath.Join(r.client(), "logs"),
		JVMOptions: append(strings.Fields(quickStart), alluxio.Traceless),
	}}, nil
}

const homeFlag = "-Dalluxio.home="

// masterJVM finds a JVM of this run and the distribution it runs.
func (r *running) masterJVM() (p procs.Process, home string, err error) {
	all, err := procs.List()
	if err != nil {
		return p, "", err
	}
	for _, p := range all {
		if !r.isJVM(p) {
			continue
		}
		for _, arg := range p.Args {
			if home, ok := strings.CutPrefix(arg, homeFlag); ok {
				return p, home, nil
			}
		}
	}
	return p, "", errors.New("cannot find a JVM of this run")
}

// writeClientProperties writes what "alluxio-mesos endpoints -o properties" prints.
func (r *running) writeClientProperties() error {
	var masters []string
	for _, instance := range r.last.Instances {
		for _, task := range instance.Tasks {
			if task.Serving && alluxio.Process(task.Process) == alluxio.Master {
				masters = append(masters, task.Addresses.RPC)
			}
		}
	}
	text := alluxio.ClientProperties(masters, false).Bytes()
	if err := os.WriteFile(filepath.Join(r.client(), sitefile.Name), text, 0o644); err != nil {
		return fmt.Errorf("cannot write the client's properties: %w", err)
	}
	return nil
}

// run gives the shell a command. The shell is a child in a process group of its own, so
// that a Ctrl-C at the terminal reaches it only through ctx.
func (s shell) run(ctx context.Context, args ...string) error {
	line := alluxio.ShellCommand(s.with, args...)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	err := cmd.Run()
	if ctx.Err() != nil {
		return ErrInterrupted
	}
	if err != nil {
		text, _ := io.ReadAll(io.LimitReader(&output, 4096))
		return fmt.Errorf("cannot run Alluxio's shell (%s): %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(text))
	}
	return nil
}
