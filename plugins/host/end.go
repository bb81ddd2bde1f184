package host

import (
	"context"
	"os/exec"
	"syscall"
	"time"

	"github.com/hashicorp/go-plugin"
)

// end brings the process to its end, in order if it is ready to hear of it, by force
// after StopTimeout, and removes what is left. It returns when nothing is left.
func (p *process) end(client *plugin.Client, ready bool) {
	defer p.kill() // frees the context
	if ready && p.alive() {
		p.shutdown()
	}
	if !ready {
		p.kill()
	}
	// Kill waits for ever for a process that is stopped (SIGSTOP): it asks it to end, and
	// only then kills.
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		client.Kill()
	}()
	if !within(ended, p.timeouts.StopTimeout) {
		p.log.Warn("plugin does not end; killing it")
		p.kill()
		if !within(ended, exitTime) {
			p.log.Error("plugin cannot be killed; it is left behind")
		}
	}
	_ = killGroup(p.cmd) // none is left, mostly
	if err := p.temp.Remove(); err != nil {
		p.log.Warn("cannot remove the plugin's temporary folder", "error", err)
	}
}

func (p *process) shutdown() {
	ctx, cancel := context.WithTimeout(context.Background(), p.timeouts.StopTimeout)
	defer cancel()
	var err error
	if p.fetcher != nil {
		err = p.fetcher.Shutdown(ctx)
	} else {
		err = p.ramdisk.Shutdown(ctx)
	}
	if err != nil && p.alive() {
		p.log.Warn("plugin cannot shut down in order", "error", err)
	}
}

// killGroup ends the command with all that it started. While one of a group is alive the
// kernel gives the group's number to nobody else; right after the end of all of them it
// has no reason to.
func killGroup(cmd *exec.Cmd) error {
	if cmd.Process == nil || cmd.Process.Pid <= 1 {
		return nil
	}
	return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}

func within(done <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
