package v1

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Ping asks whether there is a Mesos at the address, and which master leads
// ("host:port").
func Ping(ctx context.Context, masters string) (leader string, err error) {
	directory, err := newDirectory(masters)
	if err != nil {
		return "", err
	}
	bases, err := directory.masters(ctx)
	if err != nil {
		return "", err
	}
	c := newCaller(nil, nil)
	defer c.close()
	var problems []error
	for _, base := range bases {
		leader, err := c.leader(ctx, base)
		if err == nil {
			return leader, nil
		}
		problems = append(problems, err)
	}
	return "", fmt.Errorf("no Mesos at %s: %w", redactUser(masters), errors.Join(problems...))
}

// leader follows /master/redirect, which every master answers with the leader's
// address.
func (c *caller) leader(ctx context.Context, base string) (string, error) {
	if c.version(ctx, base) == "" {
		return "", c.whyNoVersion(ctx, base)
	}
	resp, err := c.get(ctx, base+"/redirect")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	location := resp.Header.Get("Location")
	if resp.StatusCode != http.StatusTemporaryRedirect || location == "" {
		return "", fmt.Errorf("%s knows no leading master (%s)", base, resp.Status)
	}
	to, err := leaderBase(base, location)
	if err != nil {
		return "", err
	}
	return hostPort(to), nil
}

func (c *caller) whyNoVersion(ctx context.Context, base string) error {
	resp, err := c.get(ctx, base+"/version")
	if err != nil {
		return err
	}
	resp.Body.Close()
	return fmt.Errorf("what answers at %s is no Mesos master (GET /version: %s)", base, resp.Status)
}

func (c *caller) get(ctx context.Context, url string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "Get "))
	}
	return resp, nil
}
