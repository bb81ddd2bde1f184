package v1

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	wire "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
	"github.com/mesos/mesos-go/api/v1/lib/recordio"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

const patience = 10 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeServer is a master or an agent of which a test writes each answer itself.
type fakeServer struct {
	t      *testing.T
	server *httptest.Server
	// calls come here, subscriptions too; the test must take them.
	calls chan *fakeCall
}

// fakeCall is one request, held until the test answers it. Only its handler's own
// goroutine touches the answer, as net/http wants it.
type fakeCall struct {
	t       *testing.T
	path    string
	header  http.Header
	body    []byte
	actions chan func(http.ResponseWriter) (more bool)
	over    chan struct{}
}

func newFakeServer(t *testing.T, version string) *fakeServer {
	f := &fakeServer{t: t, calls: make(chan *fakeCall, 100)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"version":"`+version+`"}`)
	})
	mux.HandleFunc("POST /", f.hold)
	f.server = httptest.NewServer(mux)
	t.Cleanup(func() {
		f.server.CloseClientConnections()
		f.server.Close()
	})
	return f
}

func (f *fakeServer) hold(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	call := &fakeCall{t: f.t, path: r.URL.Path, header: r.Header, body: body, actions: make(chan func(http.ResponseWriter) bool), over: make(chan struct{})}
	defer close(call.over)
	f.calls <- call
	for {
		select {
		case act := <-call.actions:
			if !act(w) {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

func (c *fakeCall) do(act func(http.ResponseWriter) bool) {
	select {
	case c.actions <- act:
	case <-c.over: // the client is gone
	}
}

func (f *fakeServer) address() string { return strings.TrimPrefix(f.server.URL, "http://") }

func (f *fakeServer) next() *fakeCall {
	f.t.Helper()
	select {
	case c := <-f.calls:
		return c
	case <-time.After(patience):
		require.FailNow(f.t, "no call came")
		return nil
	}
}

func (c *fakeCall) scheduler() *scheduler.Call {
	c.t.Helper()
	call := &scheduler.Call{}
	require.NoError(c.t, call.Unmarshal(c.body))
	return call
}

func (c *fakeCall) executor() *executor.Call {
	c.t.Helper()
	call := &executor.Call{}
	require.NoError(c.t, call.Unmarshal(c.body))
	return call
}

func (c *fakeCall) answer(code int, text string) {
	c.do(func(w http.ResponseWriter) bool {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text)
		return false
	})
}

func (c *fakeCall) redirect(location string) {
	c.do(func(w http.ResponseWriter) bool {
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusTemporaryRedirect)
		return false
	})
}

// open begins a stream; send adds events, write anything; end closes it.
func (c *fakeCall) open(streamID string) {
	c.do(func(w http.ResponseWriter) bool {
		w.Header().Set("Content-Type", protobufType)
		w.Header().Set(streamHeader, streamID)
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		return true
	})
}

func (c *fakeCall) send(events ...message) {
	c.t.Helper()
	var out bytes.Buffer
	for _, e := range events {
		frame, err := e.Marshal()
		require.NoError(c.t, err)
		require.NoError(c.t, recordio.NewWriter(&out).WriteFrame(frame))
	}
	c.write(out.String())
}

func (c *fakeCall) write(text string) {
	c.do(func(w http.ResponseWriter) bool {
		_, _ = io.WriteString(w, text) // the client may hang up in the middle
		w.(http.Flusher).Flush()
		return true
	})
}

func (c *fakeCall) end() { c.do(func(http.ResponseWriter) bool { return false }) }

func subscribedEvent(id string, heartbeat time.Duration) *scheduler.Event {
	return &scheduler.Event{Type: scheduler.Event_SUBSCRIBED, Subscribed: &scheduler.Event_Subscribed{
		FrameworkID: &wire.FrameworkID{Value: id}, HeartbeatIntervalSeconds: ptr(heartbeat.Seconds()),
		MasterInfo: &wire.MasterInfo{ID: "m", Port: ptr(uint32(1)), Version: ptr("1.11.0")},
	}}
}

func next[E any](t *testing.T, events <-chan E) E {
	t.Helper()
	select {
	case e, ok := <-events:
		require.True(t, ok, "the channel of events is closed")
		return e
	case <-time.After(patience):
		require.FailNow(t, "no event came")
		panic("unreachable")
	}
}

// nextOf takes an event, which has to be of the type.
func nextOf[T any, E any](t *testing.T, events <-chan E) T {
	t.Helper()
	e := next(t, events)
	out, ok := any(e).(T)
	require.True(t, ok, "%T %+v", e, e)
	return out
}

func requireClosed[E any](t *testing.T, events <-chan E) {
	t.Helper()
	select {
	case e, ok := <-events:
		require.False(t, ok, "%+v", e)
	case <-time.After(patience):
		require.FailNow(t, "the channel of events is not closed")
	}
}

func basicHeader(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

var _ mesos.Scheduler = (*schedulerConn)(nil)
