package devcluster

import (
	"net/http"

	"github.com/google/uuid"
	wire "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// handler serves what an agent serves, with and without its prefix.
func (a *agent) handler() http.Handler {
	mux := http.NewServeMux()
	for _, prefix := range []string{"", "/slave(1)"} {
		mux.HandleFunc(prefix+"/api/v1/executor", a.serveExecutor)
		mux.HandleFunc("GET "+prefix+"/state", a.c.locked(func() any { return a.state() }))
		mux.HandleFunc("GET "+prefix+"/health", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	}
	mux.HandleFunc("GET /{$}", serveSigns("agent", "/state", "/version"))
	mux.HandleFunc("GET /version", serveVersion)
	return mux
}

func (a *agent) serveExecutor(w http.ResponseWriter, r *http.Request) {
	call := &executor.Call{}
	if no := readCall(r, call); no != nil {
		no.write(w)
		return
	}
	if call.Type == executor.Call_SUBSCRIBE {
		a.serveSubscribe(w, r, call)
		return
	}
	if no := a.dispatch(call); no != nil {
		no.write(w)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// caller finds the executor that a call comes from.
func (a *agent) caller(call *executor.Call) (*executorRun, *refusal) {
	if !a.up {
		return nil, &refusal{http.StatusServiceUnavailable, "Agent is not there"} // killed while the call was on its way
	}
	if a.frameworks[call.FrameworkID.Value] == nil {
		return nil, badRequest("Framework cannot be found")
	}
	run := a.run(executorKey{call.FrameworkID.Value, call.ExecutorID.Value})
	if run == nil {
		return nil, badRequest("Executor cannot be found")
	}
	return run, nil
}

func (a *agent) serveSubscribe(w http.ResponseWriter, r *http.Request, call *executor.Call) {
	e, ok := encodingFor(r.Header.Get("Accept"))
	if !ok {
		http.Error(w, "Expecting 'Accept' to allow "+jsonType+" or "+protobufType, http.StatusNotAcceptable)
		return
	}
	a.c.mu.Lock()
	run, no := a.caller(call)
	if no != nil {
		a.c.mu.Unlock()
		no.write(w)
		return
	}
	out := newOutbox(e)
	run.subscribed(out, call.Subscribe)
	a.c.mu.Unlock()
	err := answerStream(w, r, out, "")
	a.c.mu.Lock()
	defer a.c.mu.Unlock()
	if run.out == out {
		run.out = nil
		run.log.Info("executor's stream ended", "error", err)
	}
}

// dispatch performs any call but SUBSCRIBE.
func (a *agent) dispatch(call *executor.Call) *refusal {
	a.c.mu.Lock()
	defer a.c.mu.Unlock()
	run, no := a.caller(call)
	if no != nil {
		return no
	}
	if run.out == nil {
		return &refusal{http.StatusForbidden, "Executor is not subscribed"}
	}
	switch call.Type {
	case executor.Call_UPDATE:
		status := call.GetUpdate().GetStatus()
		if problem := validateStatus(&status, call.ExecutorID.Value); problem != "" {
			return badRequest("Failed to validate executor::Call: " + problem)
		}
		a.executorUpdate(run, status)
	case executor.Call_MESSAGE:
		if link := a.link(); link != nil {
			a.c.master.executorMessage(link, run.key, call.GetMessage().GetData())
		}
	case executor.Call_HEARTBEAT:
	default:
		return &refusal{http.StatusNotImplemented, "this embedded agent does not know " + call.Type.String()}
	}
	return nil
}

func validateStatus(s *wire.TaskStatus, executorID string) string {
	id, err := uuid.FromBytes(s.UUID)
	switch {
	case len(s.UUID) == 0:
		return "Expecting 'uuid' to be present"
	case err != nil || id.Variant() != uuid.RFC4122:
		return "Not a valid UUID"
	case s.ExecutorID != nil && s.ExecutorID.Value != executorID:
		return "ExecutorID in Call: " + executorID + " does not match ExecutorID in TaskStatus: " + s.ExecutorID.Value
	case s.GetSource() != wire.SOURCE_EXECUTOR:
		return "Received Call from executor " + executorID + " with invalid source, expecting 'SOURCE_EXECUTOR'"
	case s.GetState() == wire.TASK_STAGING:
		return "Received TASK_STAGING from executor " + executorID + " which is not allowed"
	}
	return ""
}

func (a *agent) state() object {
	frameworks := []object{}
	for id, af := range a.frameworks {
		executors := []object{}
		for _, run := range af.executors {
			tasks := []object{}
			for key, s := range a.streams {
				if key.framework == id && s.executor == run.id {
					tasks = append(tasks, object{"id": key.task, "state": s.state.String()})
				}
			}
			pid := 0
			if run.process != nil {
				pid = run.process.pid
			}
			executors = append(executors, object{"id": run.id, "directory": run.dir, "container": run.runID, "tasks": tasks, "pid": pid})
		}
		frameworks = append(frameworks, object{"id": id, "name": af.info.Name, "executors": executors})
	}
	return object{"id": a.id, "pid": a.pid(), "hostname": a.config.Host, "version": mesosVersion, "resources": amounts(a.total), "frameworks": frameworks}
}
