package httpfetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/transfer"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

const bufferSize = 256 << 10

// download is one fetch.
type download struct {
	session *session
	url     *url.URL
	request plugins.FetchRequest
	report  func(plugins.Progress)
	now     func() time.Time
}

// span is what an answer brings: bytes from skip before start on, up to end.
type span struct {
	start     int64 // where the new bytes go
	skip      int64 // bytes of the answer that are in the file already
	end       int64 // where the answer ends; -1: unknown
	total     int64 // size of the whole; 0: unknown
	validator string
}

func (d *download) run(parent context.Context) (plugins.FetchResult, error) {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	response, err := d.ask(ctx)
	if err != nil {
		return plugins.FetchResult{}, err
	}
	defer response.Body.Close()
	s, err := d.read(response)
	if err != nil {
		return plugins.FetchResult{}, err
	}
	file, err := transfer.Open(d.request.File, s.start)
	if err != nil {
		return plugins.FetchResult{}, local{err}
	}
	defer file.Close()
	stalled := time.AfterFunc(d.session.config.stallTimeout, func() { cancel(errStalled) })
	defer stalled.Stop()
	body := &watched{r: response.Body, alive: func() { stalled.Reset(d.session.config.stallTimeout) }}
	size, err := d.move(ctx, file, body, s)
	if err != nil {
		return plugins.FetchResult{}, err
	}
	if err := file.Close(); err != nil {
		return plugins.FetchResult{}, local{err}
	}
	return plugins.FetchResult{Bytes: size, Validator: s.validator}, nil
}

// watched tells of every read that brought something.
type watched struct {
	r     io.Reader
	alive func()
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if n > 0 {
		w.alive()
	}
	return n, err
}

// offset is where to go on, 0 where nothing proves that the bytes still fit.
func (d *download) offset() int64 {
	if ifRange(d.request.Validator) == "" {
		return 0
	}
	return d.request.Offset
}

func (d *download) ask(ctx context.Context) (*http.Response, error) {
	u := *d.url
	u.User = nil
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", d.session.agent)
	// As it is: with a compressed transfer neither sizes nor ranges would fit the file.
	request.Header.Set("Accept-Encoding", "identity")
	if user := d.url.User; user != nil {
		password, _ := user.Password()
		request.SetBasicAuth(user.Username(), password)
	}
	if offset := d.offset(); offset > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
		request.Header.Set("If-Range", ifRange(d.request.Validator))
	}
	return d.session.client.Do(request)
}

// move writes the answer's bytes into the file and tells how far they reach.
func (d *download) move(ctx context.Context, file *os.File, body io.Reader, s span) (size int64, err error) {
	meter := transfer.NewMeter(plugins.Progress{Bytes: s.start, Total: s.total, Validator: s.validator}, d.report, d.now)
	defer meter.End()
	at := s.start - s.skip
	buf := make([]byte, bufferSize)
	for {
		n, err := body.Read(buf)
		if s.end >= 0 && at+int64(n) > s.end {
			return 0, plugins.AsChanged(fmt.Errorf("more than the announced %d bytes came", s.end))
		}
		if err := write(file, buf[:n], at, s.start); err != nil {
			return 0, local{err}
		}
		at += int64(n)
		meter.At(max(at, s.start))
		switch {
		case err == io.EOF && (s.end < 0 || at == s.end):
			return at, nil
		case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
			return 0, fmt.Errorf("the connection ended after %d bytes%s", at, of(s.end))
		case err != nil && context.Cause(ctx) == errStalled:
			return 0, fmt.Errorf("no byte came for %v, after %d bytes%s", d.session.config.stallTimeout, at, of(s.end))
		case err != nil:
			return 0, fmt.Errorf("the connection was lost after %d bytes%s: %w", at, of(s.end), err)
		}
	}
}

// write puts down what of data, which lies at position at, lies behind start.
func write(file *os.File, data []byte, at, start int64) error {
	if skip := start - at; skip > 0 {
		data = data[min(skip, int64(len(data))):]
		at = start
	}
	if len(data) == 0 {
		return nil
	}
	_, err := file.WriteAt(data, at)
	return err
}

func of(end int64) string {
	if end < 0 {
		return ""
	}
	return fmt.Sprintf(" of %d", end)
}
