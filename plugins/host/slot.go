package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// slot is the place of one plugin: the process that serves now. One that is retired, as a
// newer executable took its place or nobody used it for a while, serves those who use it
// to their end and then stops.
type slot struct {
	starting token // who has it may start a process and install it
	swapping token // who has it may make a swap; taken before starting
	// Under the host's lock:
	current *process
	sha256  string       // of what was started last
	serving *executable  // what was started last
	known   plugins.Info // what that said of itself
	trial   *trial       // of what a swap brought, until it did its first call well
	refused *refusal     // what is not to be used
}

// token is held by one at a time.
type token chan struct{}

func newToken() token { return make(token, 1) }

func (t token) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t token) give() { <-t }

// acquire gives the plugin's process, and starts one if none runs or the one that runs
// is not the newest. The caller releases it.
func (h *Host) acquire(ctx context.Context, kind, name string) (*process, error) {
	s := h.slot(id(kind, name))
	if err := s.starting.take(ctx); err != nil {
		return nil, err
	}
	defer s.starting.give()
	exe, err := h.wanted(ctx, kind, name)
	if err != nil {
		return nil, err
	}
	if p := h.use(s, exe); p != nil {
		return p, nil
	}
	if old := h.replacedBy(s, exe); old != nil {
		p, err := h.tryOwn(ctx, s, exe)
		if p != nil || err != nil {
			return p, err
		}
		exe = *old
		if p := h.use(s, exe); p != nil {
			return p, nil
		}
	}
	return h.startUsed(ctx, s, exe)
}

// startUsed starts a process for its first user, who also waits for further attempts.
func (h *Host) startUsed(ctx context.Context, s *slot, exe executable) (*process, error) {
	tries := tries{policy: h.cfg.Retry}
	tries.policy.Attempts = startAttempts
	for {
		p, err := h.startSound(ctx, exe)
		if err == nil {
			h.mu.Lock()
			defer h.mu.Unlock()
			if s.serving != nil && s.serving.sha256 != exe.sha256 {
				s.trial = nil
			}
			p.users++
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
	if exe.path == "" {
		var err error
		if exe, err = h.locate(ctx, exe); err != nil {
			return nil, err
		}
	}
	p, err := h.start(ctx, exe)
	if !errors.Is(err, errChecksum) || exe.shipped == nil {
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
	if exe, err = h.findShipped(ctx, *exe.shipped); err != nil {
		return nil, err
	}
	return h.start(ctx, exe)
}

func (h *Host) slot(id string) *slot {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, found := h.slots[id]
	if !found {
		s = &slot{starting: newToken(), swapping: newToken()}
		h.slots[id] = s
	}
	return s
}

// use takes the running process if it is alive and runs exe.
func (h *Host) use(s *slot, exe executable) *process {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := s.current
	if p == nil || p.retired || !p.alive() || !p.exe.same(exe) {
		return nil
	}
	p.users++
	return p
}

// install puts a new process into its slot. The lock is held.
func (h *Host) install(s *slot, p *process) {
	if old := s.current; old != nil {
		h.retire(old)
	}
	s.current, s.sha256, s.serving, s.known = p, p.exe.sha256, &p.exe, p.info
	if h.closed {
		p.requestStop()
	}
	h.keep(p.exe)
	h.restIfUnused(p)
}

// retire lets a process end once nobody uses it. The lock is held.
func (h *Host) retire(p *process) {
	p.retired = true
	if p.users == 0 {
		p.requestStop()
	}
}

func (h *Host) release(p *process) {
	h.mu.Lock()
	p.users--
	notice := h.judge(p)
	if p.retired && p.users == 0 {
		p.requestStop()
	}
	h.restIfUnused(p)
	h.mu.Unlock()
	if notice != "" {
		h.tell(notice)
	}
}

// restIfUnused ends a process that is not used for IdleTimeout: a plugin that waits takes
// some 20 MB of the executor's memory. The lock is held.
func (h *Host) restIfUnused(p *process) {
	if p.users > 0 || p.retired || h.cfg.IdleTimeout < 0 {
		return
	}
	p.rests++
	rest := p.rests
	time.AfterFunc(h.cfg.IdleTimeout, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if p.users == 0 && p.rests == rest {
			h.retire(p)
		}
	})
}

// ask makes one short call of a plugin. A plugin that does not answer in time is killed:
// nothing else would free it.
func (h *Host) ask(ctx context.Context, p *process, f func(context.Context) error) error {
	limit := h.cfg.CallTimeout
	// A deadline would be told to the plugin, whose gRPC could end the call a moment earlier, and then it would not count
	// as silent.
	callCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer time.AfterFunc(limit, func() { cancel(errSilent) }).Stop()
	err := f(callCtx)
	if err != nil && ctx.Err() == nil && errors.Is(context.Cause(callCtx), errSilent) {
		p.broke.Store(true)
		p.kill()
		within(p.died.Done(), exitTime)
		err = fmt.Errorf("plugin %s did not answer within %s and was killed%s", p.exe.id(), limit.Round(time.Millisecond), p.tail)
	}
	if err == nil {
		return nil
	}
	return p.explain(err)
}

// call is ask for what a plugin is there for; one that does it well is no longer on trial.
func (h *Host) call(ctx context.Context, p *process, f func(context.Context) error) error {
	err := h.ask(ctx, p, f)
	if err == nil {
		p.worked.Store(true)
	}
	return err
}

var errSilent = errors.New("the plugin does not answer")
