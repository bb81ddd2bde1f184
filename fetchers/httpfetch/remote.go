package httpfetch

import (
	"context"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/headers"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/transfer"
)

// remote is the file of one fetch: it opens pieces of it.
type remote struct {
	session *session
	url     *url.URL // without credentials
	login   login
	now     func() time.Time
	// found is where redirects led: further pieces are asked for there, so that they
	// come from the same mirror, without the detour.
	found atomic.Pointer[url.URL]
}

// Open asks for a piece (transfer.Opener).
func (r *remote) Open(ctx context.Context, from, to int64, validator string) (transfer.Piece, error) {
	a := asked{from: from, to: to, validator: validator}
	if ifRange(validator) == "" {
		a = asked{to: -1} // nothing proves that the bytes before still fit
	}
	response, err := r.get(ctx, a)
	if err != nil {
		return transfer.Piece{}, err
	}
	p, err := r.read(response, a)
	if err != nil {
		response.Body.Close()
		return transfer.Piece{}, err
	}
	r.found.Store(response.Request.URL)
	return p, nil
}

// get asks where the file was found last, and where it should be if that has passed, as
// the signature of a URL does.
func (r *remote) get(ctx context.Context, a asked) (*http.Response, error) {
	found := r.found.Load()
	if found == nil {
		return r.ask(ctx, r.url, a)
	}
	response, err := r.ask(ctx, found, a)
	if err != nil || !passed(response.StatusCode) || *found == *r.url {
		return response, err
	}
	response.Body.Close()
	return r.ask(ctx, r.url, a)
}

func passed(code int) bool {
	switch code {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return true
	}
	return false
}

func (r *remote) ask(ctx context.Context, u *url.URL, a asked) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", r.session.agent)
	// As it is: with a compressed transfer neither sizes nor ranges would fit the file.
	request.Header.Set("Accept-Encoding", "identity")
	if sameServer(u, r.url) {
		r.login.sign(request)
	}
	if a.validator != "" && (a.from > 0 || a.to >= 0) {
		request.Header.Set("Range", headers.Range(a.from, a.to))
		request.Header.Set("If-Range", ifRange(a.validator))
	}
	return r.session.client.Do(request)
}

// sameServer: another port or scheme is another one.
func sameServer(a, b *url.URL) bool { return a.Scheme == b.Scheme && a.Host == b.Host }
