package devcluster

import (
	"bytes"

	wire "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// statusUpdate takes an update that an agent forwards. latest is the state that
// the task has by now: resources are free as soon as it is terminal, even while
// older updates wait for their acknowledgement.
func (m *master) statusUpdate(s *slave, frameworkID string, status wire.TaskStatus, latest wire.TaskState) {
	f := m.frameworks[frameworkID]
	if f == nil {
		return // removed: nobody is left to tell
	}
	f.sendStatus(&status)
	t := f.tasks[status.TaskID.Value]
	if t == nil {
		return
	}
	if !terminal(t.state) {
		t.state = latest
	}
	t.forwarded, t.uuid = status.GetState(), status.UUID
	if n := len(t.statuses); n > 0 && t.statuses[n-1].GetState() == status.GetState() {
		t.statuses = t.statuses[:n-1]
	}
	t.statuses = append(t.statuses, status)
}

// acknowledge passes an acknowledgement on to the agent, and forgets a task whose
// end it confirms.
func (m *master) acknowledge(f *framework, call *scheduler.Call_Acknowledge) {
	s := m.slaves[call.GetAgentID().Value]
	if s == nil || !s.active {
		return // the agent sends the update again
	}
	id := call.GetTaskID().Value
	if t := f.tasks[id]; t != nil && terminal(t.forwarded) && bytes.Equal(t.uuid, call.UUID) {
		delete(f.tasks, id)
		f.completed = append(f.completed, t)
	}
	s.agent.acknowledged(taskKey{f.id, id}, call.UUID)
}

// executorExited takes the news of an executor's end.
func (m *master) executorExited(s *slave, key executorKey, waitStatus int) {
	if s.executors[key] == nil {
		return
	}
	delete(s.executors, key)
	if f := m.frameworks[key.framework]; f != nil {
		status := int32(waitStatus)
		f.send(&scheduler.Event{Type: scheduler.Event_FAILURE, Failure: &scheduler.Event_Failure{
			AgentID: &wire.AgentID{Value: s.id}, ExecutorID: &wire.ExecutorID{Value: key.executor}, Status: &status,
		}})
	}
}

// reconcile answers with the latest forwarded state of each task; without tasks,
// of all that are known and not ended.
func (m *master) reconcile(f *framework, call *scheduler.Call_Reconcile) {
	if len(call.GetTasks()) == 0 {
		for _, t := range f.tasks {
			f.sendStatus(m.status(t, t.forwarded, wire.REASON_RECONCILIATION, "Reconciliation: Latest task state"))
		}
		return
	}
	for _, ref := range call.Tasks {
		m.reconcileOne(f, ref)
	}
}

func (m *master) reconcileOne(f *framework, ref scheduler.Call_Reconcile_Task) {
	id, agent := ref.TaskID.Value, ref.AgentID.GetValue()
	if t := f.tasks[id]; t != nil {
		f.sendStatus(m.status(t, t.forwarded, wire.REASON_RECONCILIATION, "Reconciliation: Latest task state"))
		return
	}
	if t := f.unreachable[id]; t != nil {
		f.sendStatus(m.status(t, f.orLost(wire.TASK_UNREACHABLE), wire.REASON_RECONCILIATION, "Reconciliation: Task is unreachable"))
		return
	}
	t := &task{info: wire.TaskInfo{TaskID: ref.TaskID}, agent: agent}
	switch {
	case m.slaves[agent] != nil:
		m.sendUnknown(f, t, wire.TASK_GONE, "Reconciliation: Task is unknown to the agent")
	case m.awaited(agent):
		// An agent that was there before the master failed over: it may bring the task.
	default:
		m.sendUnknown(f, t, wire.TASK_UNKNOWN, "Reconciliation: Task is unknown")
	}
}

func (m *master) sendUnknown(f *framework, t *task, state wire.TaskState, text string) {
	status := m.status(t, f.orLost(state), wire.REASON_RECONCILIATION, text)
	if t.agent == "" {
		status.AgentID = nil
	}
	f.sendStatus(status)
}

// awaited says that an agent exists but has not registered with this master.
func (m *master) awaited(id string) bool {
	for _, a := range m.c.agents {
		if a.id == id && id != "" {
			return !a.reachable()
		}
	}
	return false
}

// kill passes a KILL on; of an unknown task it tells the state instead.
func (m *master) kill(f *framework, call *scheduler.Call_Kill) {
	t := f.tasks[call.GetTaskID().Value]
	if t == nil {
		m.reconcileOne(f, scheduler.Call_Reconcile_Task{TaskID: call.TaskID, AgentID: call.AgentID})
		return
	}
	if s := m.slaves[t.agent]; s != nil && s.active {
		s.agent.killTask(f.id, call.TaskID, call.KillPolicy)
	}
}

func (m *master) shutdownExecutor(f *framework, call *scheduler.Call_Shutdown) {
	if s := m.slaves[call.GetAgentID().Value]; s != nil && s.active {
		s.agent.shutdownExecutor(executorKey{f.id, call.ExecutorID.Value})
	}
}

func (m *master) message(f *framework, call *scheduler.Call_Message) {
	if s := m.slaves[call.GetAgentID().Value]; s != nil && s.active {
		s.agent.message(executorKey{f.id, call.ExecutorID.Value}, call.Data)
	}
}

// executorMessage goes the other way.
func (m *master) executorMessage(s *slave, key executorKey, data []byte) {
	if f := m.frameworks[key.framework]; f != nil {
		f.send(&scheduler.Event{Type: scheduler.Event_MESSAGE, Message: &scheduler.Event_Message{
			AgentID: wire.AgentID{Value: s.id}, ExecutorID: wire.ExecutorID{Value: key.executor}, Data: data,
		}})
	}
}
