package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// errImpatient ends a fetch to which not one byte came in the time that Want.Patience gives.
var errImpatient = errors.New("not one byte came")

// impatient ends ctx when patience is over before the first byte of any attempt is there.
// The caller ends it with the function that it returns.
func (j *job) impatient(ctx context.Context) (context.Context, func()) {
	if j.want.Patience <= 0 {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(j.want.Patience, func() { cancel(errImpatient) })
	j.byteCame = func() { timer.Stop() }
	return ctx, func() {
		timer.Stop()
		cancel(nil)
	}
}

// outOfPatience says what an error comes from that ctx was ended with for that reason: what
// went wrong before. Later it may go well, whatever it was.
func (j *job) outOfPatience(ctx context.Context, err error) error {
	if err == nil || !errors.Is(context.Cause(ctx), errImpatient) {
		return err
	}
	text := fmt.Errorf("not one byte came within %s, and nothing that would answer", j.want.Patience)
	if j.last != nil {
		last := j.last
		if j.mirrors.now().last != nil {
			last = j.mirrors.all(last)
		}
		text = fmt.Errorf("not one byte came within %s; the last attempt: %w", j.want.Patience, last)
	}
	return &plugins.Error{Kind: plugins.Retryable, Err: text}
}
