package httpfetch

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/headers"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/transfer"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// asked is what a request wants: the bytes from from up to to (-1: to the end) of the file
// that has the validator.
type asked struct {
	from, to  int64
	validator string
}

// isWhole says that no part was asked for.
func (a asked) isWhole() bool { return a.validator == "" || a.from == 0 && a.to < 0 }

// read tells from the head of an answer what its body brings.
func (r *remote) read(response *http.Response, a asked) (transfer.Piece, error) {
	switch response.StatusCode {
	case http.StatusOK:
		return whole(response, a)
	case http.StatusPartialContent:
		return part(response, a)
	case http.StatusRequestedRangeNotSatisfiable:
		return nothingMore(response, a)
	}
	return transfer.Piece{}, r.refused(response)
}

// whole is an answer from the first byte on: at the start, from a server that cannot
// resume, or because the file is no longer the one that was begun.
func whole(response *http.Response, a asked) (transfer.Piece, error) {
	total := max(response.ContentLength, 0)
	p := transfer.Piece{Body: response.Body, To: response.ContentLength, Total: total,
		Validator: validatorOf(response.Header, total), Ranges: acceptsRanges(response.Header)}
	if a.from > 0 && (p.Validator != a.validator || (p.To >= 0 && p.To < a.from)) {
		return transfer.Piece{}, changed()
	}
	return p, nil
}

func acceptsRanges(h http.Header) bool {
	return strings.EqualFold(strings.TrimSpace(h.Get("Accept-Ranges")), "bytes")
}

func part(response *http.Response, a asked) (transfer.Piece, error) {
	text := response.Header.Get("Content-Range")
	if a.isWhole() {
		return transfer.Piece{}, plugins.AsPermanent(fmt.Errorf("the server answered with a part of the file (206, %q), though all of it was asked for", text))
	}
	first, last, total, ok := headers.ContentRange(text)
	whole := a.to < 0 && (total == 0 || last == total-1)
	if a.validator == "" || !ok || first != a.from || !(whole || last == a.to-1) {
		return transfer.Piece{}, plugins.AsChanged(fmt.Errorf("it answered with another part than was asked for (%q)", text))
	}
	length := response.ContentLength
	if length >= 0 && length != last-first+1 {
		return transfer.Piece{}, plugins.AsChanged(fmt.Errorf("it announced %d bytes for a part of %d", length, last-first+1))
	}
	if v := validatorOf(response.Header, total); v != "" && v != a.validator {
		return transfer.Piece{}, changed()
	}
	return transfer.Piece{Body: response.Body, From: first, To: last + 1, Total: total, Validator: a.validator, Ranges: total > 0}, nil
}

// nothingMore is the answer where no byte lies behind the offset: all is there, if the
// file still has that size.
func nothingMore(response *http.Response, a asked) (transfer.Piece, error) {
	if a.isWhole() {
		return transfer.Piece{}, plugins.AsPermanent(errors.New("the server answered 416, that there is no such part of the file, though all of it was asked for"))
	}
	total, ok := headers.Unsatisfied(response.Header.Get("Content-Range"))
	etag := response.Header.Get("ETag")
	if !ok || a.from == 0 || total != a.from || (isETag(etag) && isETag(a.validator) && etag != a.validator) {
		return transfer.Piece{}, changed()
	}
	response.Body.Close() // an error page
	return transfer.Piece{Body: http.NoBody, From: a.from, To: a.from, Total: total, Validator: a.validator}, nil
}

func changed() error {
	return plugins.AsChanged(fmt.Errorf("the file changed since the download began"))
}

// refused says what a status means to the operator, and whether waiting may help.
func (r *remote) refused(response *http.Response) error {
	code := response.StatusCode
	err := fmt.Errorf("the server answered %d %s%s", code, http.StatusText(code), advice(code))
	if !worthRetry(code) {
		return plugins.AsPermanent(err)
	}
	return &plugins.Error{Kind: plugins.Retryable, Err: err, RetryAfter: headers.RetryAfter(response.Header.Get("Retry-After"), r.now())}
}

func worthRetry(code int) bool {
	switch code {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return code >= 500
}

func advice(code int) string {
	switch code {
	case http.StatusNotFound, http.StatusGone:
		return ": there is no such file; check the address"
	case http.StatusUnauthorized:
		return ": it wants credentials, or others than it was sent; put them into a file and name that in " + property + "netrc.file, .basic.file or .bearer.file"
	case http.StatusForbidden:
		return ": these credentials, or none, are not enough for this file"
	case http.StatusProxyAuthRequired:
		return ": the proxy wants credentials; put them into " + property + "https.proxy (or .http.proxy)"
	}
	if code < 400 {
		return ", which brings no file"
	}
	return ""
}
