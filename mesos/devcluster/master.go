package devcluster

import (
	"fmt"
	"log/slog"
	"net"
	"sort"
	"strconv"
	"time"

	"github.com/google/uuid"
	wire "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// mesosVersion is the Mesos whose behaviour this is.
const mesosVersion = "1.11.0"

// master is the leading master. It lives until it fails over; then another takes
// its place at the same address and learns everything from agents and frameworks.
// All methods want the cluster's lock held, but for the HTTP handlers.
type master struct {
	c       *Cluster
	log     *slog.Logger
	id      string
	address string
	started time.Time
	server  *server
	down    bool

	frameworks map[string]*framework
	removed    map[string]*framework
	slaves     map[string]*slave
	offers     map[string]*offer
	counters   struct{ frameworks, slaves, offers int }
}

// slave is an agent as the master sees it.
type slave struct {
	agent     *agent
	id        string
	total     pool
	active    bool // connected
	executors map[executorKey]*wire.ExecutorInfo
	lost      *time.Timer // runs while not connected
	joined    time.Time
}

type executorKey struct{ framework, executor string }

// task is a task as the master sees it.
type task struct {
	info  wire.TaskInfo
	agent string
	// state of the task, and of the last update that was forwarded: an update that
	// waits for an older one's acknowledgement is ahead.
	state, forwarded wire.TaskState
	uuid             []byte // of the last forwarded update
	statuses         []wire.TaskStatus
	taken            pool
}

func newMaster(c *Cluster) *master {
	return &master{
		c: c, log: c.log.With("mesos", "master"), id: uuid.NewString(), started: time.Now(),
		frameworks: map[string]*framework{}, removed: map[string]*framework{},
		slaves: map[string]*slave{}, offers: map[string]*offer{},
	}
}

func (m *master) info() *wire.MasterInfo {
	host, portText, _ := net.SplitHostPort(m.address)
	port, _ := strconv.Atoi(portText)
	pid, version := "master@"+m.address, mesosVersion
	return &wire.MasterInfo{
		// The address in network byte order, as Mesos has it: 127.0.0.1.
		ID: m.id, IP: 0x0100007f, Port: ptr(uint32(port)), PID: &pid, Hostname: &host, Version: &version,
		Address: &wire.Address{Hostname: &host, IP: &host, Port: int32(port)},
	}
}

// register takes in an agent, new or back, with what it runs.
func (m *master) register(a *agent) {
	if a.id == "" {
		a.id = fmt.Sprintf("%s-S%d", m.id, m.counters.slaves)
		m.counters.slaves++
	}
	s, known := m.slaves[a.id]
	if !known {
		s = &slave{agent: a, id: a.id, total: a.total, executors: map[executorKey]*wire.ExecutorInfo{}, joined: time.Now()}
		m.slaves[a.id] = s
	}
	if s.lost != nil {
		s.lost.Stop()
		s.lost = nil
	}
	s.active = true
	m.takeOver(s)
	m.reconcileAgent(s)
	m.log.Info("agent registered", "agent", a.id, "host", a.config.Host)
	m.allocate()
}

// takeOver learns the frameworks, executors and tasks that run on an agent.
func (m *master) takeOver(s *slave) {
	for id, af := range s.agent.frameworks {
		if m.removed[id] != nil {
			s.agent.shutdownFramework(id)
			continue
		}
		f := m.frameworks[id]
		if f == nil {
			f = m.addFramework(id, af.info)
		}
		for _, run := range af.executors {
			if !run.ended() {
				s.executors[executorKey{id, run.id}] = &run.info
			}
		}
		for key, stream := range s.agent.streams {
			if key.framework == id {
				m.takeOverTask(f, s, stream)
			}
		}
	}
}

func (m *master) takeOverTask(f *framework, s *slave, stream *updateStream) {
	id := stream.task.TaskID.Value
	if _, known := f.tasks[id]; known {
		return
	}
	taken, _ := poolOf(stream.task.Resources) // was checked when it was launched
	t := &task{info: stream.task, agent: s.id, state: stream.state, forwarded: stream.state, taken: taken}
	f.tasks[id] = t
	if _, back := f.unreachable[id]; back {
		delete(f.unreachable, id)
		f.sendStatus(m.status(t, stream.state, wire.REASON_AGENT_REREGISTERED, "Unreachable agent re-reregistered"))
	}
}

// reconcileAgent finds the tasks that the agent should have and has not: it was
// away when they were launched.
func (m *master) reconcileAgent(s *slave) {
	for _, f := range m.frameworks {
		for id, t := range f.tasks {
			if t.agent != s.id || s.agent.streams[taskKey{f.id, id}] != nil {
				continue
			}
			m.endTask(f, t, f.orLost(wire.TASK_DROPPED), wire.REASON_RECONCILIATION, "Task is unknown to the agent")
		}
	}
}

// disconnected notes that the connection to an agent broke.
func (m *master) disconnected(a *agent) {
	s := m.slaves[a.id]
	if s == nil || !s.active {
		return
	}
	s.active = false
	m.rescindOf(func(o *offer) bool { return o.slave == s })
	s.lost = m.c.after(m.c.config.Timing.AgentTimeout, func() {
		if m.slaves[s.id] == s && !s.active && m.c.master == m {
			m.unreachable(s)
		}
	})
}

// unreachable gives up on an agent that was away for too long.
func (m *master) unreachable(s *slave) {
	m.log.Warn("agent is unreachable", "agent", s.id)
	delete(m.slaves, s.id)
	for _, f := range m.sortedFrameworks() {
		for id, t := range f.tasks {
			if t.agent != s.id {
				continue
			}
			delete(f.tasks, id)
			if !terminal(t.state) {
				f.unreachable[id] = t
				f.sendStatus(m.status(t, f.orLost(wire.TASK_UNREACHABLE), wire.REASON_AGENT_REMOVED,
					fmt.Sprintf("Agent %s was unreachable for %s", s.agent.config.Host, m.c.config.Timing.AgentTimeout)))
			}
		}
		f.send(&scheduler.Event{Type: scheduler.Event_FAILURE, Failure: &scheduler.Event_Failure{AgentID: &wire.AgentID{Value: s.id}}})
	}
}

// status is one that the master makes itself; it has no UUID, so nobody
// acknowledges it.
func (m *master) status(t *task, state wire.TaskState, reason wire.TaskStatus_Reason, text string) *wire.TaskStatus {
	out := &wire.TaskStatus{
		TaskID: t.info.TaskID, State: &state, Source: wire.SOURCE_MASTER.Enum(), Reason: &reason,
		AgentID: &wire.AgentID{Value: t.agent}, Timestamp: ptr(now()), Message: &text,
	}
	if t.info.Executor != nil {
		out.ExecutorID = &t.info.Executor.ExecutorID
	}
	return out
}

// endTask records the end of a task that only the master knows of.
func (m *master) endTask(f *framework, t *task, state wire.TaskState, reason wire.TaskStatus_Reason, text string) {
	delete(f.tasks, t.info.TaskID.Value)
	status := m.status(t, state, reason, text)
	t.state, t.statuses = state, append(t.statuses, *status)
	f.completed = append(f.completed, t)
	f.sendStatus(status)
}

// used is what tasks and executors hold on an agent.
func (m *master) used(s *slave) pool {
	out := pool{}
	for _, f := range m.frameworks {
		out = out.plus(m.usedBy(f, s))
	}
	return out
}

func (m *master) usedBy(f *framework, s *slave) pool {
	out := pool{}
	for _, t := range f.tasks {
		if t.agent == s.id && !terminal(t.state) {
			out = out.plus(t.taken)
		}
	}
	for key, info := range s.executors {
		if key.framework == f.id {
			taken, _ := poolOf(info.Resources) // was checked when it was launched
			out = out.plus(taken)
		}
	}
	return out
}

func (m *master) available(s *slave) pool {
	out := s.total.minus(m.used(s))
	for _, o := range m.offers {
		if o.slave == s {
			out = out.minus(o.pool)
		}
	}
	return out
}

func (m *master) sortedFrameworks() []*framework {
	out := make([]*framework, 0, len(m.frameworks))
	for _, f := range m.frameworks {
		out = append(out, f)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].id < out[j].id })
	return out
}

func (m *master) sortedSlaves() []*slave {
	out := make([]*slave, 0, len(m.slaves))
	for _, s := range m.slaves {
		out = append(out, s)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].agent.number < out[j].agent.number })
	return out
}

func terminal(s wire.TaskState) bool {
	switch s {
	case wire.TASK_FINISHED, wire.TASK_FAILED, wire.TASK_KILLED, wire.TASK_ERROR, wire.TASK_LOST, wire.TASK_DROPPED,
		wire.TASK_GONE, wire.TASK_GONE_BY_OPERATOR:
		return true
	}
	return false
}

func ptr[T any](v T) *T { return &v }

func now() float64 { return float64(time.Now().UnixMicro()) / 1e6 }
