package v1

import (
	"fmt"
	"time"

	wire "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// taskTo translates a task to be launched.
func taskTo(t mesos.TaskInfo, framework mesos.FrameworkID, refined bool) (wire.TaskInfo, error) {
	resources, err := resourcesTo(t.Resources, refined)
	if err != nil {
		return wire.TaskInfo{}, fmt.Errorf("cannot launch task %q: %w", t.ID, err)
	}
	executor, err := executorTo(t.Executor, framework, refined)
	if err != nil {
		return wire.TaskInfo{}, fmt.Errorf("cannot launch task %q: %w", t.ID, err)
	}
	out := wire.TaskInfo{
		Name: t.Name, TaskID: wire.TaskID{Value: string(t.ID)}, AgentID: wire.AgentID{Value: string(t.Agent)},
		Resources: resources, Executor: executor, Data: t.Data, Labels: labelsTo(t.Labels),
	}
	if t.KillGrace > 0 {
		out.KillPolicy = &wire.KillPolicy{GracePeriod: durationTo(t.KillGrace)}
	}
	return out, nil
}

func executorTo(e mesos.ExecutorInfo, framework mesos.FrameworkID, refined bool) (*wire.ExecutorInfo, error) {
	resources, err := resourcesTo(e.Resources, refined)
	if err != nil {
		return nil, err
	}
	out := &wire.ExecutorInfo{
		Type:        wire.ExecutorInfo_CUSTOM,
		ExecutorID:  wire.ExecutorID{Value: string(e.ID)},
		FrameworkID: &wire.FrameworkID{Value: string(framework)},
		Command:     commandTo(e.Command),
		Resources:   resources,
		Labels:      labelsTo(e.Labels),
	}
	if e.Name != "" {
		out.Name = ptr(e.Name)
	}
	if e.ShutdownGrace > 0 {
		out.ShutdownGracePeriod = durationTo(e.ShutdownGrace)
	}
	return out, nil
}

func commandTo(c mesos.Command) *wire.CommandInfo {
	out := &wire.CommandInfo{
		Shell: ptr(false), Value: ptr(c.Path),
		// Without a shell the arguments begin with argv[0].
		Arguments: append([]string{c.Path}, c.Arguments...),
	}
	if c.User != "" {
		out.User = ptr(c.User)
	}
	for _, u := range c.URIs {
		uri := wire.CommandInfo_URI{Value: u.Value, Executable: ptr(u.Executable), Extract: ptr(u.Extract), Cache: ptr(u.Cache)}
		if u.OutputFile != "" {
			uri.OutputFile = ptr(u.OutputFile)
		}
		out.URIs = append(out.URIs, uri)
	}
	if len(c.Environment) > 0 {
		out.Environment = &wire.Environment{}
		for _, name := range sortedKeys(c.Environment) {
			out.Environment.Variables = append(out.Environment.Variables, wire.Environment_Variable{Name: name, Value: ptr(c.Environment[name])})
		}
	}
	return out
}

// taskFrom translates a task as an executor gets it.
func taskFrom(t *wire.TaskInfo) mesos.TaskInfo {
	out := mesos.TaskInfo{
		ID: mesos.TaskID(t.TaskID.Value), Name: t.Name, Agent: mesos.AgentID(t.AgentID.Value),
		Resources: resourcesFrom(t.Resources), Data: t.Data, Labels: labelsFrom(t.Labels),
		KillGrace: durationFrom(t.GetKillPolicy().GetGracePeriod()),
	}
	if t.Executor != nil {
		out.Executor = executorFrom(t.Executor)
	}
	return out
}

func executorFrom(e *wire.ExecutorInfo) mesos.ExecutorInfo {
	return mesos.ExecutorInfo{
		ID: mesos.ExecutorID(e.ExecutorID.Value), Name: e.GetName(), Command: commandFrom(e.GetCommand()),
		Resources: resourcesFrom(e.Resources), ShutdownGrace: durationFrom(e.ShutdownGracePeriod), Labels: labelsFrom(e.Labels),
	}
}

func commandFrom(c *wire.CommandInfo) mesos.Command {
	out := mesos.Command{Path: c.GetValue(), User: c.GetUser()}
	if args := c.GetArguments(); len(args) > 1 {
		out.Arguments = args[1:]
	}
	for _, u := range c.GetURIs() {
		out.URIs = append(out.URIs, mesos.URI{
			Value: u.Value, Executable: u.GetExecutable(), Extract: u.GetExtract(), Cache: u.GetCache(), OutputFile: u.GetOutputFile(),
		})
	}
	for _, v := range c.GetEnvironment().GetVariables() {
		if out.Environment == nil {
			out.Environment = map[string]string{}
		}
		out.Environment[v.Name] = v.GetValue()
	}
	return out
}

func statusFrom(s *wire.TaskStatus) mesos.Status {
	out := mesos.Status{
		Task: mesos.TaskID(s.TaskID.Value), Agent: mesos.AgentID(s.GetAgentID().GetValue()), Executor: mesos.ExecutorID(s.GetExecutorID().GetValue()),
		State: mesos.TaskState(s.GetState().String()), Message: s.GetMessage(), UUID: s.UUID, Data: s.Data, Healthy: s.Healthy,
	}
	if s.Reason != nil {
		out.Reason = s.Reason.String()
	}
	if s.Source != nil {
		out.Source = s.Source.String()
	}
	if s.Timestamp != nil {
		out.Time = time.UnixMicro(int64(*s.Timestamp * 1e6))
	}
	return out
}

// statusTo translates a status that an executor reports.
func statusTo(s mesos.Status) (wire.TaskStatus, error) {
	state, ok := wire.TaskState_value[string(s.State)]
	if !ok || s.State == mesos.TaskStaging {
		return wire.TaskStatus{}, fmt.Errorf("cannot report task %q: %q is not a state that an executor reports", s.Task, s.State)
	}
	out := wire.TaskStatus{
		TaskID: wire.TaskID{Value: string(s.Task)}, State: wire.TaskState(state).Enum(),
		AgentID: &wire.AgentID{Value: string(s.Agent)}, ExecutorID: &wire.ExecutorID{Value: string(s.Executor)},
		Source: wire.SOURCE_EXECUTOR.Enum(), UUID: s.UUID, Data: s.Data, Healthy: s.Healthy,
		Timestamp: ptr(float64(s.Time.UnixMicro()) / 1e6),
	}
	if s.Message != "" {
		out.Message = ptr(s.Message)
	}
	if s.Reason != "" {
		reason, ok := wire.TaskStatus_Reason_value[s.Reason]
		if !ok {
			return wire.TaskStatus{}, fmt.Errorf("cannot report task %q: %q is not a reason of Mesos", s.Task, s.Reason)
		}
		out.Reason = wire.TaskStatus_Reason(reason).Enum()
	}
	return out, nil
}

func durationTo(d time.Duration) *wire.DurationInfo {
	return &wire.DurationInfo{Nanoseconds: d.Nanoseconds()}
}

func durationFrom(d *wire.DurationInfo) time.Duration {
	if d == nil {
		return 0
	}
	return time.Duration(d.Nanoseconds)
}
