package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// move is one call of the fetcher: from the byte reached to the end, or to what goes
// wrong. A stream that stands still is broken off, and a plugin that does not even answer
// is killed.
func (t *transfer) move() (plugins.FetchResult, error) {
	from := t.job.mirrors.now()
	p, release, err := t.job.process(t.ctx, from)
	if err != nil {
		return plugins.FetchResult{}, err
	}
	defer release()
	t.served = Served{Source: from.source.String(), Plugin: p.exe.name, Version: p.info.Version, SHA256: p.exe.sha256}
	ctx, cancel := context.WithCancelCause(t.ctx)
	defer cancel(nil)
	stall := t.job.host.cfg.StallTimeout
	watchdog := time.AfterFunc(stall, func() { cancel(errStalled) })
	defer watchdog.Stop()
	m := &moving{transfer: t, cancel: cancel, alive: func() { watchdog.Reset(stall) }}
	m.follow()
	defer func() { m.unfollow() }()
	result, err := p.fetcher.Fetch(ctx, plugins.FetchRequest{
		Source: from.source.URL, File: t.path, Offset: t.offset, Validator: t.validator,
		Artifact: t.job.want.Artifact, Path: t.job.want.Path,
	}, m.report)
	if m.err != nil {
		return plugins.FetchResult{}, m.err
	}
	if err != nil && errors.Is(context.Cause(ctx), errStalled) {
		err = fmt.Errorf("no byte came for %s, after %d bytes", stall, t.offset)
		t.job.host.killIfHung(t.ctx, p)
	}
	return result, p.explain(err)
}

// stallGrace is how long a plugin may take to answer at all, before it is taken for hung.
const stallGrace = 2 * time.Second

var errStalled = errors.New("the transfer stands still")

// killIfHung ends a plugin that does not answer the simplest question.
func (h *Host) killIfHung(ctx context.Context, p *process) {
	ctx, cancel := context.WithTimeout(ctx, stallGrace)
	defer cancel()
	if _, err := p.fetcher.Info(ctx); err != nil {
		h.log.Warn("plugin hangs; killing it", "plugin", p.exe.id())
		p.kill()
		within(p.died.Done(), exitTime)
	}
}

// moving takes the progress of one call.
type moving struct {
	*transfer
	cancel context.CancelCauseFunc
	alive  func()
	moved  bool
	err    error // what the host has against what it was told

	unfollow func() bool
}

// follow ends the call when the pass fails: no use in bytes that cannot be unpacked.
func (m *moving) follow() {
	ctx := m.pass.ctx
	m.unfollow = context.AfterFunc(ctx, func() {
		if cause := context.Cause(ctx); !errors.Is(cause, errAbandoned) {
			m.cancel(cause)
		}
	})
}

// report is called for each message, one after the other. A fetcher that tells less than
// before has begun anew.
func (m *moving) report(at plugins.Progress) {
	if m.err != nil {
		return
	}
	if at.Bytes < m.offset {
		m.unfollow()
		m.err = m.readAnew()
		m.follow()
	}
	if m.err == nil {
		m.err = m.check(at)
	}
	if m.err != nil {
		m.cancel(m.err)
		return
	}
	if at.Total > 0 {
		m.total = at.Total
	}
	if at.Validator != "" {
		m.validator = at.Validator
	}
	if at.Bytes > m.offset {
		m.advance(at.Bytes)
	}
	m.job.progress(Progress{Bytes: m.offset, Total: m.total, Phase: PhaseFetching})
}

func (m *moving) advance(to int64) {
	if !m.moved {
		m.moved = true
		m.pieces++
	}
	m.offset = to
	m.best = max(m.best, to)
	m.alive()
	m.job.byteCame()
	m.note()
	m.pass.growth.set(to, false)
}

// check holds what the plugin claims against the file.
func (m *moving) check(at plugins.Progress) error {
	if at.Bytes < 0 || at.Total < 0 {
		return plugins.AsPermanent(fmt.Errorf("the fetcher reported %d of %d bytes", at.Bytes, at.Total))
	}
	if limit := m.job.host.cfg.Limits.Bytes; limit > 0 && max(at.Bytes, at.Total) > limit {
		return plugins.AsPermanent(fmt.Errorf("it has more than %d bytes, which is the most that an archive may unpack to", limit))
	}
	has, err := m.size()
	if err != nil {
		return err
	}
	if at.Bytes > has {
		return plugins.AsPermanent(fmt.Errorf("the fetcher reported %d bytes, but the file has %d", at.Bytes, has))
	}
	return nil
}

// acquire takes the process of a mirror's fetcher, which must serve the source's scheme.
func (j *job) acquire(ctx context.Context, m *mirror) (*process, func(), error) {
	p, err := j.host.acquire(ctx, plugins.KindFetcher, m.fetcher)
	if err != nil {
		return nil, nil, err
	}
	if schemes := p.info.Schemes; len(schemes) > 0 && !slices.Contains(schemes, m.source.Scheme) {
		j.host.release(p)
		return nil, nil, plugins.AsPermanent(fmt.Errorf("fetcher %q does not serve %q sources but %s; name another with "+
			"alluxio.integration.mesos.fetcher.%s", m.fetcher, m.source.Scheme, strings.Join(schemes, ", "), m.source.Scheme))
	}
	return p, func() { j.host.release(p) }, nil
}
