package v1

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	wire "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

func executorEnv(endpoint string) map[string]string {
	return map[string]string{
		"MESOS_FRAMEWORK_ID": "fw-1", "MESOS_EXECUTOR_ID": "e", "MESOS_SLAVE_ID": "a", "MESOS_SLAVE_PID": "slave(1)@" + endpoint, "MESOS_AGENT_ENDPOINT": endpoint,
		"MESOS_CHECKPOINT": "1", "MESOS_RECOVERY_TIMEOUT": "15mins", "MESOS_SUBSCRIPTION_BACKOFF_MAX": "20ms",
		"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "30secs",
	}
}

func newTestExecutor(t *testing.T, env map[string]string) mesos.Executor {
	t.Helper()
	e, err := NewExecutor(context.Background(), ExecutorConfig{Getenv: func(name string) string { return env[name] }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// executorSubscribed answers the next call, which has to be SUBSCRIBE.
func executorSubscribed(f *fakeServer, e mesos.Executor) (*fakeCall, *executor.Call_Subscribe) {
	f.t.Helper()
	c := f.next()
	require.Equal(f.t, "/slave(1)/api/v1/executor", c.path)
	call := c.executor()
	require.Equal(f.t, executor.Call_SUBSCRIBE, call.Type)
	require.Equal(f.t, "e", call.ExecutorID.Value)
	require.Equal(f.t, "fw-1", call.FrameworkID.Value)
	c.open("")
	c.send(&executor.Event{Type: executor.Event_SUBSCRIBED, Subscribed: &executor.Event_Subscribed{
		FrameworkInfo: wire.FrameworkInfo{Name: "alluxio", Capabilities: []wire.FrameworkInfo_Capability{{Type: wire.FrameworkInfo_Capability_TASK_KILLING_STATE}}},
		AgentInfo:     wire.AgentInfo{ID: &wire.AgentID{Value: "a"}, Hostname: "h"},
	}})
	want := mesos.ExecutorSubscribed{Framework: "fw-1", FrameworkName: "alluxio", Executor: "e", Agent: "a", Host: "h", TaskKilling: true}
	require.Equal(f.t, want, next(f.t, e.Events()))
	return c, call.Subscribe
}

func launchEvent(id string) *executor.Event {
	return &executor.Event{Type: executor.Event_LAUNCH, Launch: &executor.Event_Launch{Task: wire.TaskInfo{
		TaskID: wire.TaskID{Value: id}, Data: []byte("d"), KillPolicy: &wire.KillPolicy{GracePeriod: durationTo(3 * time.Second)},
	}}}
}

func ackEvent(task string, id []byte) *executor.Event {
	return &executor.Event{Type: executor.Event_ACKNOWLEDGED, Acknowledged: &executor.Event_Acknowledged{TaskID: wire.TaskID{Value: task}, UUID: id}}
}

// takeUpdate answers the next call, which has to be UPDATE.
func takeUpdate(f *fakeServer, code int) wire.TaskStatus {
	f.t.Helper()
	c := f.next()
	call := c.executor()
	require.Equal(f.t, executor.Call_UPDATE, call.Type)
	c.answer(code, "")
	return call.Update.Status
}

func TestExecutorConversation(t *testing.T) {
	t.Parallel()
	a := newFakeServer(t, "")
	env := executorEnv(a.address())
	env["MESOS_EXECUTOR_AUTHENTICATION_TOKEN"] = "token"
	e := newTestExecutor(t, env)
	stream, subscribe := executorSubscribed(a, e)
	require.Equal(t, "Bearer token", stream.header.Get("Authorization"))
	require.Empty(t, subscribe.UnacknowledgedTasks)

	stream.send(launchEvent("t"))
	task := nextOf[mesos.LaunchTask](t, e.Events()).Task
	require.Equal(t, mesos.TaskID("t"), task.ID)
	require.Equal(t, 3*time.Second, task.KillGrace)
	require.NoError(t, e.Update(mesos.Status{Task: "t", State: mesos.TaskRunning, Message: "serving", Data: []byte("x")}))
	s := takeUpdate(a, http.StatusAccepted)
	require.Equal(t, wire.TASK_RUNNING, s.GetState())
	require.Equal(t, wire.SOURCE_EXECUTOR, s.GetSource())
	require.Equal(t, "a", s.AgentID.Value)
	require.Equal(t, "e", s.ExecutorID.Value)
	require.Len(t, s.UUID, 16)
	require.Equal(t, byte(0x40), s.UUID[6]&0xf0, "version 4")
	require.Equal(t, byte(0x80), s.UUID[8]&0xc0, "RFC 4122")
	require.WithinDuration(t, time.Now(), time.UnixMicro(int64(s.GetTimestamp()*1e6)), time.Minute)

	expired, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, e.Flush(expired), context.Canceled)
	stream.send(ackEvent("t", s.UUID))
	require.NoError(t, e.Flush(t.Context()))

	heard := make(chan error, 1)
	go func() { heard <- e.Message(context.WithoutCancel(t.Context()), []byte("hello")) }()
	said := a.next()
	require.Equal(t, []byte("hello"), said.executor().GetMessage().GetData())
	said.answer(http.StatusAccepted, "")
	require.NoError(t, <-heard)

	stream.send(
		&executor.Event{Type: executor.Event_HEARTBEAT},
		&executor.Event{Type: executor.Event_KILL, Kill: &executor.Event_Kill{TaskID: wire.TaskID{Value: "t"}, KillPolicy: &wire.KillPolicy{GracePeriod: durationTo(time.Second)}}},
		&executor.Event{Type: executor.Event_MESSAGE, Message: &executor.Event_Message{Data: []byte("hi")}},
		&executor.Event{Type: executor.Event_SHUTDOWN},
	)
	require.Equal(t, mesos.KillTask{Task: "t", Grace: time.Second}, next(t, e.Events()))
	require.Equal(t, mesos.ExecutorMessage{Data: []byte("hi")}, next(t, e.Events()))
	require.Equal(t, mesos.ExecutorShutdown{Grace: 30 * time.Second}, next(t, e.Events()))
	requireClosed(t, e.Events())
	// The last words still go out, and are acknowledged.
	require.NoError(t, e.Update(mesos.Status{Task: "t", State: mesos.TaskKilled}))
	stream.send(ackEvent("t", takeUpdate(a, http.StatusAccepted).UUID))
	require.NoError(t, e.Flush(t.Context()))
	stream.end()
}

func TestExecutorResendsWhatIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	a := newFakeServer(t, "")
	e := newTestExecutor(t, executorEnv(a.address()))
	stream, _ := executorSubscribed(a, e)
	stream.send(launchEvent("t1"), launchEvent("t2"))
	nextOf[mesos.LaunchTask](t, e.Events())
	nextOf[mesos.LaunchTask](t, e.Events())
	require.NoError(t, e.Update(mesos.Status{Task: "t1", State: mesos.TaskStarting}))
	first := takeUpdate(a, http.StatusAccepted)
	stream.send(ackEvent("t1", first.UUID))
	require.NoError(t, e.Flush(t.Context()))
	require.NoError(t, e.Update(mesos.Status{Task: "t1", State: mesos.TaskRunning}))
	second := takeUpdate(a, http.StatusAccepted)
	stream.end() // the agent dies
	require.NoError(t, e.Update(mesos.Status{Task: "t1", State: mesos.TaskFinished}))

	// It may have died before the third was taken off the queue, or after.
	c := a.next()
	for c.executor().Type == executor.Call_UPDATE {
		c.answer(http.StatusForbidden, "Executor is not subscribed")
		c = a.next()
	}
	subscribe := c.executor().Subscribe
	require.Len(t, subscribe.UnacknowledgedTasks, 1)
	require.Equal(t, "t2", subscribe.UnacknowledgedTasks[0].TaskID.Value)
	require.Len(t, subscribe.UnacknowledgedUpdates, 2)
	require.Equal(t, second.UUID, subscribe.UnacknowledgedUpdates[0].Status.UUID)
	require.Equal(t, wire.TASK_FINISHED, subscribe.UnacknowledgedUpdates[1].Status.GetState())
	c.end()
}

func TestExecutorSubscribesAgainWhenAnUpdateFails(t *testing.T) {
	t.Parallel()
	a := newFakeServer(t, "")
	e := newTestExecutor(t, executorEnv(a.address()))
	_, _ = executorSubscribed(a, e)
	require.NoError(t, e.Update(mesos.Status{Task: "t", State: mesos.TaskRunning}))
	takeUpdate(a, http.StatusInternalServerError)
	stream, subscribe := executorSubscribed(a, e)
	require.Len(t, subscribe.UnacknowledgedUpdates, 1)
	stream.send(ackEvent("t", subscribe.UnacknowledgedUpdates[0].Status.UUID))
	require.NoError(t, e.Flush(t.Context()))
}

func TestExecutorOrphaned(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		name    string
		change  func(env map[string]string)
		during  func(f *fakeServer)
		problem string
	}{
		{"away too long", func(env map[string]string) { env["MESOS_RECOVERY_TIMEOUT"] = "100ms" }, func(f *fakeServer) {
			f.server.CloseClientConnections()
			f.server.Listener.Close()
		}, "the agent was away for"},
		{"no checkpoint", func(env map[string]string) { env["MESOS_CHECKPOINT"] = "0" }, func(f *fakeServer) {
			f.server.CloseClientConnections()
		}, "does not checkpoint"},
		{"unknown to the agent", func(env map[string]string) {}, func(f *fakeServer) {
			f.server.CloseClientConnections()
			f.next().answer(http.StatusBadRequest, "Executor cannot be found")
		}, "Executor cannot be found"},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			a := newFakeServer(t, "")
			env := executorEnv(a.address())
			one.change(env)
			e := newTestExecutor(t, env)
			_, _ = executorSubscribed(a, e)
			one.during(a)
			require.ErrorContains(t, nextOf[mesos.ExecutorOrphaned](t, e.Events()).Err, one.problem)
			requireClosed(t, e.Events())
		})
	}
}

func TestExecutorWaitsForARecoveringAgent(t *testing.T) {
	t.Parallel()
	a := newFakeServer(t, "")
	e := newTestExecutor(t, executorEnv(a.address()))
	a.next().answer(http.StatusServiceUnavailable, "Agent has not finished recovery")
	a.next().answer(http.StatusNotFound, "")
	stream, _ := executorSubscribed(a, e)
	stream.end()
}

func TestExecutorOverUnixSocket(t *testing.T) {
	t.Parallel()
	a := newFakeServer(t, "")
	socket := filepath.Join(t.TempDir(), "agent.sock")
	l, err := net.Listen("unix", socket)
	require.NoError(t, err)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = a.server.Config.Serve(l) // until l is closed
	}()
	t.Cleanup(func() {
		l.Close()
		<-served
	})
	env := executorEnv("127.0.0.1:1")
	env["MESOS_DOMAIN_SOCKET"] = socket
	e := newTestExecutor(t, env)
	stream, _ := executorSubscribed(a, e)
	stream.end()
}

func TestExecutorRefusesWhatMesosWouldNot(t *testing.T) {
	t.Parallel()
	e := newTestExecutor(t, executorEnv("127.0.0.1:1"))
	require.ErrorContains(t, e.Update(mesos.Status{Task: "t", State: "TASK_HAPPY"}), `"TASK_HAPPY" is not a state`)
	require.Error(t, e.Update(mesos.Status{Task: "t", State: mesos.TaskStaging}))
	require.ErrorContains(t, e.Update(mesos.Status{Task: "t", State: mesos.TaskFailed, Reason: "REASON_BAD_LUCK"}), "not a reason of Mesos")
	require.NoError(t, e.Flush(t.Context()))
}

func TestEnvironmentOfAnExecutor(t *testing.T) {
	t.Parallel()
	_, err := NewExecutor(t.Context(), ExecutorConfig{Getenv: func(string) string { return "" }})
	require.EqualError(t, err, "cannot run as a Mesos executor: MESOS_FRAMEWORK_ID, MESOS_EXECUTOR_ID, MESOS_AGENT_ENDPOINT not set; an executor is started by a Mesos agent")
	env := executorEnv("x:1")
	env["MESOS_RECOVERY_TIMEOUT"] = "soon"
	_, err = NewExecutor(t.Context(), ExecutorConfig{Getenv: func(name string) string { return env[name] }})
	require.EqualError(t, err, `cannot run as a Mesos executor: MESOS_RECOVERY_TIMEOUT: "soon" is not a duration`)
}

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]time.Duration{
		"15mins": 15 * time.Minute, "2.5secs": 2500 * time.Millisecond, "100ms": 100 * time.Millisecond, "1weeks": 7 * 24 * time.Hour, "3hrs": 3 * time.Hour, "7ns": 7,
	} {
		got, err := parseDuration(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got, in)
	}
	for _, in := range []string{"", "secs", "5", "5 secs", "-1secs", "1.2.3secs"} {
		_, err := parseDuration(in)
		require.Error(t, err, in)
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	b := backoff{max: 2 * time.Second}
	require.Less(t, b.next(), 50*time.Millisecond)
	for range 100 {
		d := b.next()
		require.Positive(t, d)
		require.LessOrEqual(t, d, b.max)
	}
	require.GreaterOrEqual(t, b.next(), b.max/2)
	b.ended(time.Second) // fell at once: still an endless row
	require.GreaterOrEqual(t, b.next(), b.max/2)
	b.ended(time.Minute)
	require.Less(t, b.next(), 50*time.Millisecond)
}
