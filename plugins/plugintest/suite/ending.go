package suite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// maxStderr is what a plugin may write in a whole run of the suite. A host logs a hundred
// lines at once and ten in a second of what a plugin writes.
const maxStderr = 1 << 20

// endChecks judge how the plugin ends, and what it left.
func (v *verifier) endChecks() []Check {
	return []Check{
		{"memory", v.memory},
		{"shutdown", v.shutdown},
		{"SIGTERM", v.sigterm},
		{"stdout", v.stdout},
		{"stderr", v.stderr},
		{"nothing left behind", v.leftovers},
	}
}

// memory is told, and not judged.
func (v *verifier) memory(ctx context.Context) error {
	p, err := v.subject.process(ctx)
	if err != nil {
		return err
	}
	now := memory(p.cmd.Process.Pid)
	v.subject.peak = max(v.subject.peak, now.peak)
	return Note("%d MB idle, %d MB at most", now.now>>10, v.subject.peak>>10)
}

// shutdown ends the process as a host does: Shutdown, go-plugin's own, and patience.
func (v *verifier) shutdown(ctx context.Context) error {
	p, err := v.subject.process(ctx)
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := p.shutdown(ctx, v.Kind); err != nil && !errors.Is(err, plugins.ErrDisconnected) {
		return err
	}
	asked, cancel := context.WithTimeout(ctx, endTime)
	defer cancel()
	askErr := p.askToEnd(asked)
	if !p.waitExit(endTime) {
		if askErr != nil && strings.Contains(askErr.Error(), "Unimplemented") {
			return fmt.Errorf("it does not end by itself within %s after Shutdown; end after it, or serve plugin.GRPCController/Shutdown", endTime)
		}
		return fmt.Errorf("it does not end within %s after it was asked to, and would be killed", endTime)
	}
	if dir := filepath.Dir(p.handshake.address); p.handshake.network == "unix" && dir != p.dir && !strings.HasPrefix(dir, p.dir+"/") {
		return fmt.Errorf("its socket was %s: it belongs into TMPDIR, which the host removes", p.handshake.address)
	}
	return Note("after %d ms", time.Since(begun).Milliseconds())
}

func (v *verifier) sigterm(ctx context.Context) error {
	p, err := v.subject.startNew(ctx)
	if err != nil {
		return err
	}
	defer p.end()
	_ = syscall.Kill(p.cmd.Process.Pid, syscall.SIGTERM)
	if !p.waitExit(endTime) {
		return fmt.Errorf("it did not end within %s", endTime)
	}
	return nil
}

// processes are all that ran under the subject, ended now.
func (v *verifier) processes() []*process {
	v.subject.close()
	return v.subject.ended
}

func (v *verifier) stdout(context.Context) error {
	for _, p := range v.processes() {
		if n, begin := p.stdout.surplus(); n > 0 {
			return fmt.Errorf("%d bytes came on stdout after the first line, which is all that belongs there: %q", n, begin)
		}
	}
	return nil
}

func (v *verifier) stderr(context.Context) error {
	total := int64(0)
	for _, p := range v.processes() {
		total += p.stderr.size()
		if p.stderr.size() > maxStderr {
			return fmt.Errorf("%d MB came on stderr; a host drops most of that, and it slows fetches down%s", p.stderr.size()>>20, p.stderr)
		}
	}
	return Note("%d bytes", total)
}

// floods tells early of a plugin that writes without end: it would go on for long.
func (v *verifier) floods() bool {
	p := v.subject.current
	return p != nil && p.stderr.size() > maxStderr
}

func (v *verifier) leftovers(context.Context) error {
	for _, p := range v.processes() {
		if left := processesOf(p.cmd.Process.Pid, p.dir); len(left) > 0 {
			return fmt.Errorf("processes of it still run: %v", left)
		}
	}
	return nil
}
