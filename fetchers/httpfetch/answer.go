package httpfetch

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// read tells from the head of an answer what its body brings.
func (d *download) read(response *http.Response) (span, error) {
	switch response.StatusCode {
	case http.StatusOK:
		return d.whole(response)
	case http.StatusPartialContent:
		return d.part(response)
	case http.StatusRequestedRangeNotSatisfiable:
		return d.nothingMore(response)
	}
	return span{}, d.refused(response)
}

// whole is an answer from the first byte on: at the start, from a server that cannot
// resume, or because the file is no longer the one that was begun.
func (d *download) whole(response *http.Response) (span, error) {
	total := max(response.ContentLength, 0)
	s := span{end: response.ContentLength, total: total, validator: validatorOf(response.Header, total)}
	offset := d.offset()
	if offset == 0 {
		return s, nil
	}
	if s.validator != d.request.Validator || (s.end >= 0 && s.end < offset) {
		return span{}, changed()
	}
	s.start, s.skip = offset, offset
	return s, nil
}

func (d *download) part(response *http.Response) (span, error) {
	offset := d.offset()
	first, last, total, ok := contentRange(response.Header.Get("Content-Range"))
	if offset == 0 || !ok || first != offset || (total > 0 && last != total-1) {
		return span{}, plugins.AsChanged(fmt.Errorf("it answered with another part than was asked for (%q)",
			response.Header.Get("Content-Range")))
	}
	length := response.ContentLength
	if length >= 0 && length != last-first+1 {
		return span{}, plugins.AsChanged(fmt.Errorf("it announced %d bytes for a part of %d", length, last-first+1))
	}
	if v := validatorOf(response.Header, total); v != "" && v != d.request.Validator {
		return span{}, changed()
	}
	return span{start: offset, end: last + 1, total: total, validator: d.request.Validator}, nil
}

// nothingMore is the answer where no byte lies behind the offset: all is there, if the
// file still has that size.
func (d *download) nothingMore(response *http.Response) (span, error) {
	offset := d.offset()
	total, ok := unsatisfied(response.Header.Get("Content-Range"))
	etag := response.Header.Get("ETag")
	if !ok || offset == 0 || total != offset || (isETag(etag) && isETag(d.request.Validator) && etag != d.request.Validator) {
		return span{}, changed()
	}
	response.Body = http.NoBody // an error page
	return span{start: offset, end: offset, total: offset, validator: d.request.Validator}, nil
}

func changed() error {
	return plugins.AsChanged(fmt.Errorf("the file changed since the download began"))
}

// refused says what a status means to the operator, and whether waiting may help.
func (d *download) refused(response *http.Response) error {
	code := response.StatusCode
	err := fmt.Errorf("the server answered %d %s%s", code, http.StatusText(code), advice(code))
	if !worthRetry(code) {
		return plugins.AsPermanent(err)
	}
	return &plugins.Error{Kind: plugins.Retryable, Err: err, RetryAfter: retryAfter(response.Header, d.now())}
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
		return ": it wants credentials, or others than the source holds"
	case http.StatusForbidden:
		return ": these credentials, or none, are not enough for this file"
	case http.StatusProxyAuthRequired:
		return ": the proxy wants credentials; put them into alluxio.integration.mesos.fetcher.http.https.proxy (or .http.proxy)"
	}
	if code < 400 {
		return ", which brings no file"
	}
	return ""
}

// retryAfter reads the header's seconds or date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	const most = 24 * 3600 // beyond it a number is no advice but a mistake
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Duration(min(max(seconds, 0), most)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), most*time.Second)
	}
	return 0
}
