package v1

import (
	"context"

	wire "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// take notes what an event says about the connection, and hands it on.
func (e *executorConn) take(ctx context.Context, event *executor.Event) error {
	switch event.Type {
	case executor.Event_ACKNOWLEDGED:
		ack := event.GetAcknowledged()
		e.pending.acknowledge(ack.GetTaskID(), ack.GetUUID())
		return nil
	case executor.Event_LAUNCH:
		e.pending.launched(event.GetLaunch().GetTask())
	case executor.Event_ERROR:
		return &fatalError{text: "the agent says: " + event.GetError().GetMessage()}
	case executor.Event_LAUNCH_GROUP:
		e.log.Error("the agent sent a task group, which this framework never launches")
	}
	out := e.executorEventFrom(event)
	if out == nil || e.over {
		return nil
	}
	if !e.emit(ctx, out) {
		return ctx.Err()
	}
	if event.Type == executor.Event_SHUTDOWN {
		// Nothing follows, but updates still go out and acknowledgements come in.
		e.endEvents()
	}
	return nil
}

func (e *executorConn) endEvents() {
	if !e.over {
		e.over = true
		close(e.events)
	}
}

func (e *executorConn) emit(ctx context.Context, event mesos.ExecutorEvent) bool {
	if e.over {
		return false
	}
	select {
	case e.events <- event:
		return true
	case <-ctx.Done():
		return false
	}
}

// executorEventFrom translates an event; nil for those that stay in here.
func (e *executorConn) executorEventFrom(event *executor.Event) mesos.ExecutorEvent {
	switch event.Type {
	case executor.Event_SUBSCRIBED:
		s := event.GetSubscribed()
		return mesos.ExecutorSubscribed{
			Framework: e.env.framework, FrameworkName: s.FrameworkInfo.Name, Executor: e.env.executor,
			Agent: mesos.AgentID(s.AgentInfo.ID.GetValue()), Host: s.AgentInfo.Hostname,
			TaskKilling: knowsKilling(&s.FrameworkInfo),
		}
	case executor.Event_LAUNCH:
		task := event.GetLaunch().GetTask()
		return mesos.LaunchTask{Task: taskFrom(&task)}
	case executor.Event_KILL:
		kill := event.GetKill()
		return mesos.KillTask{Task: mesos.TaskID(kill.TaskID.Value), Grace: durationFrom(kill.GetKillPolicy().GetGracePeriod())}
	case executor.Event_MESSAGE:
		return mesos.ExecutorMessage{Data: event.GetMessage().GetData()}
	case executor.Event_SHUTDOWN:
		return mesos.ExecutorShutdown{Grace: e.env.grace}
	}
	return nil
}

func knowsKilling(f *wire.FrameworkInfo) bool {
	for _, c := range f.Capabilities {
		if c.Type == wire.FrameworkInfo_Capability_TASK_KILLING_STATE {
			return true
		}
	}
	return false
}
