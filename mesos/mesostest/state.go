package mesostest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// State is what GET /master/state tells, as far as tests ask.
type State struct {
	Version    string      `json:"version"`
	Agents     []Agent     `json:"slaves"`
	Frameworks []Framework `json:"frameworks"`
	Completed  []Framework `json:"completed_frameworks"`
}

// Agent in the master's state.
type Agent struct {
	ID     mesos.AgentID  `json:"id"`
	Host   string         `json:"hostname"`
	Active bool           `json:"active"`
	Used   map[string]any `json:"used_resources"`
}

// Framework in the master's state. Tasks are those that have not ended.
type Framework struct {
	ID          mesos.FrameworkID `json:"id"`
	Name        string            `json:"name"`
	User        string            `json:"user"`
	Hostname    string            `json:"hostname"`
	WebUI       string            `json:"webui_url"`
	Active      bool              `json:"active"`
	Connected   bool              `json:"connected"`
	Tasks       []Task            `json:"tasks"`
	Ended       []Task            `json:"completed_tasks"`
	Unreachable []Task            `json:"unreachable_tasks"`
}

// Task in the master's state.
type Task struct {
	ID       mesos.TaskID     `json:"id"`
	Agent    mesos.AgentID    `json:"slave_id"`
	Executor mesos.ExecutorID `json:"executor_id"`
	State    mesos.TaskState  `json:"state"`
}

// State asks the master.
func (c *Cluster) State(t testing.TB) State {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	state, err := readState(ctx, c.Address())
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// Framework finds one that is not removed.
func (s State) Framework(id mesos.FrameworkID) (Framework, bool) {
	for _, f := range s.Frameworks {
		if f.ID == id {
			return f, true
		}
	}
	return Framework{}, false
}

// AwaitAgents waits until n agents are active.
func (c *Cluster) AwaitAgents(t testing.TB, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	if err := awaitAgents(ctx, c.Address(), n); err != nil {
		t.Fatal(err)
	}
}

func awaitAgents(ctx context.Context, master string, n int) error {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		state, err := readState(ctx, master)
		active := 0
		for _, a := range state.Agents {
			if a.Active {
				active++
			}
		}
		if active == n && err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%d agents are not there in time, only %d", n, active), err)
		}
	}
}

func readState(ctx context.Context, master string) (State, error) {
	var s State
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+master+"/master/state", nil)
	if err != nil {
		return s, err
	}
	// As run.sh with AUTH=1 sets it; ignored without.
	req.SetBasicAuth("probe", "secret")
	req.Close = true // leave no idle connection behind for leak checks to find
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return s, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return s, fmt.Errorf("GET /master/state of %s: %s", master, resp.Status)
	}
	return s, json.NewDecoder(resp.Body).Decode(&s)
}
