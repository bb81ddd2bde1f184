package suite

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"syscall"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

const (
	callTime  = 10 * time.Second // that any short call may take
	mountTime = 5 * time.Second  // that a call of a ramdisk may take
	endTime   = 3 * time.Second  // that a plugin may take to end, as plugins/host has it
)

// subject is the executable that is tried, and the process of it that serves now. One that
// has died is started again, as a host does.
type subject struct {
	launch
	kind string

	mu      sync.Mutex
	current *process
	ended   []*process // for what all of them wrote
	peak    int        // memory of any, in KB
}

// process gives a live process that has had its Init.
func (s *subject) process(ctx context.Context) (*process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil && s.current.alive() {
		return s.current, nil
	}
	s.retire()
	p, err := s.startNew(ctx)
	if err != nil {
		return nil, err
	}
	s.current = p
	return p, nil
}

// startNew starts one more process, and gives it its configuration.
func (s *subject) startNew(ctx context.Context) (*process, error) {
	p, err := start(ctx, s.launch)
	if err == nil {
		err = p.init(ctx, s.kind, s.config)
	}
	if err != nil {
		if p != nil {
			p.end()
		}
		return nil, err
	}
	return p, nil
}

// hostKeys of a configuration are for the host, which does not hand them on.
func hostKeys() []string { return []string{"env", "landlock", "landlock.write"} }

// init is a plugin's Init, whichever kind it is.
func (p *process) init(ctx context.Context, kind string, config map[string]string) error {
	config = maps.Clone(config)
	for _, key := range hostKeys() {
		delete(config, key)
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	if kind == plugins.KindRamdisk {
		return plugins.NewRamdiskClient(p.conn).Init(ctx, config)
	}
	return plugins.NewFetcherClient(p.conn).Init(ctx, config)
}

func (p *process) info(ctx context.Context, kind string) (plugins.Info, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	if kind == plugins.KindRamdisk {
		return plugins.NewRamdiskClient(p.conn).Info(ctx)
	}
	return plugins.NewFetcherClient(p.conn).Info(ctx)
}

func (p *process) shutdown(ctx context.Context, kind string) error {
	// A deadline would be told to the plugin, whose gRPC could end the call a moment earlier, for another reason.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer time.AfterFunc(endTime, func() { cancel(fmt.Errorf("Shutdown did not return within %s", endTime)) }).Stop()
	if kind == plugins.KindRamdisk {
		return plugins.NewRamdiskClient(p.conn).Shutdown(ctx)
	}
	return plugins.NewFetcherClient(p.conn).Shutdown(ctx)
}

// retire ends the process that serves, if there is one. Under the lock.
func (s *subject) retire() {
	if p := s.current; p != nil {
		s.peak = max(s.peak, memory(p.cmd.Process.Pid).peak)
		p.end()
		s.ended = append(s.ended, p)
		s.current = nil
	}
}

func (s *subject) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retire()
}

// watched is the subject as a Fetcher whose errors say what became of the process, and
// whose fetches cannot hang.
type watched struct{ s *subject }

func (w watched) Info(ctx context.Context) (info plugins.Info, err error) {
	p, err := w.s.process(ctx)
	if err != nil {
		return info, err
	}
	return p.info(ctx, w.s.kind)
}

func (w watched) Init(context.Context, map[string]string) error { return nil }
func (w watched) Shutdown(context.Context) error                { return nil }

func (w watched) Fetch(ctx context.Context, request plugins.FetchRequest, progress func(plugins.Progress)) (plugins.FetchResult, error) {
	p, err := w.s.process(ctx)
	if err != nil {
		return plugins.FetchResult{}, err
	}
	return p.fetch(ctx, request, progress)
}

var errStalled = errors.New("the fetch stands still")

// fetch is a Fetch that is broken off where it stands still.
func (p *process) fetch(ctx context.Context, request plugins.FetchRequest, progress func(plugins.Progress)) (plugins.FetchResult, error) {
	fetchCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(p.stall, func() { cancel(errStalled) })
	defer watchdog.Stop()
	result, err := plugins.NewFetcherClient(p.conn).Fetch(fetchCtx, request, func(at plugins.Progress) {
		watchdog.Reset(p.stall)
		progress(at)
	})
	switch {
	case errors.Is(err, plugins.ErrDisconnected):
		err = fmt.Errorf("lost the plugin in the middle of a fetch: %s%w", p.fate(), silent{err})
	case errors.Is(err, errStalled):
		err = fmt.Errorf("no progress came for %s, nor did the fetch end%w", p.stall, silent{err})
		if _, infoErr := p.info(ctx, plugins.KindFetcher); infoErr != nil {
			p.signal(syscall.SIGKILL) // frozen: nothing else would free it
			p.waitExit(endTime)       // so that the next call gets another process
		}
	}
	return result, err
}

// silent keeps an error in the chain without its text.
type silent struct{ error }

func (silent) Error() string   { return "" }
func (s silent) Unwrap() error { return s.error }

// ramdiskOf is the subject as a Ramdisk.
func ramdiskOf(s *subject, p *process) plugins.Ramdisk {
	return bounded{plugins.NewRamdiskClient(p.conn), s}
}

// errHung is in the chain of an error of a call that did not return.
var errHung = silent{errors.New("it hangs")}

// bounded bounds the calls of a ramdisk.
type bounded struct {
	plugins.Ramdisk
	s *subject
}

func (b bounded) Init(context.Context, map[string]string) error { return nil }
func (b bounded) Shutdown(context.Context) error                { return nil }

func (b bounded) Mount(ctx context.Context, r plugins.MountRequest) (plugins.MountResult, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, mountTime, fmt.Errorf("Mount did not return within %s%w", mountTime, errHung))
	defer cancel()
	return b.Ramdisk.Mount(ctx, r)
}

func (b bounded) Unmount(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, mountTime, fmt.Errorf("Unmount did not return within %s%w", mountTime, errHung))
	defer cancel()
	return b.Ramdisk.Unmount(ctx, path)
}

func (b bounded) List(ctx context.Context) ([]plugins.Disk, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, mountTime, fmt.Errorf("List did not return within %s%w", mountTime, errHung))
	defer cancel()
	return b.Ramdisk.List(ctx)
}
