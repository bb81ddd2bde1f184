package v1

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// Namesake is a framework of the same name that Mesos knows and that has not ended.
type Namesake struct {
	ID mesos.FrameworkID
	// Host is where its scheduler is or was.
	Host string
	// Same says that it has the same user and principal.
	Same bool
	// Connected says that a scheduler of it is there.
	Connected bool
	// Busy says that it has tasks or executors.
	Busy bool
}

// Namesakes asks the leading master for the frameworks that have the name of c's.
func Namesakes(ctx context.Context, c SchedulerConfig) ([]Namesake, error) {
	if err := completeFramework(&c); err != nil {
		return nil, err
	}
	directory, err := newDirectory(c.Masters)
	if err != nil {
		return nil, err
	}
	bases, err := directory.masters(ctx)
	if err != nil {
		return nil, err
	}
	caller := newCaller(nil, basicAuth(c.Principal, c.Secret))
	defer caller.close()
	var problems []error
	for _, base := range bases {
		found, err := caller.namesakes(ctx, base, c.Framework)
		if err == nil {
			return found, nil
		}
		problems = append(problems, err)
	}
	return nil, fmt.Errorf("cannot list the frameworks of Mesos: %w", errors.Join(problems...))
}

// masterState is what matters here of GET /state. A framework that an agent told a new
// master of is among them before it has subscribed again.
type masterState struct {
	Frameworks []struct {
		ID          string            `json:"id"`
		Name        string            `json:"name"`
		User        string            `json:"user"`
		Principal   string            `json:"principal"`
		Hostname    string            `json:"hostname"`
		Active      bool              `json:"active"`
		Connected   bool              `json:"connected"`
		Tasks       []json.RawMessage `json:"tasks"`
		Unreachable []json.RawMessage `json:"unreachable_tasks"`
		Executors   []json.RawMessage `json:"executors"`
	} `json:"frameworks"`
}

func (c *caller) namesakes(ctx context.Context, base string, like mesos.FrameworkInfo) ([]Namesake, error) {
	state, err := c.state(ctx, base)
	if err != nil {
		return nil, err
	}
	var found []Namesake
	for _, f := range state.Frameworks {
		if f.Name == like.Name {
			found = append(found, Namesake{
				ID: mesos.FrameworkID(f.ID), Host: f.Hostname,
				Same:      f.User == like.User && (f.Principal == "" || f.Principal == like.Principal),
				Connected: f.Connected || f.Active, Busy: len(f.Tasks)+len(f.Unreachable)+len(f.Executors) > 0,
			})
		}
	}
	return found, nil
}

// state asks the master, or the leader to which it redirects.
func (c *caller) state(ctx context.Context, base string) (state masterState, err error) {
	leader, err := c.leader(ctx, base)
	if err != nil {
		return state, err
	}
	to, err := leaderBase(base, "//"+leader)
	if err != nil {
		return state, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to+"/state", nil)
	if err != nil {
		return state, err
	}
	if c.authorize != nil {
		c.authorize(req)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return state, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return state, fmt.Errorf("%s/state answers %s", to, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(&state); err != nil {
		return state, fmt.Errorf("cannot read %s/state: %w", to, err)
	}
	return state, nil
}
