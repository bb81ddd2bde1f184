package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
)

// slot is the place of one plugin: the process that serves now. One that is retired, as a
// newer executable took its place, serves those who use it to their end and then stops.
type slot struct {
	starting chan struct{} // holds one token: who has it may start a process
	// Under the host's lock:
	current *process
	sha256  string
}

// acquire gives the plugin's process, and starts one if none runs or the one that runs
// is not the newest. The caller releases it.
func (h *Host) acquire(ctx context.Context, kind, name string) (*process, error) {
	s := h.slot(id(kind, name))
	select {
	case s.starting <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-s.starting }()
	exe, err := h.find(ctx, kind, name)
	if err != nil {
		return nil, err
	}
	if p := h.use(s, exe); p != nil {
		return p, nil
	}
	tries := tries{policy: h.cfg.Retry}
	tries.policy.Attempts = startAttempts
	for {
		p, err := h.startSound(ctx, exe)
		if err == nil {
			h.install(s, p)
			return p, nil
		}
		if err := tries.again(ctx, err, false); err != nil {
			return nil, err
		}
	}
}

// startAttempts is few: a plugin that does not start mostly never will, and one that hangs
// takes StartTimeout each time.
const startAttempts = 3

// startSound starts a plugin. One that was damaged in the node cache is fetched anew.
func (h *Host) startSound(ctx context.Context, exe executable) (*process, error) {
	p, err := h.start(ctx, exe)
	if !errors.Is(err, errChecksum) || !exe.cached {
		return p, err
	}
	h.log.Warn("plugin in the cache is damaged; getting it anew", "plugin", exe.id(), "path", exe.path)
	digest, err := source.ParseDigest(exe.sha256)
	if err != nil {
		return nil, err
	}
	if err := h.cache.DropPlugin(digest, fileName(exe.kind, exe.name)); err != nil {
		return nil, err
	}
	if exe, err = h.find(ctx, exe.kind, exe.name); err != nil {
		return nil, err
	}
	return h.start(ctx, exe)
}

func (h *Host) slot(id string) *slot {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, found := h.slots[id]
	if !found {
		s = &slot{starting: make(chan struct{}, 1)}
		h.slots[id] = s
	}
	return s
}

// use takes the running process if it is alive and runs exe.
func (h *Host) use(s *slot, exe executable) *process {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := s.current
	if p == nil || !p.alive() || !p.exe.same(exe) {
		return nil
	}
	p.users++
	return p
}

// install puts a new process into its slot, used by its starter.
func (h *Host) install(s *slot, p *process) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if old := s.current; old != nil {
		old.retired = true
		if old.users == 0 {
			old.requestStop()
		}
	}
	s.current, s.sha256 = p, p.exe.sha256
	p.users++
	if h.closed {
		p.requestStop()
	}
}

func (h *Host) release(p *process) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p.users--
	if p.retired && p.users == 0 {
		p.requestStop()
	}
}

// call makes one short call of a plugin. A plugin that does not answer in time is killed:
// nothing else would free it.
func (h *Host) call(ctx context.Context, p *process, f func(context.Context) error) error {
	limit := h.cfg.CallTimeout
	// A deadline would be told to the plugin, whose gRPC could end the call a moment earlier, and then it would not count
	// as silent.
	callCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer time.AfterFunc(limit, func() { cancel(errSilent) }).Stop()
	err := f(callCtx)
	if err != nil && ctx.Err() == nil && errors.Is(context.Cause(callCtx), errSilent) {
		p.kill()
		within(p.died.Done(), exitTime)
		err = fmt.Errorf("plugin %s did not answer within %s and was killed%s", p.exe.id(), limit.Round(time.Millisecond), p.tail)
	}
	return p.explain(err)
}

var errSilent = errors.New("the plugin does not answer")
