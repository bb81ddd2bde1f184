package host

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// tries counts what failed in a row, and says whether and when to try again.
type tries struct {
	policy RetryPolicy
	failed int
	// next, if set, is told how long the next attempt is waited for, before that.
	next func(wait time.Duration)
}

// again waits for the time of the next attempt after err. It returns an error, with err in
// it, where there is none. Won says that err came after something was won.
func (t *tries) again(ctx context.Context, err error, won bool) error {
	t.count(won)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var given *givenUp
	if plugins.KindOf(err) == plugins.Permanent || errors.As(err, &given) {
		return err
	}
	if t.failed >= t.policy.Attempts {
		return &givenUp{fmt.Errorf("gave up after %d attempts: %w", t.failed, err)}
	}
	asked := askedToWait(err)
	wait := max(t.pause(), asked)
	if asked > t.policy.MaxRetryAfter {
		return &givenUp{fmt.Errorf("gave up, since the source asks to wait for %s: %w", asked, err)}
	}
	t.tell(wait)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

func (t *tries) tell(wait time.Duration) {
	if t.next != nil {
		t.next(wait)
	}
}

// count notes a failure.
func (t *tries) count(won bool) {
	if won {
		t.failed = 0
	}
	t.failed++
}

// pause doubles with each failure, and varies by a fifth so that many executors do not
// come back to a source at the same moment.
func (t *tries) pause() time.Duration {
	wait := t.policy.MaxWait
	if doublings := t.failed - 1; doublings < 30 {
		wait = min(wait, t.policy.Wait<<doublings)
	}
	return time.Duration(float64(wait) * (0.8 + 0.4*rand.Float64()))
}

// givenUp is an error after which enough was tried for now, though a later call may go
// well. It keeps tries within tries from multiplying.
type givenUp struct{ error }

func (g *givenUp) Unwrap() error { return g.error }

func askedToWait(err error) time.Duration {
	var e *plugins.Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}
