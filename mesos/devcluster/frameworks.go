package devcluster

import (
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	wire "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// framework is a framework as the master sees it.
//
//	registered -> connected <-> disconnected -> removed
//
// It is disconnected from the end of its scheduler's stream until the failover
// timeout, and removed then or by TEARDOWN.
type framework struct {
	id         string
	info       wire.FrameworkInfo
	role       string
	refined    bool // takes offers in the format of RESERVATION_REFINEMENT
	partitions bool // knows the states of PARTITION_AWARE

	out        *outbox // to the scheduler; nil while disconnected
	streamID   string
	suppressed bool
	filters    map[string][]filter // by agent
	failover   *time.Timer
	registered time.Time
	ended      time.Time

	tasks       map[string]*task // also those whose end is not acknowledged yet
	unreachable map[string]*task
	completed   []*task
}

func (m *master) addFramework(id string, info wire.FrameworkInfo) *framework {
	f := &framework{id: id, registered: time.Now(), filters: map[string][]filter{}, tasks: map[string]*task{}, unreachable: map[string]*task{}}
	f.introduce(info)
	m.frameworks[id] = f
	return f
}

// introduce takes the scheduler's word on what it is.
func (f *framework) introduce(info wire.FrameworkInfo) {
	info.ID = &wire.FrameworkID{Value: f.id}
	f.info, f.role, f.refined, f.partitions = info, "*", false, false
	if len(info.Roles) > 0 {
		f.role = info.Roles[0]
	} else if info.GetRole() != "" {
		f.role = info.GetRole()
	}
	for _, c := range info.Capabilities {
		switch c.Type {
		case wire.FrameworkInfo_Capability_RESERVATION_REFINEMENT:
			f.refined = true
		case wire.FrameworkInfo_Capability_PARTITION_AWARE:
			f.partitions = true
		}
	}
}

func (f *framework) send(e *scheduler.Event) {
	if f.out != nil {
		f.out.send(e)
	}
}

func (f *framework) sendStatus(s *wire.TaskStatus) {
	f.send(&scheduler.Event{Type: scheduler.Event_UPDATE, Update: &scheduler.Event_Update{Status: *s}})
}

// orLost gives the state for a framework that is not partition aware.
func (f *framework) orLost(s wire.TaskState) wire.TaskState {
	if f.partitions {
		return s
	}
	return wire.TASK_LOST
}

// subscribe connects a scheduler. A nil framework means that the outbox already
// holds the error for which it is refused.
func (m *master) subscribe(call *scheduler.Call, e encoding) (*framework, *outbox, *refusal) {
	info := call.GetSubscribe().GetFrameworkInfo()
	if info == nil {
		return nil, nil, badRequest("Failed to validate scheduler::Call: Expecting 'subscribe' to be present")
	}
	id := info.GetID().GetValue()
	if id != call.GetFrameworkID().GetValue() {
		return nil, nil, badRequest("Failed to validate scheduler::Call: 'framework_id' differs from 'subscribe.framework_info.id'")
	}
	out := newOutbox(e)
	if problem := m.refuse(id, info); problem != "" {
		out.send(errorEvent(problem))
		out.close()
		return nil, out, nil
	}
	if id == "" {
		id = fmt.Sprintf("%s-%04d", m.id, m.counters.frameworks)
		m.counters.frameworks++
	}
	f := m.frameworks[id]
	if f == nil {
		f = m.addFramework(id, *info)
	}
	m.connect(f, *info, out)
	return f, out, nil
}

// refuse says why a scheduler may not subscribe, as a master words it.
func (m *master) refuse(id string, info *wire.FrameworkInfo) string {
	if m.removed[id] != nil {
		return "Framework has been removed"
	}
	multi := false
	for _, c := range info.Capabilities {
		multi = multi || c.Type == wire.FrameworkInfo_Capability_MULTI_ROLE
	}
	switch {
	case multi && info.Role != nil:
		return "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable"
	case !multi && len(info.Roles) > 0:
		return "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable"
	case len(info.Roles) > 1:
		return "this embedded master allows a framework one role"
	}
	return ""
}

func (m *master) connect(f *framework, info wire.FrameworkInfo, out *outbox) {
	if f.out != nil {
		f.out.send(errorEvent("Framework failed over"))
		f.out.close()
	}
	m.rescindOf(func(o *offer) bool { return o.framework == f })
	if f.failover != nil {
		f.failover.Stop()
		f.failover = nil
	}
	f.introduce(info)
	f.out, f.streamID = out, uuid.NewString()
	f.suppressed, f.filters = false, map[string][]filter{}
	out.heartbeat, out.interval = &scheduler.Event{Type: scheduler.Event_HEARTBEAT}, m.c.config.Timing.Heartbeat
	f.send(&scheduler.Event{Type: scheduler.Event_SUBSCRIBED, Subscribed: &scheduler.Event_Subscribed{
		FrameworkID: f.info.ID, HeartbeatIntervalSeconds: ptr(out.interval.Seconds()), MasterInfo: m.info(),
	}})
	m.log.Info("framework subscribed", "framework", f.id, "name", info.Name)
	for _, s := range m.sortedSlaves() {
		if s.active {
			s.agent.resendUpdates(f.id, f.info)
		}
	}
	m.allocate()
}

func errorEvent(text string) *scheduler.Event {
	return &scheduler.Event{Type: scheduler.Event_ERROR, Error: &scheduler.Event_Error{Message: text}}
}

// disconnect notes that a scheduler's stream ended, unless another took over.
func (m *master) disconnect(f *framework, out *outbox) {
	if f.out != out {
		return
	}
	f.out, f.streamID = nil, ""
	m.rescindOf(func(o *offer) bool { return o.framework == f })
	timeout := time.Duration(f.info.GetFailoverTimeout() * float64(time.Second))
	m.log.Info("framework disconnected", "framework", f.id, "failover", timeout)
	f.failover = m.c.after(timeout, func() {
		if f.out == nil && m.frameworks[f.id] == f && m.c.master == m {
			m.removeFramework(f)
		}
	})
}

// removeFramework ends everything that the framework runs.
func (m *master) removeFramework(f *framework) {
	m.log.Info("framework removed", "framework", f.id)
	if f.failover != nil {
		f.failover.Stop()
	}
	m.rescindOf(func(o *offer) bool { return o.framework == f })
	for id, t := range f.tasks {
		if !terminal(t.state) {
			t.state = wire.TASK_KILLED
		}
		f.completed = append(f.completed, t)
		delete(f.tasks, id)
	}
	for _, s := range m.slaves {
		for key := range s.executors {
			if key.framework == f.id {
				delete(s.executors, key)
			}
		}
		if s.active {
			s.agent.shutdownFramework(f.id)
		}
	}
	if f.out != nil {
		f.out.close()
		f.out = nil
	}
	f.ended = time.Now()
	delete(m.frameworks, f.id)
	m.removed[f.id] = f
}

// checkStream says whether a call belongs to the present subscription.
func (m *master) checkStream(call *scheduler.Call, r *http.Request) (*framework, *refusal) {
	id := call.GetFrameworkID().GetValue()
	if id == "" {
		return nil, badRequest("Failed to validate scheduler::Call: Expecting 'framework_id' to be present")
	}
	f := m.frameworks[id]
	if f == nil {
		return nil, badRequest("Framework cannot be found")
	}
	if f.out == nil {
		return nil, &refusal{http.StatusForbidden, "Framework is not subscribed"}
	}
	switch given := r.Header.Get(streamHeader); given {
	case f.streamID:
		return f, nil
	case "":
		return nil, badRequest("All non-subscribe calls should include the 'Mesos-Stream-Id' header")
	default:
		return nil, badRequest(fmt.Sprintf("The stream ID '%s' included in this request didn't match the stream ID currently associated with framework ID '%s'", given, id))
	}
}
