package httpfetch

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func FuzzContentRange(f *testing.F) {
	for _, s := range []string{"bytes 5-9/10", "bytes 5-9/*", "bytes */10", "bytes 9-5/10", "bytes 0-9223372036854775807/*", "bytes -5-9/10", "bytes +5-9/10"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		first, last, total, ok := contentRange(s)
		if ok && (first < 0 || last < first || last+1 < last || (total != 0 && last >= total) || total < 0) {
			t.Errorf("%q gave %d-%d/%d", s, first, last, total)
		}
		if size, ok := unsatisfied(s); ok && size < 0 {
			t.Errorf("%q gave the size %d", s, size)
		}
	})
}

func FuzzNetrc(f *testing.F) {
	f.Add("machine h login a password b", "h")
	f.Add("machine h\n\tlogin \"a b\\\"c\"\n# x\nmacdef m\nmachine h login no\n\nmachine h password p", "h")
	f.Add("default login a password b\nmachine h", "h")
	f.Fuzz(func(t *testing.T, text, host string) {
		user, password, found := netrc(text, host)
		if !found && user+password != "" {
			t.Errorf("credentials of nobody: %q", text)
		}
		if found && !strings.Contains(text, "machine") {
			t.Errorf("%q names no machine", text)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
	f.Add("7")
	f.Add("Mon, 03 Feb 2020 04:05:06 GMT")
	f.Fuzz(func(t *testing.T, s string) {
		if wait := retryAfter(http.Header{"Retry-After": {s}}, now); wait < 0 || wait > 24*time.Hour {
			t.Errorf("%q gave %v", s, wait)
		}
	})
}

func FuzzValidator(f *testing.F) {
	f.Add(`"v1"`, "", "", int64(7))
	f.Add(`W/"v1"`, "Mon, 03 Feb 2020 04:05:06 GMT", "Mon, 03 Feb 2020 04:05:08 GMT", int64(7))
	f.Fuzz(func(t *testing.T, etag, modified, date string, total int64) {
		h := http.Header{"Etag": {etag}, "Last-Modified": {modified}, "Date": {date}}
		if v := validatorOf(h, total); v != "" && ifRange(v) == "" {
			t.Errorf("%q cannot be asked with again", v)
		}
	})
}
