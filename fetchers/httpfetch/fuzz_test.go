package httpfetch

import (
	"net/http"
	"strings"
	"testing"
)

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
