package client

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/scheduler/api"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/plan"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/state"
)

// source stands for a scheduler's loop.
type source struct {
	view  plan.View
	stops atomic.Int32
}

func (s *source) View() plan.View { return s.view }
func (s *source) RequestStop()    { s.stops.Add(1) }

func sample() plan.View {
	at := plan.AgentRef{Agent: "a1", Host: "h1"}
	return plan.View{
		Framework: "fw", Name: "alluxio", State: plan.Registered, Master: "m:5050", Journal: "UFS",
		Instances: []plan.InstanceView{
			{Name: "master-0", Process: "master", At: at, Message: "fetching", Task: &plan.TaskView{
				ID: "t", State: "TASK_STARTING", Addresses: map[string]string{"rpc": "h1:19998", "web": "h1:19999"},
				Progress: &plan.Progress{Phase: "preparing", Step: "fetch-alluxio", Transfers: []plan.Transfer{{Artifact: "alluxio", Bytes: 1, Total: 2}}},
			}},
			{Name: "worker-0", Process: "worker", Message: "waits"},
		},
		Declines: []plan.Decline{{Instance: "worker-0", Agent: at, Reason: "r", Advice: "a", Count: 3}},
	}
}

// start runs an API with the files that a scheduler leaves.
func start(t *testing.T) (dir *state.Dir, s *source, server *api.Server) {
	t.Helper()
	dir, err := state.Open(t.TempDir())
	require.NoError(t, err)
	token, err := dir.Token()
	require.NoError(t, err)
	s = &source{view: sample()}
	server, err = api.Listen(api.Config{Bind: "127.0.0.1", Token: token, Source: s, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.NoError(t, dir.SetAPI(server.URL()))
	t.Cleanup(func() { _ = server.Close(); _ = dir.Close() })
	return dir, s, server
}

func TestStatus(t *testing.T) {
	t.Parallel()
	dir, _, _ := start(t)
	c, err := Open(dir.Path())
	require.NoError(t, err)
	status, err := c.Status(context.Background())
	require.NoError(t, err)
	require.Equal(t, "fw", status.Framework.ID)
	require.Equal(t, Addresses{RPC: "h1:19998", Web: "h1:19999"}, status.Instances[0].Tasks[0].Addresses)
	require.Equal(t, "fetch-alluxio", status.Instances[0].Tasks[0].Progress.Step)
	require.Equal(t, "r", status.Declines[0].Reason)
}

// The names that scripts use (issue: framework {id, name, mesos}, instances [...], declines [...]).
func TestJSONNames(t *testing.T) {
	t.Parallel()
	_, _, server := start(t)
	var body struct {
		Framework map[string]any
		Instances []map[string]any
		Declines  []map[string]any
	}
	response, err := http.Get(server.URL() + "/v1/status")
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &body))
	for _, name := range []string{"id", "name", "mesos", "state"} {
		require.Contains(t, body.Framework, name)
	}
	for _, name := range []string{"name", "agent", "message", "tasks"} {
		require.Contains(t, body.Instances[0], name)
	}
	require.Equal(t, []any{}, body.Instances[1]["tasks"], "never null")
	task := body.Instances[0]["tasks"].([]any)[0].(map[string]any)
	for _, name := range []string{"id", "process", "state", "serving", "addresses", "progress"} {
		require.Contains(t, task, name)
	}
	require.Equal(t, map[string]any{"rpc": "h1:19998", "web": "h1:19999"}, task["addresses"])
	for _, name := range []string{"instance", "agent", "reason", "advice"} {
		require.Contains(t, body.Declines[0], name)
	}
}

func TestStopWantsTheToken(t *testing.T) {
	t.Parallel()
	dir, s, server := start(t)
	response, err := http.Post(server.URL()+"/v1/stop", "", nil)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusUnauthorized, response.StatusCode)
	require.Zero(t, s.stops.Load())

	c, err := Open(dir.Path())
	require.NoError(t, err)
	require.NoError(t, c.Stop(context.Background()))
	require.Equal(t, int32(1), s.stops.Load())
}

func TestForeignHostsAreRefused(t *testing.T) {
	t.Parallel()
	_, _, server := start(t)
	for host, want := range map[string]int{"evil.example.org": 403, "localhost:80": 200, "127.0.0.1": 200, "[::1]:9": 200} {
		r, err := http.NewRequest(http.MethodGet, server.URL()+"/v1/status", nil)
		require.NoError(t, err)
		r.Host = host
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, want, response.StatusCode, host)
	}
}

func TestNotRunning(t *testing.T) {
	t.Parallel()
	_, err := Open(t.TempDir())
	require.ErrorIs(t, err, ErrNotRunning)

	// A scheduler that was killed leaves its address, but not its lock.
	dir, _, server := start(t)
	c, err := Open(dir.Path())
	require.NoError(t, err)
	require.NoError(t, server.Close())
	require.NoError(t, dir.Close())
	_, err = c.Status(context.Background())
	require.ErrorIs(t, err, ErrNotRunning)
	require.NoError(t, c.WaitStopped(context.Background()))
}

func TestEnded(t *testing.T) {
	t.Parallel()
	dir, _, _ := start(t)
	c, err := Open(dir.Path())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, c.WaitStopped(ctx), context.DeadlineExceeded)

	require.NoError(t, dir.Save(state.File{Plan: plan.Saved{Framework: "fw"}}))
	require.ErrorContains(t, Ended(dir.Path()), "stop again")
	require.NoError(t, dir.Save(state.File{Plan: plan.Saved{Left: []string{"a ramdisk"}}}))
	err = Ended(dir.Path())
	var left *plan.LeftError
	require.ErrorAs(t, err, &left)
	require.True(t, strings.HasSuffix(err.Error(), "a ramdisk"))
}
