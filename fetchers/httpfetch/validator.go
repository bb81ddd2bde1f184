package httpfetch

import (
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
