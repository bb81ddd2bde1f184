// Package client asks a running scheduler through its API. It finds the API by the files that the scheduler leaves in
// its state folder, and speaks only HTTP to it; screen text is made by the commands.
package client

import (
	"context"
	"errors"

	"github.com/alluxio-mesos/alluxio-mesos/scheduler/api"
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
	url, token string
}

// Open finds the scheduler of a state folder. It is ErrNotRunning where there is none.
func Open(stateDir string) (*Client, error) { return nil, ErrNotRunning }

// URL of the API.
func (c *Client) URL() string { return c.url }

// Status asks for the state of the deployment.
func (c *Client) Status(ctx context.Context) (Status, error) { return Status{}, ErrNotRunning }

// Stop asks the scheduler to end the deployment. It returns once the scheduler has taken the request, which is before
// the deployment has ended: the scheduler process ends then.
func (c *Client) Stop(ctx context.Context) error { return ErrNotRunning }
