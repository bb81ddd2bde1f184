package supervise

import (
	"fmt"
	"os"
	"syscall"
)

// Exit is how a process ended.
type Exit struct {
	// Code is the exit code, -1 if a signal ended it.
	Code   int
	Signal syscall.Signal
	// Asked says that Stop was called before the end.
	Asked bool
	// Forced says that SIGTERM was not enough.
	Forced bool
	// OOM says that the kernel killed a process of our memory cgroup meanwhile.
	OOM bool
	// Cause is why it was stopped, if it did not serve in time.
	Cause string
}

func exitOf(state *os.ProcessState) Exit {
	exit := Exit{Code: -1}
	if state == nil {
		return exit
	}
	exit.Code = state.ExitCode()
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		exit.Signal = status.Signal()
	}
	return exit
}

// OK says that the process ended by itself with exit code 0.
func (e Exit) OK() bool { return e.Code == 0 && e.Signal == 0 && e.Cause == "" }

// String words the end for a person: "was killed by SIGKILL (...)".
func (e Exit) String() string {
	switch {
	case e.Cause != "":
		return e.Cause
	case e.OOM && (e.Signal == syscall.SIGKILL || e.Code == 128+int(syscall.SIGKILL)):
		return "was killed by the kernel: the memory limit of the container was reached; give the task more memory, or the JVM less"
	case e.Signal == syscall.SIGKILL && !e.Forced:
		return "was killed by SIGKILL from outside (kill -9, or the machine ran out of memory)"
	case e.Signal != 0:
		return fmt.Sprintf("was ended by signal %d (%s)", int(e.Signal), e.Signal)
	case e.Code == 128+int(syscall.SIGKILL):
		return "ended with exit code 137 (as after kill -9, or out of memory)"
	}
	return fmt.Sprintf("ended with exit code %d", e.Code)
}
