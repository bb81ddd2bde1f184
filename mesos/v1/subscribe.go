package v1

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// maxRedirects bounds the way to the leader; one is usual.
const maxRedirects = 3

// missedHeartbeats ends a connection on which nothing came for so many intervals.
const missedHeartbeats = 5

func heartbeatLimit(seconds float64) time.Duration {
	if seconds <= 0 {
		seconds = 15 // Mesos' default, for a master that does not say
	}
	return time.Duration(missedHeartbeats * seconds * float64(time.Second))
}

// subscribe asks the masters in turn. A refusal by one is final: all masters of a
// cluster know the same frameworks and credentials.
func (s *schedulerConn) subscribe(ctx context.Context) (*subscription, error) {
	masters, err := s.directory.masters(ctx)
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, base := range masters {
		sub, err := s.subscribeAt(ctx, base)
		if err == nil {
			return sub, nil
		}
		if fatal := asFatal(err); fatal != nil {
			return nil, fatal
		}
		problems = append(problems, err)
	}
	return nil, fmt.Errorf("cannot subscribe with Mesos: %w", errors.Join(problems...))
}

// subscribeAt asks one master, and the one it redirects to.
func (s *schedulerConn) subscribeAt(ctx context.Context, base string) (*subscription, error) {
	for range maxRedirects + 1 {
		sub, err := s.open(ctx, base)
		var answer *answerError
		if !errors.As(err, &answer) || answer.code != http.StatusTemporaryRedirect {
			return sub, err
		}
		if base, err = leaderBase(base, answer.location); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s: redirected more than %d times", base, maxRedirects)
}

// open posts SUBSCRIBE and returns once the master answered with a stream.
func (s *schedulerConn) open(ctx context.Context, base string) (*subscription, error) {
	ctx, cancel := context.WithCancel(ctx)
	deadline := time.AfterFunc(s.config.ConnectTimeout, cancel)
	defer deadline.Stop()
	framework := s.config.Framework
	s.mu.Lock()
	framework.ID = s.framework
	s.mu.Unlock()
	multiRole := atLeast12(s.caller.version(ctx, base))
	resp, err := s.caller.post(ctx, base+schedulerPath, "", subscribeCall(framework, multiRole))
	if err != nil {
		cancel()
		if !deadline.Stop() {
			err = fmt.Errorf("%s does not answer within %s", base, s.config.ConnectTimeout)
		}
		return nil, err
	}
	return &subscription{
		base: base, streamID: resp.Header.Get(streamHeader), refined: true,
		stream: newStream(resp.Body, cancel, s.config.ConnectTimeout),
	}, nil
}

// version of the Mesos at a base URL, or empty if it does not say.
func (c *caller) version(ctx context.Context, base string) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/version", nil)
	if err != nil {
		return ""
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	var v struct {
		Version string `json:"version"`
	}
	if json.NewDecoder(io.LimitReader(resp.Body, 1<<16)).Decode(&v) != nil {
		return ""
	}
	return v.Version
}

// atLeast12 says whether this Mesos knows MULTI_ROLE (1.2). One that does not tell
// its version is taken for a new one.
func atLeast12(version string) bool {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return true
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	return err1 != nil || err2 != nil || major > 1 || major == 1 && minor >= 2
}

func drain(resp *http.Response) error {
	defer resp.Body.Close()
	_, err := io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	return err
}

var _ message = (*scheduler.Call)(nil)
