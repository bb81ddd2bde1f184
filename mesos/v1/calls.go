package v1

import (
	"fmt"
	"time"

	wire "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// capabilities that the framework has. A master ignores those it does not know
// (MESOS-4997: since 1.0 an unknown enum value is no error).
var capabilities = [...]wire.FrameworkInfo_Capability_Type{
	wire.FrameworkInfo_Capability_PARTITION_AWARE,
	wire.FrameworkInfo_Capability_MULTI_ROLE,
	wire.FrameworkInfo_Capability_RESERVATION_REFINEMENT,
	wire.FrameworkInfo_Capability_TASK_KILLING_STATE,
	// Without it, agents that have GPUs are not offered at all.
	wire.FrameworkInfo_Capability_GPU_RESOURCES,
}

// subscribeCall introduces the framework. Mesos before 1.2 knows one role only, in
// a field that later ones refuse together with MULTI_ROLE.
func subscribeCall(f mesos.FrameworkInfo, multiRole bool) *scheduler.Call {
	info := &wire.FrameworkInfo{
		User: f.User, Name: f.Name, Checkpoint: ptr(true), Labels: labelsTo(f.Labels),
		FailoverTimeout: ptr(f.FailoverTimeout.Seconds()),
	}
	role := f.Role
	if role == "" {
		role = "*"
	}
	for _, c := range capabilities {
		if c != wire.FrameworkInfo_Capability_MULTI_ROLE || multiRole {
			info.Capabilities = append(info.Capabilities, wire.FrameworkInfo_Capability{Type: c})
		}
	}
	if multiRole {
		info.Roles = []string{role}
	} else {
		info.Role = ptr(role)
	}
	for _, optional := range []struct {
		to    **string
		value string
	}{{&info.Principal, f.Principal}, {&info.WebUiURL, f.WebUI}, {&info.Hostname, f.Hostname}} {
		if optional.value != "" {
			*optional.to = ptr(optional.value)
		}
	}
	call := &scheduler.Call{Type: scheduler.Call_SUBSCRIBE, Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: info}}
	if f.ID != "" {
		info.ID = &wire.FrameworkID{Value: string(f.ID)}
		call.FrameworkID = info.ID
	}
	return call
}

// callTo translates a call. refined says in which format the master offers.
func callTo(c mesos.Call, framework mesos.FrameworkID, refined bool) (*scheduler.Call, error) {
	call := &scheduler.Call{FrameworkID: &wire.FrameworkID{Value: string(framework)}}
	switch c := c.(type) {
	case mesos.Accept:
		return call, fillAccept(call, c, framework, refined)
	case mesos.Decline:
		call.Type = scheduler.Call_DECLINE
		call.Decline = &scheduler.Call_Decline{OfferIDs: offerIDs(c.Offers), Filters: filters(c.Refuse)}
	case mesos.Suppress:
		call.Type, call.Suppress = scheduler.Call_SUPPRESS, &scheduler.Call_Suppress{}
	case mesos.Revive:
		call.Type, call.Revive = scheduler.Call_REVIVE, &scheduler.Call_Revive{}
	case mesos.Teardown:
		call.Type = scheduler.Call_TEARDOWN
	case mesos.Reconcile:
		call.Type = scheduler.Call_RECONCILE
		call.Reconcile = &scheduler.Call_Reconcile{Tasks: reconcileTasks(c.Tasks)}
	case mesos.Kill, mesos.ShutdownExecutor, mesos.Acknowledge, mesos.SendMessage:
		fillTaskCall(call, c)
	default:
		return nil, fmt.Errorf("cannot send %T: not a call of this connection", c)
	}
	return call, nil
}

func fillAccept(call *scheduler.Call, c mesos.Accept, framework mesos.FrameworkID, refined bool) error {
	launch := &wire.Offer_Operation_Launch{}
	for _, t := range c.Tasks {
		task, err := taskTo(t, framework, refined)
		if err != nil {
			return err
		}
		launch.TaskInfos = append(launch.TaskInfos, task)
	}
	call.Type = scheduler.Call_ACCEPT
	call.Accept = &scheduler.Call_Accept{OfferIDs: offerIDs(c.Offers), Filters: filters(c.Refuse)}
	if len(launch.TaskInfos) > 0 {
		call.Accept.Operations = []wire.Offer_Operation{{Type: wire.Offer_Operation_LAUNCH, Launch: launch}}
	}
	return nil
}

// fillTaskCall fills the calls that are about one task or executor.
func fillTaskCall(call *scheduler.Call, c mesos.Call) {
	switch c := c.(type) {
	case mesos.Kill:
		call.Type = scheduler.Call_KILL
		call.Kill = &scheduler.Call_Kill{TaskID: wire.TaskID{Value: string(c.Task)}, AgentID: optionalAgent(c.Agent)}
	case mesos.ShutdownExecutor:
		call.Type = scheduler.Call_SHUTDOWN
		call.Shutdown = &scheduler.Call_Shutdown{ExecutorID: wire.ExecutorID{Value: string(c.Executor)}, AgentID: wire.AgentID{Value: string(c.Agent)}}
	case mesos.Acknowledge:
		call.Type = scheduler.Call_ACKNOWLEDGE
		call.Acknowledge = &scheduler.Call_Acknowledge{
			AgentID: wire.AgentID{Value: string(c.Status.Agent)}, TaskID: wire.TaskID{Value: string(c.Status.Task)}, UUID: c.Status.UUID,
		}
	case mesos.SendMessage:
		call.Type = scheduler.Call_MESSAGE
		call.Message = &scheduler.Call_Message{
			AgentID: wire.AgentID{Value: string(c.Agent)}, ExecutorID: wire.ExecutorID{Value: string(c.Executor)}, Data: c.Data,
		}
	}
}

func offerIDs(in []mesos.OfferID) []wire.OfferID {
	var out []wire.OfferID
	for _, id := range in {
		out = append(out, wire.OfferID{Value: string(id)})
	}
	return out
}

func filters(refuse time.Duration) *wire.Filters {
	return &wire.Filters{RefuseSeconds: ptr(refuse.Seconds())}
}

func reconcileTasks(in []mesos.TaskRef) []scheduler.Call_Reconcile_Task {
	var out []scheduler.Call_Reconcile_Task
	for _, t := range in {
		out = append(out, scheduler.Call_Reconcile_Task{TaskID: wire.TaskID{Value: string(t.Task)}, AgentID: optionalAgent(t.Agent)})
	}
	return out
}

func optionalAgent(id mesos.AgentID) *wire.AgentID {
	if id == "" {
		return nil
	}
	return &wire.AgentID{Value: string(id)}
}
