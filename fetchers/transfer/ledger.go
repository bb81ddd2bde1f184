package transfer

import (
	"math"
	"slices"
	"time"
)

// endless stands for an end that is not known yet.
const endless = math.MaxInt64

// span is a stretch of the file that one connection brings.
type span struct {
	at, end int64     // the next byte to come, and where the stretch ends
	since   time.Time // when it was handed out
	tries   int       // how often it was taken away from a connection that was too slow
}

// ledger knows which bytes are in the file, which are on the way, and which come next.
// It keeps what lies ahead of the first gap within the window. It has no clock and no lock.
type ledger struct {
	next, end     int64 // the first byte that nobody was given, and the end of the file
	piece, window int64
	taken         []*span // on the way
	back          []*span // given back, for whoever is free; in order
}

// begin hands out the first span.
func (l *ledger) begin(from, end int64, now time.Time) *span {
	l.next, l.end = endless, end
	if end != endless {
		l.next = min(from+l.piece, end)
	}
	s := &span{at: from, end: l.next, since: now}
	l.taken = append(l.taken, s)
	return s
}

// claim hands out the lowest piece that is free; nil where none is, or where it lies
// beyond the window.
func (l *ledger) claim(now time.Time) *span {
	var s *span
	switch {
	case len(l.back) > 0:
		s = l.back[0]
		l.back = l.back[1:]
	case l.next < l.end && min(l.next+l.piece, l.end) <= l.whole()+l.window:
		s = &span{at: l.next}
		l.next = min(l.next+l.piece, l.end)
		s.end = l.next
	default:
		return nil
	}
	s.since = now
	l.taken = append(l.taken, s)
	return s
}

// extend makes a span longer by the piece behind it, if that is free and within the window.
func (l *ledger) extend(s *span, now time.Time) bool {
	if l.next == s.end && l.next < l.end && min(l.next+l.piece, l.end) <= l.whole()+l.window {
		l.next = min(l.next+l.piece, l.end)
		s.end, s.since, s.tries = l.next, now, 0
		return true
	}
	i := slices.IndexFunc(l.back, func(b *span) bool { return b.at == s.end })
	if i < 0 {
		return false
	}
	s.end, s.since, s.tries = l.back[i].end, now, 0
	l.back = slices.Delete(l.back, i, i+1)
	return true
}

// release takes a span out of the hands of a connection. What is missing of it waits for another.
func (l *ledger) release(s *span) {
	l.taken = slices.DeleteFunc(l.taken, func(t *span) bool { return t == s })
	if s.at < s.end {
		l.back = append(l.back, s)
		slices.SortFunc(l.back, func(a, b *span) int { return int(a.at - b.at) })
	}
}

// ends notes the size that was not known before.
func (l *ledger) ends(at int64, s *span) { l.next, l.end, s.end = at, at, at }

// whole is up to where the file has no gap.
func (l *ledger) whole() int64 {
	n := l.next
	if head := l.head(); head != nil {
		n = min(n, head.at)
	}
	if len(l.back) > 0 {
		n = min(n, l.back[0].at)
	}
	return n
}

// head is the span on the way that lies lowest.
func (l *ledger) head() *span {
	var head *span
	for _, s := range l.taken {
		if s.at < s.end && (head == nil || s.at < head.at) {
			head = s
		}
	}
	return head
}

// left is how many bytes nobody was given yet.
func (l *ledger) left() int64 { return l.end - l.next }

func (l *ledger) done() bool { return l.whole() == l.end }
