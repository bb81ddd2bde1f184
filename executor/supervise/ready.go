package supervise

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// awaitServing asks until the process answers, ctx ends, or it took too long.
func (p *Process) awaitServing(ctx context.Context) {
	if p.cfg.Ready == nil {
		p.markServing()
		return
	}
	var late <-chan time.Time
	if p.cfg.StartTimeout > 0 {
		timer := time.NewTimer(p.cfg.StartTimeout)
		defer timer.Stop()
		late = timer.C
	}
	var last error
	for pause := p.cfg.ProbeInterval; ; pause = min(pause*3/2, p.cfg.ProbeMax) {
		select {
		case <-ctx.Done():
			return
		case <-late:
			p.tooSlow(ctx, last)
			return
		case <-time.After(pause):
		}
		err := p.ask(ctx)
		if err == nil {
			p.markServing()
			return
		}
		last = err
	}
}

func (p *Process) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.ProbeTimeout)
	defer cancel()
	return p.cfg.Ready(ctx, p.PID())
}

func (p *Process) markServing() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == Starting {
		p.to(Serving)
	}
}

// tooSlow stops a process that did not serve in time. ctx ends with the process.
func (p *Process) tooSlow(ctx context.Context, last error) {
	cause := fmt.Sprintf("did not serve within %s", p.cfg.StartTimeout)
	if last != nil {
		cause += ": " + last.Error()
	}
	p.mu.Lock()
	slow := p.state == Starting
	if slow {
		p.exit.Cause = cause
		p.to(Stopping)
	}
	p.mu.Unlock()
	if !slow {
		return // Stop came first
	}
	p.signal(syscall.SIGTERM)
	select {
	case <-ctx.Done():
	case <-time.After(p.cfg.StopGrace):
		p.signal(syscall.SIGKILL)
	}
}
