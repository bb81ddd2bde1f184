package v1

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

const protobufType = "application/x-protobuf"

// streamHeader binds a scheduler's calls to its subscription (Mesos 0.24).
const streamHeader = "Mesos-Stream-Id"

// message is what mesos-go generates for every protobuf message.
type message interface {
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
}

// caller posts protobuf messages to one kind of endpoint.
type caller struct {
	client    *http.Client
	authorize func(*http.Request)
}

// newCaller makes a caller with a transport of its own, so that closing it
// disturbs nobody else. dial is nil for TCP.
func newCaller(dial func(ctx context.Context, network, address string) (net.Conn, error), authorize func(*http.Request)) *caller {
	if dial == nil {
		dial = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext
	}
	return &caller{
		client: &http.Client{
			Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second},
			// A redirect of a subscription names the leader and is followed by hand;
			// one of a call means that this master does not lead any more.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		authorize: authorize,
	}
}

func (c *caller) close() { c.client.CloseIdleConnections() }

// post sends a message. Any answer but a 2xx is an *answerError; the body of a
// good answer is left open to the caller of post.
func (c *caller) post(ctx context.Context, url, streamID string, m message) (*http.Response, error) {
	body, err := m.Marshal()
	if err != nil {
		return nil, fmt.Errorf("cannot encode call: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", protobufType)
	req.Header.Set("Accept", protobufType)
	if streamID != "" {
		req.Header.Set(streamHeader, streamID)
	}
	if c.authorize != nil {
		c.authorize(req)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, newAnswerError(url, resp)
	}
	return resp, nil
}

// answerError is an HTTP answer that is not a success.
type answerError struct {
	url      string
	code     int
	text     string
	location string
}

func newAnswerError(url string, resp *http.Response) *answerError {
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096)) // what can be read of it
	return &answerError{url: url, code: resp.StatusCode, text: strings.TrimSpace(string(text)), location: resp.Header.Get("Location")}
}

func (e *answerError) Error() string {
	s := fmt.Sprintf("%s answers %d %s", e.url, e.code, http.StatusText(e.code))
	if e.text != "" && len(e.text) < 500 && !strings.HasPrefix(e.text, "<") {
		s += ": " + e.text
	}
	return s
}

// permanent says that asking again cannot help. 404 is not: libprocess answers so
// until its routes are set up.
func (e *answerError) permanent() bool {
	switch e.code {
	case http.StatusNotFound, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	}
	return e.code/100 == 4
}

// fatalError ends a conversation: trying again would be answered the same way.
type fatalError struct {
	text    string
	ordered bool // by ourselves
}

func (e *fatalError) Error() string { return e.text }

func asFatal(err error) *fatalError {
	var fatal *fatalError
	var answer *answerError
	switch {
	case errors.As(err, &fatal):
		return fatal
	case errors.As(err, &answer) && answer.permanent():
		return &fatalError{text: answer.Error()}
	}
	return nil
}
