package supervise

import (
	"errors"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// Launcher starts processes that die with this one, even on kill -9.
//
// PR_SET_PDEATHSIG follows the thread that forked, not the process (prctl(2)), so all
// children are started from one OS thread that lives as long as the Launcher. Between
// fork and exec Go compares getppid with the parent it knew, so a child whose parent
// died before the prctl ends as well.
type Launcher struct {
	calls chan func()
	quit  chan struct{}
	gone  chan struct{}
	once  sync.Once
}

// NewLauncher starts the thread. Close ends it.
func NewLauncher() *Launcher {
	l := &Launcher{calls: make(chan func()), quit: make(chan struct{}), gone: make(chan struct{})}
	go l.serve()
	return l
}

// Close waits for the thread. Call it once all processes have ended.
func (l *Launcher) Close() {
	l.once.Do(func() { close(l.quit) })
	<-l.gone
}

func (l *Launcher) serve() {
	defer close(l.gone)
	runtime.LockOSThread()
	// Unlocked before the end: a goroutine that ends locked takes its thread along.
	defer runtime.UnlockOSThread()
	for {
		select {
		case call := <-l.calls:
			call()
		case <-l.quit:
			return
		}
	}
}

func (l *Launcher) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	result := make(chan error, 1)
	select {
	case l.calls <- func() { result <- cmd.Start() }:
		return <-result
	case <-l.quit:
		return errors.New("everything is ending")
	}
}
