package devcluster

import (
	"bytes"
	"time"

	"github.com/google/uuid"
	wire "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

type taskKey struct{ framework, task string }

// updateStream carries the updates of one task to its scheduler, at least once and
// in order: the next goes out when the one before was acknowledged. It lives from
// the launch until the acknowledgement of a terminal update.
type updateStream struct {
	key      taskKey
	executor string
	task     wire.TaskInfo
	state    wire.TaskState // of the latest update
	pending  []wire.TaskStatus
	seen     map[string]bool // UUIDs
	retry    *time.Timer
	wait     time.Duration
}

const maxUpdateRetry = 10 * time.Minute

func (s *updateStream) stop() {
	if s.retry != nil {
		s.retry.Stop()
		s.retry = nil
	}
}

func (a *agent) openStream(framework string, info wire.TaskInfo) *updateStream {
	s := &updateStream{
		key: taskKey{framework, info.TaskID.Value}, executor: info.Executor.ExecutorID.Value,
		task: info, state: wire.TASK_STAGING, seen: map[string]bool{},
	}
	a.streams[s.key] = s
	return s
}

// agentUpdate is one that the agent makes itself.
func (a *agent) agentUpdate(s *updateStream, state wire.TaskState, reason wire.TaskStatus_Reason, text string) {
	id := uuid.New()
	a.append(s, wire.TaskStatus{
		TaskID: s.task.TaskID, State: &state, Source: wire.SOURCE_AGENT.Enum(), Reason: &reason, Message: &text,
		ExecutorID: &wire.ExecutorID{Value: s.executor}, UUID: id[:], Timestamp: ptr(now()),
	})
}

// executorUpdate takes an update from an executor and confirms that it is kept.
func (a *agent) executorUpdate(run *executorRun, status wire.TaskStatus) {
	if run.framework.terminating {
		return // as Mesos: no scheduler will ever acknowledge it, so it is not taken
	}
	if s := a.streams[taskKey{run.key.framework, status.TaskID.Value}]; s != nil {
		status.ExecutorID = &wire.ExecutorID{Value: run.id}
		a.append(s, status)
	} else {
		a.log.Warn("update of an unknown task", "task", status.TaskID.Value, "executor", run.id)
	}
	run.send(&executor.Event{Type: executor.Event_ACKNOWLEDGED, Acknowledged: &executor.Event_Acknowledged{TaskID: status.TaskID, UUID: status.UUID}})
}

func (a *agent) append(s *updateStream, status wire.TaskStatus) {
	if s.seen[string(status.UUID)] {
		return
	}
	s.seen[string(status.UUID)] = true
	status.AgentID = &wire.AgentID{Value: a.id}
	s.state = status.GetState()
	s.pending = append(s.pending, status)
	if terminal(s.state) {
		if run := a.run(executorKey{s.key.framework, s.executor}); run != nil {
			delete(run.launched, s.key.task)
		}
	}
	if len(s.pending) == 1 {
		a.forward(s)
		return
	}
	// What waits is not sent, but the master hears of a terminal state at once.
	if link := a.link(); link != nil && terminal(s.state) {
		if f := a.c.master.frameworks[s.key.framework]; f != nil && f.tasks[s.key.task] != nil {
			f.tasks[s.key.task].state = s.state
		}
	}
}

// forward sends the oldest update, and again until it is acknowledged.
func (a *agent) forward(s *updateStream) {
	s.stop()
	s.wait = a.c.config.Timing.UpdateRetry
	a.sendAgain(s)
}

func (a *agent) sendAgain(s *updateStream) {
	if len(s.pending) == 0 {
		return
	}
	status := s.pending[0]
	if a.link() != nil {
		a.deliver(s, status)
	}
	s.retry = a.c.after(s.wait, func() {
		if a.streams[s.key] == s && len(s.pending) > 0 && bytes.Equal(s.pending[0].UUID, status.UUID) {
			s.wait = min(2*s.wait, maxUpdateRetry)
			a.sendAgain(s)
		}
	})
}

// deliver hands an update to the master, by way of the faults that a test wants.
func (a *agent) deliver(s *updateStream, status wire.TaskStatus) {
	copies, delay := 1, time.Duration(0)
	if a.c.onUpdate != nil {
		copies, delay = a.c.onUpdate(Update{
			Framework: mesos.FrameworkID(s.key.framework), Task: mesos.TaskID(s.key.task), State: mesos.TaskState(status.GetState().String()),
		})
	}
	for range copies {
		if delay == 0 {
			a.c.master.statusUpdate(a.link(), s.key.framework, status, s.state)
			continue
		}
		a.c.after(delay, func() {
			if link := a.link(); link != nil {
				a.c.master.statusUpdate(link, s.key.framework, status, s.state)
			}
		})
	}
}

// acknowledged drops an update that the scheduler has, and sends the next.
func (a *agent) acknowledged(key taskKey, id []byte) {
	s := a.streams[key]
	if s == nil || len(s.pending) == 0 || !bytes.Equal(s.pending[0].UUID, id) {
		return // a duplicate
	}
	s.stop()
	last := s.pending[0]
	s.pending = s.pending[1:]
	if terminal(last.GetState()) {
		delete(a.streams, key)
		a.forget(key.framework)
		return
	}
	if len(s.pending) > 0 {
		a.forward(s)
	}
}

// resendUpdates sends at once what a scheduler that came back may not have.
func (a *agent) resendUpdates(framework string, info wire.FrameworkInfo) {
	if af := a.frameworks[framework]; af != nil {
		af.info = info
	}
	for key, s := range a.streams {
		if key.framework == framework {
			a.forward(s)
		}
	}
}
