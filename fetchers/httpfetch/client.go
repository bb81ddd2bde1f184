package httpfetch

import (
	"fmt"
	"net/http"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

func newClient(c config) *http.Client {
	return &http.Client{CheckRedirect: checkRedirect(c.redirects), Transport: c.Transport()}
}

// checkRedirect limits redirects, keeps https from turning into http, and takes off what
// another host must not learn: the credentials, and in the Referer a signed URL.
func checkRedirect(most int) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		first, last := via[0], via[len(via)-1]
		to := redact.URL(next.URL.String())
		switch {
		case len(via) > most:
			return permanent("more than %d redirects; the next one leads to %s", most, to)
		case next.URL.Scheme != "http" && next.URL.Scheme != "https":
			return permanent("it redirects to %s, which is neither http nor https", to)
		case last.URL.Scheme == "https" && next.URL.Scheme == "http":
			return permanent("it redirects from https to %s, which anyone on the way could change", to)
		}
		next.Header.Del("Referer")
		if !sameServer(next.URL, first.URL) {
			next.Header.Del("Authorization")
		}
		return nil
	}
}

func permanent(format string, args ...any) error {
	return plugins.AsPermanent(fmt.Errorf(format, args...))
}
