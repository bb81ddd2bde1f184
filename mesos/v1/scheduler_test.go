package v1

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	wire "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

func newTestScheduler(t *testing.T, masters string, change func(*SchedulerConfig)) mesos.Scheduler {
	t.Helper()
	config := SchedulerConfig{
		Masters: masters, Backoff: 20 * time.Millisecond,
		Framework: mesos.FrameworkInfo{Name: "test", User: "nobody", Hostname: "here", FailoverTimeout: time.Minute},
	}
	if change != nil {
		change(&config)
	}
	s, err := NewScheduler(context.Background(), config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// subscribed answers the next call as a master does that accepts.
func subscribed(f *fakeServer, s mesos.Scheduler) *fakeCall {
	f.t.Helper()
	c := f.next()
	require.Equal(f.t, scheduler.Call_SUBSCRIBE, c.scheduler().Type)
	c.open("stream-1")
	c.send(subscribedEvent("fw-1", 15*time.Second))
	require.Equal(f.t, mesos.Subscribed{Framework: "fw-1", Master: f.address(), Version: "1.11.0"}, next(f.t, s.Events()))
	return c
}

func TestSubscribeIntroducesTheFramework(t *testing.T) {
	t.Parallel()
	m := newFakeServer(t, "1.11.0")
	s := newTestScheduler(t, m.address(), func(c *SchedulerConfig) {
		c.Principal, c.Secret = "p", "s"
		c.Framework.Role, c.Framework.WebUI, c.Framework.Labels = "storage", "http://here:1", map[string]string{"b": "2", "a": "1"}
	})
	c := m.next()
	require.Equal(t, schedulerPath, c.path)
	require.Equal(t, protobufType, c.header.Get("Content-Type"))
	require.Equal(t, protobufType, c.header.Get("Accept"))
	require.Equal(t, basicHeader("p", "s"), c.header.Get("Authorization"))
	call := c.scheduler()
	require.Nil(t, call.FrameworkID)
	info := call.Subscribe.FrameworkInfo
	require.Equal(t, []string{"storage"}, info.Roles)
	require.Nil(t, info.Role)
	require.Equal(t, "p", info.GetPrincipal())
	require.Equal(t, "http://here:1", info.GetWebUiURL())
	require.Equal(t, "here", info.GetHostname())
	require.True(t, info.GetCheckpoint())
	require.InDelta(t, 60, info.GetFailoverTimeout(), 0)
	require.Len(t, info.Capabilities, len(capabilities))
	require.Equal(t, "a", info.Labels.Labels[0].Key)
	c.open("stream-1")
	c.send(subscribedEvent("fw-1", 15*time.Second))
	nextOf[mesos.Subscribed](t, s.Events())

	c.end() // the next subscription carries the id
	nextOf[mesos.Disconnected](t, s.Events())
	again := m.next()
	require.Equal(t, "fw-1", again.scheduler().GetFrameworkID().GetValue())
	require.Equal(t, "fw-1", again.scheduler().Subscribe.FrameworkInfo.GetID().GetValue())
	again.end()
}

func TestSubscribeWithOldMesos(t *testing.T) {
	t.Parallel()
	m := newFakeServer(t, "1.1.3")
	newTestScheduler(t, m.address(), func(c *SchedulerConfig) { c.Framework.Role = "storage" })
	c := m.next()
	info := c.scheduler().Subscribe.FrameworkInfo
	require.Equal(t, "storage", info.GetRole())
	require.Empty(t, info.Roles)
	for _, capability := range info.Capabilities {
		require.NotEqual(t, wire.FrameworkInfo_Capability_MULTI_ROLE, capability.Type)
	}
	c.answer(http.StatusServiceUnavailable, "")
}

func TestFollowsTheLeader(t *testing.T) {
	t.Parallel()
	follower, leader := newFakeServer(t, "1.11.0"), newFakeServer(t, "1.11.0")
	s := newTestScheduler(t, "127.0.0.1:1,"+follower.address(), nil)
	c := follower.next()
	c.redirect("//" + leader.address() + "/master/api/v1/scheduler")
	stream := subscribed(leader, s)
	defer stream.end()
	done := make(chan error, 1)
	go func() { done <- s.Call(t.Context(), mesos.Revive{}) }()
	leader.next().answer(http.StatusAccepted, "")
	require.NoError(t, next(t, done))
}

func TestMissedHeartbeats(t *testing.T) {
	t.Parallel()
	m := newFakeServer(t, "1.11.0")
	s := newTestScheduler(t, m.address(), nil)
	c := m.next()
	c.open("stream-1")
	c.send(subscribedEvent("fw-1", 20*time.Millisecond))
	nextOf[mesos.Subscribed](t, s.Events())
	// One heartbeat keeps it; the time that the consumer takes does not count.
	c.send(&scheduler.Event{Type: scheduler.Event_HEARTBEAT})
	require.ErrorContains(t, nextOf[mesos.Disconnected](t, s.Events()).Err, "no heartbeat for 100ms")
	require.ErrorIs(t, s.Call(t.Context(), mesos.Revive{}), mesos.ErrDisconnected)
	defer subscribed(m, s).end()
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		name   string
		code   int
		text   string
		failed string // or empty: tries again
	}{
		{"unauthorized", http.StatusUnauthorized, "", "answers 401 Unauthorized"},
		{"forbidden", http.StatusForbidden, "not you", "answers 403 Forbidden: not you"},
		{"bad call", http.StatusBadRequest, "role?", "answers 400 Bad Request: role?"},
		{"no leader", http.StatusServiceUnavailable, "No leader elected", ""},
		{"starting", http.StatusNotFound, "", ""},
		{"broken", http.StatusInternalServerError, "", ""},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			m := newFakeServer(t, "1.11.0")
			s := newTestScheduler(t, m.address(), nil)
			m.next().answer(one.code, one.text)
			if one.failed != "" {
				require.Contains(t, nextOf[mesos.Failed](t, s.Events()).Message, one.failed)
				requireClosed(t, s.Events())
				return
			}
			require.ErrorContains(t, nextOf[mesos.Disconnected](t, s.Events()).Err, http.StatusText(one.code))
			defer subscribed(m, s).end()
		})
	}
}

func TestErrorEventEnds(t *testing.T) {
	t.Parallel()
	m := newFakeServer(t, "1.11.0")
	s := newTestScheduler(t, m.address(), nil)
	c := subscribed(m, s)
	c.send(&scheduler.Event{Type: scheduler.Event_ERROR, Error: &scheduler.Event_Error{Message: "Framework has been removed"}})
	require.Equal(t, mesos.Failed{Message: "Framework has been removed"}, next(t, s.Events()))
	requireClosed(t, s.Events())
	require.ErrorIs(t, s.Call(t.Context(), mesos.Revive{}), mesos.ErrDisconnected)
}

func TestBrokenStreams(t *testing.T) {
	t.Parallel()
	for _, one := range []struct{ name, bytes, problem string }{
		{"not recordio", "<html>\n", "not an event stream"},
		{"too large", "99999999999\n", "is larger than"},
		{"cut off", "10\nabc", "EOF"},
		{"not protobuf", "3\nabc", "cannot decode event"},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			m := newFakeServer(t, "1.11.0")
			s := newTestScheduler(t, m.address(), nil)
			c := m.next()
			c.open("")
			c.write(one.bytes)
			c.end()
			require.ErrorContains(t, nextOf[mesos.Disconnected](t, s.Events()).Err, one.problem)
			defer subscribed(m, s).end()
		})
	}
}

func TestSilentMaster(t *testing.T) {
	t.Parallel()
	m := newFakeServer(t, "1.11.0")
	s := newTestScheduler(t, m.address(), func(c *SchedulerConfig) { c.ConnectTimeout = 50 * time.Millisecond })
	m.next() // and no answer
	require.ErrorContains(t, nextOf[mesos.Disconnected](t, s.Events()).Err, "does not answer within 50ms")
}

func TestCalls(t *testing.T) {
	t.Parallel()
	m := newFakeServer(t, "1.11.0")
	s := newTestScheduler(t, m.address(), nil)
	defer subscribed(m, s).end()
	status := mesos.Status{Task: "t", Agent: "a", UUID: []byte("0123456789abcdef")}
	for _, one := range []struct {
		call  mesos.Call
		check func(*scheduler.Call)
	}{
		{mesos.Accept{Offers: []mesos.OfferID{"o"}, Refuse: 2 * time.Second}, func(c *scheduler.Call) {
			require.Equal(t, scheduler.Call_ACCEPT, c.Type)
			require.Empty(t, c.Accept.Operations)
			require.InDelta(t, 2, c.Accept.Filters.GetRefuseSeconds(), 0)
		}},
		{mesos.Decline{Offers: []mesos.OfferID{"o", "p"}}, func(c *scheduler.Call) {
			require.Len(t, c.Decline.OfferIDs, 2)
			require.NotNil(t, c.Decline.Filters.RefuseSeconds, "unset would mean 5 s")
		}},
		{mesos.Suppress{}, func(c *scheduler.Call) { require.Equal(t, scheduler.Call_SUPPRESS, c.Type) }},
		{mesos.Revive{}, func(c *scheduler.Call) { require.Equal(t, scheduler.Call_REVIVE, c.Type) }},
		{mesos.Kill{Task: "t"}, func(c *scheduler.Call) {
			require.Equal(t, "t", c.Kill.TaskID.Value)
			require.Nil(t, c.Kill.AgentID)
		}},
		{mesos.ShutdownExecutor{Agent: "a", Executor: "e"}, func(c *scheduler.Call) {
			require.Equal(t, "e", c.Shutdown.ExecutorID.Value)
			require.Equal(t, "a", c.Shutdown.AgentID.Value)
		}},
		{mesos.Acknowledge{Status: status}, func(c *scheduler.Call) {
			require.Equal(t, status.UUID, c.Acknowledge.UUID)
		}},
		{mesos.Reconcile{Tasks: []mesos.TaskRef{{Task: "t"}, {Task: "u", Agent: "a"}}}, func(c *scheduler.Call) {
			require.Nil(t, c.Reconcile.Tasks[0].AgentID)
			require.Equal(t, "a", c.Reconcile.Tasks[1].AgentID.Value)
		}},
		{mesos.Reconcile{}, func(c *scheduler.Call) { require.NotNil(t, c.Reconcile) }},
		{mesos.SendMessage{Agent: "a", Executor: "e", Data: []byte("d")}, func(c *scheduler.Call) {
			require.Equal(t, []byte("d"), c.Message.Data)
		}},
		{mesos.Teardown{}, func(c *scheduler.Call) { require.Equal(t, scheduler.Call_TEARDOWN, c.Type) }},
	} {
		done := make(chan error, 1)
		go func() { done <- s.Call(t.Context(), one.call) }()
		c := m.next()
		require.Equal(t, "stream-1", c.header.Get(streamHeader))
		require.Equal(t, "fw-1", c.scheduler().FrameworkID.Value)
		one.check(c.scheduler())
		c.answer(http.StatusAccepted, "")
		require.NoError(t, next(t, done), "%T", one.call)
	}
}

func TestCallsThatFail(t *testing.T) {
	t.Parallel()
	m := newFakeServer(t, "1.11.0")
	s := newTestScheduler(t, m.address(), func(c *SchedulerConfig) { c.CallTimeout = 50 * time.Millisecond })
	require.ErrorIs(t, s.Call(t.Context(), mesos.Revive{}), mesos.ErrDisconnected)
	defer subscribed(m, s).end()
	done := make(chan error, 1)

	go func() { done <- s.Call(t.Context(), mesos.Revive{}) }()
	m.next().answer(http.StatusTemporaryRedirect, "")
	require.ErrorIs(t, next(t, done), mesos.ErrDisconnected)

	go func() { done <- s.Call(t.Context(), mesos.Revive{}) }()
	m.next().answer(http.StatusForbidden, "Framework is not subscribed")
	require.ErrorContains(t, next(t, done), "cannot send REVIVE: ")

	go func() { done <- s.Call(t.Context(), mesos.Revive{}) }()
	m.next() // and no answer
	require.ErrorIs(t, next(t, done), context.DeadlineExceeded)

	special := mesos.TaskInfo{ID: "t", Resources: []mesos.Resource{{Name: "disk", Special: true}}}
	require.ErrorContains(t, s.Call(t.Context(), mesos.Accept{Tasks: []mesos.TaskInfo{special}}), `cannot launch task "t": cannot take resource "disk"`)
}

func TestEventsAreTranslated(t *testing.T) {
	t.Parallel()
	m := newFakeServer(t, "1.11.0")
	s := newTestScheduler(t, m.address(), nil)
	c := subscribed(m, s)
	defer c.end()
	agent, executorID := wire.AgentID{Value: "a"}, wire.ExecutorID{Value: "e"}
	for _, one := range []struct {
		event *scheduler.Event
		want  mesos.Event
	}{
		{&scheduler.Event{Type: scheduler.Event_RESCIND, Rescind: &scheduler.Event_Rescind{OfferID: wire.OfferID{Value: "o"}}}, mesos.Rescinded{Offer: "o"}},
		{&scheduler.Event{Type: scheduler.Event_MESSAGE, Message: &scheduler.Event_Message{AgentID: agent, ExecutorID: executorID, Data: []byte("d")}},
			mesos.Message{Agent: "a", Executor: "e", Data: []byte("d")}},
		{&scheduler.Event{Type: scheduler.Event_FAILURE, Failure: &scheduler.Event_Failure{AgentID: &agent}}, mesos.AgentLost{Agent: "a"}},
		{&scheduler.Event{Type: scheduler.Event_FAILURE, Failure: &scheduler.Event_Failure{AgentID: &agent, ExecutorID: &executorID, Status: ptr(int32(1792))}},
			mesos.ExecutorLost{Agent: "a", Executor: "e", WaitStatus: 1792}},
		{&scheduler.Event{Type: scheduler.Event_UPDATE, Update: &scheduler.Event_Update{Status: wire.TaskStatus{
			TaskID: wire.TaskID{Value: "t"}, State: wire.TASK_UNREACHABLE.Enum(), AgentID: &agent, Message: ptr("m"),
			Source: wire.SOURCE_MASTER.Enum(), Reason: wire.REASON_AGENT_REMOVED.Enum(), Timestamp: ptr(1.5), Healthy: ptr(true),
		}}}, mesos.Update{Status: mesos.Status{
			Task: "t", Agent: "a", State: mesos.TaskUnreachable, Message: "m", Source: "SOURCE_MASTER", Reason: "REASON_AGENT_REMOVED",
			Time: time.UnixMicro(1500000), Healthy: ptr(true),
		}}},
	} {
		c.send(&scheduler.Event{Type: scheduler.Event_HEARTBEAT}, one.event)
		require.Equal(t, one.want, next(t, s.Events()))
	}
}

func TestOffersOfBothFormats(t *testing.T) {
	t.Parallel()
	for _, refined := range []bool{true, false} {
		m := newFakeServer(t, "1.11.0")
		s := newTestScheduler(t, m.address(), nil)
		c := subscribed(m, s)
		cpus := wire.Resource{Name: "cpus", Type: wire.SCALAR.Enum(), Scalar: &wire.Value_Scalar{Value: 2}, AllocationInfo: &wire.Resource_AllocationInfo{Role: ptr("r")}}
		dynamic := wire.Resource_ReservationInfo_DYNAMIC.Enum()
		if refined {
			cpus.Reservations = []wire.Resource_ReservationInfo{{Type: dynamic, Role: ptr("r"), Principal: ptr("p"), Labels: labelsTo(map[string]string{"k": "v"})}}
		} else {
			cpus.Role, cpus.Reservation = ptr("r"), &wire.Resource_ReservationInfo{Principal: ptr("p"), Labels: labelsTo(map[string]string{"k": "v"})}
		}
		volume := wire.Resource{Name: "disk", Type: wire.SCALAR.Enum(), Scalar: &wire.Value_Scalar{Value: 9}, Disk: &wire.Resource_DiskInfo{}}
		offer := wire.Offer{
			ID: wire.OfferID{Value: "o"}, AgentID: wire.AgentID{Value: "a"}, Hostname: "h", Resources: []wire.Resource{cpus, volume},
			Attributes: []wire.Attribute{
				{Name: "rack", Type: wire.TEXT, Text: &wire.Value_Text{Value: "r1"}}, {Name: "cores", Type: wire.SCALAR, Scalar: &wire.Value_Scalar{Value: 2.5}},
				{Name: "span", Type: wire.RANGES, Ranges: &wire.Value_Ranges{Range: []wire.Value_Range{{Begin: 1, End: 2}, {Begin: 5, End: 5}}}},
				{Name: "set", Type: wire.SET, Set: &wire.Value_Set{Item: []string{"x", "y"}}},
			},
			ExecutorIDs: []wire.ExecutorID{{Value: "e"}},
		}
		c.send(&scheduler.Event{Type: scheduler.Event_OFFERS, Offers: &scheduler.Event_Offers{Offers: []wire.Offer{offer}}})
		got := nextOf[mesos.Offers](t, s.Events()).Offers[0]
		reserved := mesos.Resource{
			Name: "cpus", Scalar: 2, AllocatedTo: "r",
			Reservations: []mesos.Reservation{{Role: "r", Dynamic: true, Principal: "p", Labels: map[string]string{"k": "v"}}},
		}
		require.Equal(t, mesos.Offer{
			ID: "o", Agent: "a", Host: "h", Resources: []mesos.Resource{reserved, {Name: "disk", Scalar: 9, Special: true}},
			Attributes: []mesos.Attribute{{Name: "rack", Value: "r1"}, {Name: "cores", Value: "2.5"}, {Name: "span", Value: "[1-2, 5-5]"}, {Name: "set", Value: "{x, y}"}},
			Executors:  []mesos.ExecutorID{"e"},
		}, got)

		// What a task takes goes back in the same format.
		reserved.Scalar, cpus.Scalar.Value = 1, 1
		go func() {
			task := mesos.TaskInfo{ID: "t", Resources: []mesos.Resource{reserved}, Executor: mesos.ExecutorInfo{ID: "e"}}
			_ = s.Call(context.Background(), mesos.Accept{Offers: []mesos.OfferID{"o"}, Tasks: []mesos.TaskInfo{task}})
		}()
		accept := m.next()
		require.Equal(t, []wire.Resource{cpus}, accept.scheduler().Accept.Operations[0].Launch.TaskInfos[0].Resources)
		accept.answer(http.StatusAccepted, "")
		c.end()
	}
}

func TestCloseInTheMiddle(t *testing.T) {
	t.Parallel()
	m := newFakeServer(t, "1.11.0")
	s := newTestScheduler(t, m.address(), nil)
	c := m.next()
	c.open("")
	c.send(subscribedEvent("fw-1", time.Minute), subscribedEvent("fw-1", time.Minute)) // nobody takes them
	require.NoError(t, s.Close())
	requireClosed(t, s.Events())
	require.NoError(t, s.Close())
}

func TestBadAddresses(t *testing.T) {
	t.Parallel()
	for _, masters := range []string{"", "ftp://x", "http://", "a,,b", "http://[::1"} {
		_, err := NewScheduler(t.Context(), SchedulerConfig{Masters: masters})
		require.ErrorContains(t, err, "cannot use Mesos address", masters)
	}
}

func TestParseMaster(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"h": "http://h:5050", "h:1": "http://h:1", "http://h": "http://h:5050", "https://h/mesos/": "https://h/mesos", "[::1]:7": "http://[::1]:7",
	} {
		got, err := parseMaster(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got, in)
	}
}

func TestPing(t *testing.T) {
	t.Parallel()
	plain := newFakeServer(t, "")
	_, err := Ping(t.Context(), "127.0.0.1:1")
	require.ErrorContains(t, err, "no Mesos at 127.0.0.1:1: ")
	require.ErrorContains(t, err, "connection refused")
	_, err = Ping(t.Context(), plain.address())
	require.ErrorContains(t, err, "is no Mesos master")
	_, err = Ping(t.Context(), newFakeServer(t, "1.11.0").address())
	require.ErrorContains(t, err, "knows no leading master")
	var answer *answerError
	require.False(t, errors.As(err, &answer))
}
