package devcluster

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// handler serves what a master serves, with and without the "/master" prefix.
func (m *master) handler() http.Handler {
	mux := http.NewServeMux()
	for _, prefix := range []string{"", "/master"} {
		mux.HandleFunc(prefix+"/api/v1/scheduler", m.serveScheduler)
		mux.HandleFunc("GET "+prefix+"/state", m.c.locked(func() any { return m.state() }))
		mux.HandleFunc("GET "+prefix+"/health", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
		mux.HandleFunc("GET "+prefix+"/redirect", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "//"+m.address)
			w.WriteHeader(http.StatusTemporaryRedirect)
		})
	}
	mux.HandleFunc("GET /{$}", serveSigns("master", "/state", "/version", "/metrics/snapshot"))
	mux.HandleFunc("GET /version", serveVersion)
	mux.HandleFunc("GET /metrics/snapshot", m.c.locked(func() any { return m.metrics() }))
	return mux
}

// serveSigns tells a person who opens the address in a browser what is here.
func serveSigns(what string, paths ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintf(w, "A %s of the Mesos that is embedded in alluxio-mesos: it has no pages.\nIt answers %s.\n", what, strings.Join(paths, ", "))
	}
}

func serveVersion(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, map[string]string{"version": mesosVersion, "git_tag": "embedded"})
}

// locked answers with what f finds under the cluster's lock.
func (c *Cluster) locked(f func() any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		c.mu.Lock()
		v := f()
		c.mu.Unlock()
		writeJSON(w, v)
	}
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", jsonType)
	// An error here is the client's going away.
	_ = json.NewEncoder(w).Encode(v)
}

func (m *master) serveScheduler(w http.ResponseWriter, r *http.Request) {
	call := &scheduler.Call{}
	if no := readCall(r, call); no != nil {
		no.write(w)
		return
	}
	if call.Type == scheduler.Call_SUBSCRIBE {
		m.serveSubscribe(w, r, call)
		return
	}
	if no := m.dispatch(call, r); no != nil {
		no.write(w)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

func (m *master) serveSubscribe(w http.ResponseWriter, r *http.Request, call *scheduler.Call) {
	e, ok := encodingFor(r.Header.Get("Accept"))
	if !ok {
		http.Error(w, "Expecting 'Accept' to allow "+jsonType+" or "+protobufType, http.StatusNotAcceptable)
		return
	}
	m.c.mu.Lock()
	if m.down {
		m.c.mu.Unlock()
		http.Error(w, "No leader elected", http.StatusServiceUnavailable)
		return
	}
	f, out, no := m.subscribe(call, e)
	streamID := ""
	if f != nil {
		streamID = f.streamID
	}
	m.c.mu.Unlock()
	if no != nil {
		no.write(w)
		return
	}
	err := answerStream(w, r, out, streamID)
	m.c.mu.Lock()
	defer m.c.mu.Unlock()
	if f != nil && !m.down {
		m.log.Info("scheduler's stream ended", "framework", f.id, "error", err)
		m.disconnect(f, out)
	}
}

// dispatch performs any call but SUBSCRIBE.
func (m *master) dispatch(call *scheduler.Call, r *http.Request) *refusal {
	m.c.mu.Lock()
	defer m.c.mu.Unlock()
	if m.down {
		return &refusal{http.StatusServiceUnavailable, "No leader elected"}
	}
	f, no := m.checkStream(call, r)
	if no != nil {
		return no
	}
	if no := complete(call); no != nil {
		return no
	}
	switch call.Type {
	case scheduler.Call_TEARDOWN:
		m.removeFramework(f)
	case scheduler.Call_ACCEPT:
		m.accept(f, call.Accept)
	case scheduler.Call_DECLINE:
		m.decline(f, call.Decline)
	case scheduler.Call_REVIVE:
		m.revive(f)
	case scheduler.Call_SUPPRESS:
		f.suppressed = true
	case scheduler.Call_KILL:
		m.kill(f, call.Kill)
	case scheduler.Call_SHUTDOWN:
		m.shutdownExecutor(f, call.Shutdown)
	case scheduler.Call_ACKNOWLEDGE:
		m.acknowledge(f, call.Acknowledge)
	case scheduler.Call_RECONCILE:
		m.reconcile(f, call.Reconcile)
	case scheduler.Call_MESSAGE:
		m.message(f, call.Message)
	case scheduler.Call_REQUEST, scheduler.Call_DECLINE_INVERSE_OFFERS, scheduler.Call_ACCEPT_INVERSE_OFFERS:
		// Without effect on a cluster that has neither quota nor maintenance.
	default:
		return &refusal{http.StatusNotImplemented, "this embedded master does not know " + call.Type.String()}
	}
	return nil
}

// complete says whether a call has the part that its type names.
func complete(call *scheduler.Call) *refusal {
	missing := map[scheduler.Call_Type]bool{
		scheduler.Call_ACCEPT: call.Accept == nil, scheduler.Call_DECLINE: call.Decline == nil, scheduler.Call_KILL: call.Kill == nil,
		scheduler.Call_SHUTDOWN: call.Shutdown == nil, scheduler.Call_ACKNOWLEDGE: call.Acknowledge == nil,
		scheduler.Call_RECONCILE: call.Reconcile == nil, scheduler.Call_MESSAGE: call.Message == nil,
	}
	if missing[call.Type] {
		return badRequest("Failed to validate scheduler::Call: the call's own field is not present")
	}
	return nil
}
