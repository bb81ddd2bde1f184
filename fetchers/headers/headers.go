// Package headers reads and writes what HTTP says of parts of files, and of when to come
// again (RFC 9110, 10.2.3 and 14). What follows from that is the fetchers'.
package headers

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Range is the header's value for the bytes from one up to, exclusive, another; -1: the end.
func Range(from, to int64) string {
	if to < 0 {
		return fmt.Sprintf("bytes=%d-", from)
	}
	return fmt.Sprintf("bytes=%d-%d", from, to-1)
}

// ContentRange reads "bytes FIRST-LAST/TOTAL"; total is 0 where it says "*".
func ContentRange(s string) (first, last, total int64, ok bool) {
	s, ok = strings.CutPrefix(s, "bytes ")
	span, size, slash := strings.Cut(s, "/")
	from, to, dash := strings.Cut(span, "-")
	if !ok || !slash || !dash {
		return 0, 0, 0, false
	}
	if size != "*" {
		if total, ok = position(size); !ok || total == 0 {
			return 0, 0, 0, false
		}
	}
	first, fromOK := position(from)
	last, toOK := position(to)
	ok = fromOK && toOK && first <= last && (total == 0 || last < total)
	return first, last, total, ok
}

// Unsatisfied reads the size from the "bytes */TOTAL" of a 416.
func Unsatisfied(s string) (total int64, ok bool) {
	size, ok := strings.CutPrefix(s, "bytes */")
	total, valid := position(size)
	return total, ok && valid
}

// position reads a number of bytes, less than what one more would overflow.
func position(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && n < math.MaxInt64
}

// RetryAfter reads the header's seconds or date: how long to wait, at most a day; 0: it does not say.
func RetryAfter(s string, now time.Time) time.Duration {
	const most = 24 * 3600 // beyond it a number is no advice but a mistake
	if seconds, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Duration(min(max(seconds, 0), most)) * time.Second
	}
	if at, err := http.ParseTime(s); err == nil {
		return min(max(at.Sub(now), 0), most*time.Second)
	}
	return 0
}
