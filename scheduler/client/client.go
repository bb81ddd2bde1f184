// Package client asks a running scheduler through its API. It finds the API by the files that the scheduler leaves in
// its state folder, and speaks only HTTP to it; screen text is made by the commands.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/scheduler/api"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/plan"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/state"
)

// The types of an answer.
type (
	Status    = api.Status
	Framework = api.Framework
	Instance  = api.Instance
	Task      = api.Task
	Addresses = api.Addresses
	Progress  = api.Progress
	Transfer  = api.Transfer
	Decline   = api.Decline
)

// ErrNotRunning is returned by Open, Status and Stop where no scheduler answers.
var ErrNotRunning = errors.New("no scheduler is running")

// Client speaks to one scheduler.
type Client struct {
	dir, url, token string
	http            http.Client
}

// Open finds the scheduler of a state folder. It is ErrNotRunning where there is none, also while one only starts.
func Open(stateDir string) (*Client, error) {
	if _, held := state.Holder(stateDir); !held {
		return nil, fmt.Errorf("%w on %s", ErrNotRunning, stateDir)
	}
	url, token, err := state.API(stateDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w on %s (or it only starts)", ErrNotRunning, stateDir)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot find the scheduler's API: %w", err)
	}
	return &Client{dir: stateDir, url: url, token: token, http: http.Client{Timeout: 30 * time.Second}}, nil
}

// URL of the API.
func (c *Client) URL() string { return c.url }

// Status asks for the state of the deployment.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var s Status
	err := c.do(ctx, http.MethodGet, "/v1/status", &s)
	return s, err
}

// Stop asks the scheduler to end the deployment. It returns once the scheduler has taken the request, which is before
// the deployment has ended; WaitStopped waits for that.
func (c *Client) Stop(ctx context.Context) error {
	return c.do(ctx, http.MethodPost, "/v1/stop", nil)
}

// WaitStopped waits until the scheduler has ended. It is an error if the deployment has not ended with it, and a
// *plan.LeftError if something of it is left.
func (c *Client) WaitStopped(ctx context.Context) error {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		if _, held := state.Holder(c.dir); !held {
			return Ended(c.dir)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("the deployment has not ended yet: %w", ctx.Err())
		}
	}
}

// Ended says how the deployment of a state folder has ended: nil if nothing is left, ErrNotRunning if its scheduler
// ended before it.
func Ended(stateDir string) error {
	file, err := state.Read(stateDir)
	switch {
	case err != nil:
		return err
	case file.Plan.Framework != "":
		return fmt.Errorf("%w any more, and it ended before the deployment did: framework %s is still known to Mesos; its log says why; stop again",
			ErrNotRunning, file.Plan.Framework)
	case len(file.Plan.Left) > 0:
		return &plan.LeftError{Left: file.Plan.Left}
	}
	return nil
}

func (c *Client) do(ctx context.Context, method, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, nil)
	if err != nil {
		return err
	}
	if method != http.MethodGet {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return c.unreachable(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return fmt.Errorf("cannot read the scheduler's answer: %w", err)
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("the scheduler at %s refuses: %s: %s", c.url, response.Status, strings.TrimSpace(string(body)))
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("cannot read the answer of %s: %w", c.url, err)
	}
	return nil
}

// unreachable tells a scheduler that has ended from one that does not answer.
func (c *Client) unreachable(err error) error {
	if _, held := state.Holder(c.dir); !held {
		return fmt.Errorf("%w on %s any more", ErrNotRunning, c.dir)
	}
	return fmt.Errorf("the scheduler at %s does not answer: %w", c.url, err)
}
