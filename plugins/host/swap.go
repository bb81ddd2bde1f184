package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// Swapped is what became of one plugin of a Swap.
type Swapped struct {
	Kind, Name string
	// From is the sha256 of what served before, empty if none ran or was shipped. To is that
	// of what serves now: where Err is set, mostly the same.
	From, To string
	Version  string // that the one which serves now says of itself; empty: it was not asked
	Err      error  // why the newer one did not take over
}

// Swap puts newer executables in the place of older ones: each is fetched into the node
// cache, started, checked (contract, Info, its name and schemes, Init with its
// configuration), and only then takes its slot; what the older process does it does to its
// end, new calls go to the newer. Where anything of that fails, the older one stays, and
// Err says why. The answer is in the order asked.
//
// A newer one whose processes then end in the middle of calls again and again, before one
// call went well, gives way to the older once more (Config.Notice tells).
func (h *Host) Swap(ctx context.Context, newer []Plugin) []Swapped {
	answers := make([]Swapped, len(newer))
	var all sync.WaitGroup
	for i, p := range newer {
		all.Go(func() { answers[i] = h.swapOne(ctx, p) })
	}
	all.Wait()
	return answers
}

func (h *Host) swapOne(ctx context.Context, newer Plugin) Swapped {
	answer := Swapped{Kind: newer.Kind, Name: newer.Name}
	err := newer.validate()
	if err == nil {
		err = h.swap(ctx, newer, &answer)
	}
	if err != nil {
		answer.Err = fmt.Errorf("cannot swap plugin %s: %w", newer.id(), err)
	}
	return answer
}

func (h *Host) swap(ctx context.Context, newer Plugin, answer *Swapped) error {
	ctx, end, err := h.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	s := h.slot(newer.id())
	if err := s.swapping.take(ctx); err != nil {
		return err
	}
	defer s.swapping.give()
	if h.before(s, newer, answer) {
		return nil
	}
	exe, err := h.findShipped(ctx, newer)
	if err != nil {
		return err
	}
	p, err := h.startChecked(ctx, s, exe)
	if err != nil {
		return err
	}
	return h.takeOver(ctx, s, p, answer)
}

// before fills in what served before, and tells whether that is the newer one already.
func (h *Host) before(s *slot, newer Plugin, answer *Swapped) (same bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	shipped := h.shipped[newer.id()]
	answer.From = s.sha256
	if s.sha256 == "" {
		answer.From = strings.ToLower(shipped.SHA256)
	}
	answer.To = answer.From
	same = strings.EqualFold(shipped.SHA256, newer.SHA256) && strings.EqualFold(answer.From, newer.SHA256) &&
		maps.Equal(shipped.Config, newer.Config)
	if same {
		answer.Version = s.known.Version
	}
	return same
}

// startChecked starts a process of what is to replace another, once, and checks that it can.
func (h *Host) startChecked(ctx context.Context, s *slot, exe executable) (*process, error) {
	h.mu.Lock()
	known := s.known
	h.mu.Unlock()
	p, err := h.startSound(ctx, exe)
	if err != nil {
		return nil, err
	}
	if err := h.canReplace(p, known); err != nil {
		p.requestStop()
		return nil, plugins.AsPermanent(fmt.Errorf("cannot use %s: %w", exe.path, err))
	}
	return p, nil
}

// canReplace holds what a newer plugin says of itself against what the older said, if that
// is known, and against what it is to be used for.
func (h *Host) canReplace(p *process, known plugins.Info) error {
	if name := p.info.Name; name != "" && name != p.exe.name && name != known.Name {
		return fmt.Errorf("it is the %s %q, not %q", p.exe.kind, name, p.exe.name)
	}
	if p.exe.kind != plugins.KindFetcher || len(p.info.Schemes) == 0 {
		return nil
	}
	serves := strings.Join(p.info.Schemes, ", ")
	for _, scheme := range known.Schemes {
		// One that nobody would ask it for may go again: else there were no way back from a plugin that serves more.
		if name, err := h.fetcherOf(scheme); err != nil || name != p.exe.name {
			continue
		}
		if !slices.Contains(p.info.Schemes, scheme) {
			return fmt.Errorf("it serves %s sources and no longer %s", serves, scheme)
		}
	}
	var wanted []string
	for scheme, name := range h.cfg.Fetchers {
		if name == p.exe.name {
			wanted = append(wanted, scheme)
		}
	}
	slices.Sort(wanted)
	if len(wanted) > 0 && !slices.ContainsFunc(wanted, func(s string) bool { return slices.Contains(p.info.Schemes, s) }) {
		return fmt.Errorf("it serves %s sources, and it is to serve %s", serves, strings.Join(wanted, ", "))
	}
	return nil
}

// takeOver gives the slot to a checked process. The node's own file keeps its place.
func (h *Host) takeOver(ctx context.Context, s *slot, p *process, answer *Swapped) error {
	if err := s.starting.take(ctx); err != nil {
		p.requestStop()
		return err
	}
	defer s.starting.give()
	own, isOwn, ownErr := h.findOwn(p.exe.kind, p.exe.name)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		p.requestStop()
		return errClosed
	}
	older := h.olderThan(s, p)
	h.shipped[p.exe.id()] = *p.exe.shipped
	if isOwn || ownErr != nil {
		p.requestStop()
		if isOwn {
			answer.To = own.sha256
		}
		return errors.New("it is sound, but this node has its own one in " + h.cfg.NodePluginDir + ", which is used while it is there")
	}
	h.promote(s, p, older)
	answer.To, answer.Version = p.exe.sha256, p.info.Version
	return nil
}

// olderThan is what a newer process takes the place of: what was started last, or else what
// is shipped; nil if there is neither. The lock is held.
func (h *Host) olderThan(s *slot, p *process) *executable {
	older := s.older()
	if shipped, found := h.shipped[p.exe.id()]; older == nil && found {
		older = &executable{
			kind: shipped.Kind, name: shipped.Name, sha256: strings.ToLower(shipped.SHA256), config: shipped.Config, shipped: &shipped,
		}
	}
	if older == nil || older.sha256 == p.exe.sha256 {
		return nil
	}
	return older
}

// promote installs a process of a newer executable, which is on trial if there is an older
// one. The lock is held.
func (h *Host) promote(s *slot, p *process, older *executable) {
	s.refused, s.trial = nil, nil
	if older != nil {
		s.trial = &trial{older: *older}
	}
	h.install(s, p)
	h.log.Info("plugin swapped", "plugin", p.exe.id(), "version", p.info.Version, "sha256", p.exe.sha256)
}
