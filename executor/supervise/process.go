package supervise

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// State is where a process stands.
//
//	      Start
//	        |
//	    Starting ------ probe answers ------> Serving
//	     |    |                                |   |
//	     |   Stop, or not serving in time    Stop  |
//	     |    |                                |   |
//	     |    +-----------> Stopping <---------+   |
//	it ends                    |                it ends
//	     |                  it ends                |
//	     +------------------> Ended <--------------+
//
// Only Process.to changes it. Ended is final.
type State string

// The states of a process.
const (
	Starting State = "starting"
	Serving  State = "serving"
	Stopping State = "stopping"
	Ended    State = "ended"
)

// hardStop bounds the wait after SIGKILL: a process in an uninterruptible system call
// (a dead NFS server) does not end then either.
const hardStop = 10 * time.Second

// Process is one child process with everything that belongs to it. Its methods are safe
// for concurrent use.
type Process struct {
	cfg  Config
	cmd  *exec.Cmd
	out  *output
	ooms int64

	mu      sync.Mutex
	state   State
	reaping bool
	exit    Exit

	serving chan struct{} // closed with Serving
	ended   chan struct{} // closed with Ended, when no goroutine and no process is left
}

// Start starts a process. It ends by itself or by Stop, and with this process at the
// latest; Done tells.
func (l *Launcher) Start(cfg Config) (*Process, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("cannot start: %w", err)
	}
	cfg = cfg.withDefaults()
	out := &output{redact: cfg.Redact, tail: newRing(cfg.TailLines)}
	if cfg.Log != "" {
		log, err := openRotated(cfg.Log, cfg.LogBytes, cfg.LogFiles)
		if err != nil {
			return nil, fmt.Errorf("cannot start %s: %w", cfg.Name, err)
		}
		out.log = log
	}
	p := &Process{
		cfg: cfg, out: out, cmd: command(cfg, out), ooms: oomKills(os.DirFS("/")),
		state: Starting, serving: make(chan struct{}), ended: make(chan struct{}),
	}
	if err := l.start(p.cmd); err != nil {
		p.closeLog()
		return nil, fmt.Errorf("cannot start %s: %w", cfg.Name, err)
	}
	cfg.Logger.Info("process started", "process", cfg.Name, "pid", p.PID())
	go p.watch()
	return p, nil
}

func command(cfg Config, out *output) *exec.Cmd {
	cmd := &exec.Cmd{Path: cfg.Argv[0], Args: cfg.Argv, Dir: cfg.Dir, Env: cfg.Env, Stdout: out, Stderr: out}
	if cmd.Env == nil {
		cmd.Env = []string{} // nil would mean ours
	}
	// A grandchild that left the process group may hold the pipe open.
	cmd.WaitDelay = 2 * time.Second
	return cmd
}

// PID of the process, which is also its process group.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Serving is closed once the process answered, and never if it ends before.
func (p *Process) Serving() <-chan struct{} { return p.serving }

// Done is closed when the process, its group and all goroutines that watched it are gone.
func (p *Process) Done() <-chan struct{} { return p.ended }

// State as it is now.
func (p *Process) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// Exit tells how it ended; it means something after Done only.
func (p *Process) Exit() Exit {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.exit
}

// Tail returns the last lines that the process wrote.
func (p *Process) Tail() []string { return p.out.tail.all() }

// Stop asks the process group to end (SIGTERM), and kills it (SIGKILL) once grace or ctx
// is over. It returns when the process is gone, or with an error if even that failed.
// It may be called again, with less patience.
func (p *Process) Stop(ctx context.Context, grace time.Duration) error {
	p.markStopping()
	p.signal(syscall.SIGTERM)
	patience := time.NewTimer(grace)
	defer patience.Stop()
	select {
	case <-p.ended:
		return nil
	case <-patience.C:
	case <-ctx.Done():
	}
	return p.Kill()
}

// Kill ends the process group at once.
func (p *Process) Kill() error {
	p.markStopping()
	p.signal(syscall.SIGKILL)
	limit := time.NewTimer(hardStop)
	defer limit.Stop()
	select {
	case <-p.ended:
		return nil
	case <-limit.C:
		return fmt.Errorf("cannot end %s: process %d is still there %s after SIGKILL", p.cfg.Name, p.PID(), hardStop)
	}
}

// signal reaches the group as long as its leader is not reaped: until then the kernel
// gives its number to nobody else.
func (p *Process) signal(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaping {
		return
	}
	if sig == syscall.SIGKILL {
		p.exit.Forced = true
	}
	_ = syscall.Kill(-p.PID(), sig)
}

func (p *Process) markStopping() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == Ended || p.reaping {
		return
	}
	p.exit.Asked = true
	p.to(Stopping)
}

// to is the one place that changes the state; p.mu is held.
func (p *Process) to(next State) {
	if p.state == next || p.state == Ended {
		return
	}
	p.cfg.Logger.Debug("process state", "process", p.cfg.Name, "from", string(p.state), "to", string(next))
	p.state = next
	switch next {
	case Serving:
		close(p.serving)
	case Ended:
		close(p.ended)
	}
}

// watch owns the process until it is gone.
func (p *Process) watch() {
	ctx, cancel := context.WithCancel(context.Background())
	probed := make(chan struct{})
	go func() { defer close(probed); p.awaitServing(ctx) }()
	p.awaitEnd()
	cancel()
	<-probed
	p.finish()
}

// awaitEnd leaves the dead leader unreaped while it kills what is left of its group.
func (p *Process) awaitEnd() {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, p.PID(), &info, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	p.mu.Lock()
	p.reaping = true
	_ = syscall.Kill(-p.PID(), syscall.SIGKILL)
	p.mu.Unlock()
	_ = p.cmd.Wait() // its error only repeats the exit state
}

func (p *Process) finish() {
	p.out.flush()
	p.closeLog()
	exit := exitOf(p.cmd.ProcessState)
	p.mu.Lock()
	defer p.mu.Unlock()
	exit.Asked, exit.Forced, exit.Cause = p.exit.Asked, p.exit.Forced, p.exit.Cause
	exit.OOM = oomKills(os.DirFS("/")) > p.ooms
	p.exit = exit
	p.cfg.Logger.Info("process ended", "process", p.cfg.Name, "pid", p.PID(), "exit", exit.String())
	p.to(Ended)
}

func (p *Process) closeLog() {
	if p.out.log != nil {
		p.out.log.close()
	}
}
