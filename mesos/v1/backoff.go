package v1

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff spaces attempts: the first follows at once, the next after about half a
// second, each then after twice the time, up to max, with jitter so that many
// clients of a restarted master do not come in step.
type backoff struct {
	max     time.Duration
	attempt int
}

const (
	firstBackoff = 500 * time.Millisecond
	// stable is how long a connection must stand for its end to count as a first
	// failure again: a server that accepts and hangs up must not be hammered.
	stable = 5 * time.Second
)

// ended notes for how long a connection stood.
func (b *backoff) ended(stood time.Duration) {
	if stood >= stable {
		b.attempt = 0
	}
}

func (b *backoff) next() time.Duration {
	b.attempt++
	if b.attempt == 1 {
		return time.Duration(rand.Int64N(int64(50 * time.Millisecond)))
	}
	d := b.max
	if shift := b.attempt - 2; shift < 16 {
		d = min(d, firstBackoff<<shift)
	}
	return d/2 + time.Duration(rand.Int64N(int64(d)/2+1))
}

// sleep waits for d and says whether ctx still stands.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
