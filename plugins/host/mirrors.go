package host

import (
	"context"
	"errors"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// mirror is one of the sources of the same bytes, with the fetcher that serves it.
type mirror struct {
	source  source.Source
	fetcher string
	failed  int   // attempts in a row that won nothing
	last    error // what the last attempt failed with
	dead    bool  // not to be asked again
}

// mirrors are the sources of the same bytes in the operator's order. Each is asked until it
// fails for good, or mirrorAttempts times in a row with nothing won; then it is the turn of
// the next, and after the last of the first again.
type mirrors struct {
	list []*mirror
	at   int
}

const mirrorAttempts = 2

func (m *mirrors) now() *mirror { return m.list[m.at] }

// policy gives each mirror its attempts.
func (m *mirrors) policy(p RetryPolicy) RetryPolicy {
	if len(m.list) > 1 {
		p.Attempts = max(p.Attempts, mirrorAttempts*len(m.list))
	}
	return p
}

// again says what comes after an attempt that failed with err: nil when now is to be asked,
// after a wait unless it was never asked before; else why enough was tried. Won says that
// err came after something was won.
func (m *mirrors) again(ctx context.Context, tries *tries, err error, won bool) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	m.note(err, won, tries.policy)
	if m.now().last == nil {
		tries.count(won)
		tries.tell(0)
		return nil
	}
	return tries.again(ctx, m.all(err), won)
}

// note keeps what the one that was asked failed with, and passes the turn on.
func (m *mirrors) note(err error, won bool, policy RetryPolicy) {
	now := m.now()
	now.last = err
	now.failed++
	if won {
		now.failed = 0
	}
	var given *givenUp
	now.dead = plugins.KindOf(err) == plugins.Permanent || errors.As(err, &given) || askedToWait(err) > policy.MaxRetryAfter
	if !now.dead && now.failed < mirrorAttempts {
		return
	}
	for i := 1; i <= len(m.list); i++ {
		if next := (m.at + i) % len(m.list); !m.list[next].dead {
			m.at, m.list[next].failed = next, 0
			return
		}
	}
}

// all is what all of them failed with, by name; of one alone it is err.
func (m *mirrors) all(err error) error {
	if len(m.list) == 1 {
		return err
	}
	e := &mirrorsError{}
	alive, kind := false, plugins.Permanent
	for _, one := range m.list {
		alive = alive || !one.dead
		if one.last == nil {
			continue
		}
		e.texts = append(e.texts, one.source.String()+": "+one.last.Error())
		e.causes = append(e.causes, one.last)
		if plugins.KindOf(one.last) != plugins.Permanent {
			kind = plugins.Retryable
		}
	}
	err = &plugins.Error{Kind: kind, Err: e, RetryAfter: askedToWait(m.now().last)}
	if !alive && kind != plugins.Permanent {
		return &givenUp{err}
	}
	return err
}

// mirrorsError is what several mirrors failed with.
type mirrorsError struct {
	texts  []string
	causes []error
}

func (e *mirrorsError) Error() string   { return "no mirror had it: " + strings.Join(e.texts, "; ") }
func (e *mirrorsError) Unwrap() []error { return e.causes }
