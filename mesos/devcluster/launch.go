package devcluster

import (
	"fmt"
	"sort"
	"strings"

	wire "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// accept launches tasks on what the offers hold.
func (m *master) accept(f *framework, call *scheduler.Call_Accept) {
	offers, problem := m.claim(f, call.GetOfferIDs())
	if problem == "" && !offers[0].slave.active {
		m.drop(f, call, wire.REASON_AGENT_DISCONNECTED, "Agent disconnected")
		return
	}
	if problem != "" {
		m.drop(f, call, wire.REASON_INVALID_OFFERS, "Task launched with invalid offers: "+problem)
		return
	}
	s, left := offers[0].slave, pool{}
	for _, o := range offers {
		left = left.plus(o.pool)
	}
	for _, op := range call.Operations {
		for i := range op.GetLaunch().GetTaskInfos() {
			left = m.launch(f, s, &op.Launch.TaskInfos[i], left)
		}
		if op.Type != wire.Offer_Operation_LAUNCH {
			m.log.Warn("operation is not supported here and was dropped", "framework", f.id, "operation", op.Type.String())
		}
	}
	m.refuseOffer(f, s, left, call.Filters)
}

// claim takes the offers of an ACCEPT away from the framework, valid or not.
func (m *master) claim(f *framework, ids []wire.OfferID) (offers []*offer, problem string) {
	seen := map[string]bool{}
	for _, id := range ids {
		o := m.offers[id.Value]
		switch {
		case seen[id.Value]:
			problem = "Duplicate offer " + id.Value + " in offer list"
		case o == nil:
			problem = "Offer " + id.Value + " is no longer valid"
		case o.framework != f:
			problem = "Offer " + id.Value + " has invalid framework " + o.framework.id + " while framework " + f.id + " is expected"
		case len(offers) > 0 && offers[0].slave != o.slave:
			problem = "Aggregated offers must belong to one single agent"
		}
		seen[id.Value] = true
		if o != nil && o.framework == f {
			offers = append(offers, o)
			delete(m.offers, o.id)
		}
	}
	if len(ids) == 0 {
		problem = "No offers specified"
	}
	return offers, problem
}

// drop tells that none of the tasks of an ACCEPT was launched.
func (m *master) drop(f *framework, call *scheduler.Call_Accept, reason wire.TaskStatus_Reason, text string) {
	for _, op := range call.Operations {
		for i := range op.GetLaunch().GetTaskInfos() {
			t := &task{info: op.Launch.TaskInfos[i], agent: op.Launch.TaskInfos[i].AgentID.Value}
			f.sendStatus(m.status(t, f.orLost(wire.TASK_DROPPED), reason, text))
		}
	}
}

// launch starts one task if it is valid, and returns what is left of the offers.
func (m *master) launch(f *framework, s *slave, info *wire.TaskInfo, left pool) pool {
	normalize(info, f)
	taken, problem := m.validate(f, s, info, left)
	if problem != "" {
		m.log.Warn("task is invalid", "framework", f.id, "task", info.TaskID.Value, "problem", problem)
		t := &task{info: *info, agent: s.id}
		f.sendStatus(m.status(t, wire.TASK_ERROR, wire.REASON_TASK_INVALID, problem))
		return left
	}
	key := executorKey{f.id, info.Executor.ExecutorID.Value}
	left = left.minus(taken)
	if s.executors[key] == nil {
		executor := *info.Executor
		s.executors[key] = &executor
		own, _ := poolOf(executor.Resources) // validate has read it
		taken = taken.minus(own)
	}
	f.tasks[info.TaskID.Value] = &task{info: *info, agent: s.id, state: wire.TASK_STAGING, forwarded: wire.TASK_STAGING, taken: taken}
	m.log.Info("launching", "framework", f.id, "task", info.TaskID.Value, "agent", s.id)
	s.agent.runTask(f.info, *info)
	return left
}

// normalize fills what Mesos fills in.
func normalize(info *wire.TaskInfo, f *framework) {
	e := info.Executor
	if e == nil {
		return
	}
	if e.FrameworkID == nil {
		e.FrameworkID = &wire.FrameworkID{Value: f.id}
	}
	if e.Type == wire.ExecutorInfo_UNKNOWN {
		e.Type = wire.ExecutorInfo_CUSTOM
	}
}

// validate says what a launch takes out of the offers, or why it may not be.
func (m *master) validate(f *framework, s *slave, info *wire.TaskInfo, left pool) (pool, string) {
	if problem := validateIDs(f, s, info); problem != "" {
		return nil, problem
	}
	if problem := validateExecutor(f, s, info.Executor); problem != "" {
		return nil, problem
	}
	need, err := poolOf(info.Resources)
	if err != nil {
		return nil, "Task uses invalid resources: " + err.Error()
	}
	if len(need) == 0 {
		return nil, "Task uses no resources"
	}
	if s.executors[executorKey{f.id, info.Executor.ExecutorID.Value}] == nil {
		own, err := poolOf(info.Executor.Resources)
		if err != nil {
			return nil, "Executor uses invalid resources: " + err.Error()
		}
		need = need.plus(own)
	}
	if !left.contains(need) {
		return nil, fmt.Sprintf("Total resources %s required by task and its executor is more than available %s", need.describe(f.role), left.describe(f.role))
	}
	return need, ""
}

func validateIDs(f *framework, s *slave, info *wire.TaskInfo) string {
	id := info.TaskID.Value
	switch {
	case !validID(id):
		return "'" + id + "' contains invalid characters"
	case f.tasks[id] != nil:
		return "Task has duplicate ID: " + id
	case info.AgentID.Value != s.id:
		return fmt.Sprintf("Task uses invalid agent %s while agent %s is expected", info.AgentID.Value, s.id)
	case info.Executor == nil && info.Command != nil:
		return "this embedded Mesos runs only tasks that have an executor"
	case info.Executor == nil || info.Command != nil:
		return "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present"
	case info.KillPolicy.GetGracePeriod().GetNanoseconds() < 0:
		return "Task's 'kill_policy.grace_period' must be non-negative"
	}
	return ""
}

func validateExecutor(f *framework, s *slave, e *wire.ExecutorInfo) string {
	switch {
	case !validID(e.ExecutorID.Value):
		return "'" + e.ExecutorID.Value + "' contains invalid characters"
	case e.Type != wire.ExecutorInfo_CUSTOM:
		return "this embedded Mesos runs only executors of type CUSTOM"
	case e.Command == nil:
		return "'ExecutorInfo.command' must be set for 'CUSTOM' executor"
	case e.FrameworkID.Value != f.id:
		return fmt.Sprintf("ExecutorInfo has an invalid FrameworkID (Actual: %s vs Expected: %s)", e.FrameworkID.Value, f.id)
	case e.ShutdownGracePeriod.GetNanoseconds() < 0:
		return "ExecutorInfo's 'shutdown_grace_period' must be non-negative"
	}
	if old := s.executors[executorKey{f.id, e.ExecutorID.Value}]; old != nil && !sameExecutor(old, e) {
		return fmt.Sprintf("ExecutorInfo is not compatible with existing ExecutorInfo with same ExecutorID '%s'", e.ExecutorID.Value)
	}
	return ""
}

// sameExecutor compares what Mesos compares: not labels or the grace period, and
// resources, URIs and variables without regard to order.
func sameExecutor(a, b *wire.ExecutorInfo) bool {
	x, y := compared(a), compared(b)
	p, err1 := poolOf(a.Resources)
	q, err2 := poolOf(b.Resources)
	return err1 == nil && err2 == nil && p.contains(q) && q.contains(p) && x.Equal(y)
}

func compared(e *wire.ExecutorInfo) *wire.ExecutorInfo {
	out, command := *e, *e.Command
	out.Labels, out.ShutdownGracePeriod, out.Resources, out.Command = nil, nil, nil, &command
	command.URIs = append([]wire.CommandInfo_URI(nil), command.URIs...)
	sort.Slice(command.URIs, func(i, j int) bool { return command.URIs[i].Value < command.URIs[j].Value })
	if command.Environment != nil {
		variables := append([]wire.Environment_Variable(nil), command.Environment.Variables...)
		sort.Slice(variables, func(i, j int) bool { return variables[i].Name < variables[j].Name })
		command.Environment = &wire.Environment{Variables: variables}
	}
	return &out
}

// validID refuses what cannot be a file name.
func validID(id string) bool {
	if id == "" || id == "." || id == ".." || len(id) > 255 {
		return false
	}
	return !strings.ContainsFunc(id, func(r rune) bool { return r == '/' || r == '\\' || r < 0x20 || r == 0x7f })
}
