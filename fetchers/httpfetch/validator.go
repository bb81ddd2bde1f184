package httpfetch

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// validatorOf is what proves later that the bytes are still the same: a strong ETag, or
// else the date of the last change together with the size. A weak ETag proves nothing
// about bytes, and a date of less than a second before the answer is weak, too: the
// file may change again within that second (RFC 9110, 8.8).
func validatorOf(h http.Header, total int64) string {
	if etag := h.Get("ETag"); isETag(etag) {
		return etag
	}
	modified, err := http.ParseTime(h.Get("Last-Modified"))
	if err != nil || total <= 0 {
		return ""
	}
	if date, err := http.ParseTime(h.Get("Date")); err != nil || date.Sub(modified) < time.Second {
		return ""
	}
	return h.Get("Last-Modified") + "/" + strconv.FormatInt(total, 10)
}

func isETag(s string) bool {
	return len(s) >= 2 && strings.HasPrefix(s, `"`) && strings.HasSuffix(s, `"`)
}

// ifRange is the header's value for a validator, or empty for one that is not ours.
func ifRange(validator string) string {
	if isETag(validator) {
		return validator
	}
	date, _, found := strings.Cut(validator, "/")
	if _, err := http.ParseTime(date); !found || err != nil {
		return ""
	}
	return date
}

// contentRange reads "bytes FIRST-LAST/TOTAL"; total is 0 where it says "*".
func contentRange(s string) (first, last, total int64, ok bool) {
	s, ok = strings.CutPrefix(s, "bytes ")
	span, size, slash := strings.Cut(s, "/")
	from, to, dash := strings.Cut(span, "-")
	if !ok || !slash || !dash {
		return 0, 0, 0, false
	}
	total = 0
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

// position reads a number of bytes, less than what one more would overflow.
func position(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && n < math.MaxInt64
}

// unsatisfied reads the size from the "bytes */TOTAL" of a 416.
func unsatisfied(s string) (total int64, ok bool) {
	size, ok := strings.CutPrefix(s, "bytes */")
	total, valid := position(size)
	return total, ok && valid
}
