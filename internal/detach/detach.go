// Package detach starts a program in the background, in a session of its own, and
// hears from it over a pipe whether it came up. So whoever started it can say why it
// did not, in the program's own words and not as an exit status.
package detach

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// Env names the variable that tells the child the descriptor of the pipe.
const Env = "ALLUXIO_MESOS_READY_FD"

// Command is what to run.
type Command struct {
	Path string
	Args []string
	Env  []string
	// Input is what the program reads from its stdin: a few bytes at most.
	Input string
	// Log takes the program's stdout and stderr.
	Log *os.File
}

// Child is a program in the background.
type Child struct {
	cmd    *exec.Cmd
	pipe   *os.File
	exited chan struct{}
	err    error
}

// Failure is why the program did not come up, as it said itself, with its own exit code.
type Failure struct {
	Text string
	Code int
}

func (f *Failure) Error() string { return f.Text }

type word struct {
	Ready string `json:"ready,omitempty"`
	Error string `json:"error,omitempty"`
}

// Start runs the program. Wait must be called, or the caller must end before it.
func Start(command Command) (*Child, error) {
	pipe, far, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("cannot make a pipe: %w", err)
	}
	defer far.Close()
	cmd := exec.Command(command.Path, command.Args...)
	cmd.Stdin = strings.NewReader(command.Input)
	cmd.Stdout, cmd.Stderr = command.Log, command.Log
	cmd.ExtraFiles = []*os.File{far} // becomes descriptor 3
	cmd.Env = append(command.Env, Env+"=3")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		pipe.Close()
		return nil, fmt.Errorf("cannot start %s: %w", command.Path, err)
	}
	c := &Child{cmd: cmd, pipe: pipe, exited: make(chan struct{})}
	go func() {
		defer close(c.exited)
		c.err = cmd.Wait()
	}()
	return c, nil
}

// PID of the program.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Ready waits until the program says that it is up and returns what it said, or until
// it ends (a *Failure) or ctx does. Afterwards the program cannot say more.
func (c *Child) Ready(ctx context.Context) (string, error) {
	stop := context.AfterFunc(ctx, func() { c.pipe.Close() })
	defer stop()
	defer c.pipe.Close()
	var said word
	data, err := io.ReadAll(c.pipe)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err == nil && json.Unmarshal(data, &said) == nil && said.Ready != "" {
		return said.Ready, nil
	}
	select {
	case <-c.exited:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if said.Error == "" {
		said.Error = "it ended without a word: " + c.cmd.ProcessState.String()
	}
	return "", &Failure{Text: said.Error, Code: c.cmd.ProcessState.ExitCode()}
}

// Wait until the program has ended.
func (c *Child) Wait() error {
	<-c.exited
	return c.err
}

// Signal the program. One that has ended is no error.
func (c *Child) Signal(s os.Signal) error {
	if err := c.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// Herald is the child's end of the pipe. The nil Herald, that of a program that was
// not started by Start, says nothing.
type Herald struct{ pipe *os.File }

// NewHerald finds the pipe. The descriptor is kept from further children.
func NewHerald(getenv func(string) string) *Herald {
	fd, err := strconv.Atoi(getenv(Env))
	if err != nil || fd < 3 {
		return nil
	}
	syscall.CloseOnExec(fd)
	return &Herald{pipe: os.NewFile(uintptr(fd), "ready pipe")}
}

// Ready says that the program is up. Only the first word counts.
func (h *Herald) Ready(text string) { h.say(word{Ready: text}) }

// Failed says why it is not.
func (h *Herald) Failed(err error) { h.say(word{Error: err.Error()}) }

func (h *Herald) say(w word) {
	if h == nil || h.pipe == nil {
		return
	}
	// If nobody listens any more, there is nobody to tell either.
	_ = json.NewEncoder(h.pipe).Encode(w)
	_ = h.pipe.Close()
	h.pipe = nil
}
