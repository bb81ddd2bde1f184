package devcluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	wire "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// executorRun is one run of an executor.
//
//	registering -> running -> terminating -> (gone)
//
// It registers from the launch until its first SUBSCRIBE, and terminates from
// SHUTDOWN or kill until its process has ended. Then it is dropped.
type executorRun struct {
	agent     *agent
	framework *agentFramework
	log       *slog.Logger
	key       executorKey
	id        string
	runID     string
	info      wire.ExecutorInfo
	dir       string // the sandbox
	state     runState

	queue      []wire.TaskInfo // not sent to the executor yet
	launched   map[string]bool // sent, and not ended
	out        *outbox         // to the executor; nil while disconnected
	recovering bool            // its agent came back, and it has not subscribed again

	process *process // nil before the start
	cancel  context.CancelFunc
	timer   *time.Timer
	done    chan struct{} // closed when it is gone
	// why the agent ended it
	reason wire.TaskStatus_Reason
	text   string
}

type runState int

const (
	runRegistering runState = iota
	runRunning
	runTerminating
	runGone
)

func (a *agent) newRun(af *agentFramework, info wire.ExecutorInfo) *executorRun {
	id := info.ExecutorID.Value
	run := &executorRun{
		agent: a, framework: af, id: id, key: executorKey{af.info.ID.Value, id}, runID: uuid.NewString(), info: info,
		log: a.log.With("executor", id), launched: map[string]bool{}, done: make(chan struct{}), reason: wire.REASON_EXECUTOR_TERMINATED, text: "Executor terminated",
	}
	run.dir = sandboxPath(a.dir, a.id, run.key.framework, id, run.runID)
	a.c.sandboxes[run.key] = run.dir
	return run
}

func (r *executorRun) ended() bool { return r.state == runGone }

// start fetches and launches in the background; the registration timeout covers
// both, as in Mesos.
func (r *executorRun) start() {
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	timeout := r.agent.c.config.Timing.Registration
	r.timer = r.agent.c.after(timeout, func() {
		if r.state == runRegistering {
			r.terminate(wire.REASON_EXECUTOR_REGISTRATION_TIMEOUT, fmt.Sprintf("Executor did not register within %s", mesosDuration(timeout)))
		}
	})
	plan := r.plan()
	r.agent.c.goroutines.Go(func() {
		defer cancel()
		r.live(ctx, plan)
	})
}

// live is the executor's life, from the sandbox to the end of its process. It
// runs without the lock.
func (r *executorRun) live(ctx context.Context, plan launchPlan) {
	c := r.agent.c
	p, err := prepareAndStart(ctx, c.spawner, r.agent.cache, plan)
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if errors.Is(err, errNotExecuted) {
			r.gone(1 << 8)
			return
		}
		if r.state != runTerminating {
			r.reason, r.text = wire.REASON_CONTAINER_LAUNCH_FAILED, "Failed to launch container: "+err.Error()
		}
		r.gone(-1)
		return
	}
	c.mu.Lock()
	r.process = p
	doomed := ctx.Err() != nil
	c.mu.Unlock()
	r.log.Info("executor started", "pid", p.pid, "sandbox", r.dir)
	if doomed {
		p.kill()
	}
	status := p.wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	r.log.Info("executor ended", "pid", p.pid, "status", status)
	r.gone(status)
}

// gone reports the end of tasks and executor.
func (r *executorRun) gone(waitStatus int) {
	a := r.agent
	r.state = runGone
	close(r.done)
	r.timer.Stop()
	if r.out != nil {
		r.out.close()
		r.out = nil
	}
	delete(r.framework.executors, r.id)
	if link := a.link(); link != nil {
		a.c.master.executorExited(link, r.key, waitStatus)
	}
	for key, s := range a.streams {
		if key.framework == r.key.framework && s.executor == r.id && !terminal(s.state) {
			a.agentUpdate(s, wire.TASK_FAILED, r.reason, r.text)
		}
	}
	a.forget(r.key.framework)
}

// terminate kills the executor and notes why.
func (r *executorRun) terminate(reason wire.TaskStatus_Reason, text string) {
	if r.state == runGone {
		return
	}
	r.reason, r.text, r.state = reason, text, runTerminating
	r.log.Warn("killing executor", "reason", reason.String(), "message", text)
	r.kill()
}

func (r *executorRun) kill() {
	r.cancel()
	if p := r.process; p != nil {
		r.agent.c.goroutines.Go(p.kill)
	}
}

// shutdown asks the executor to end, and kills it after its grace period.
func (r *executorRun) shutdown() {
	if r.state == runTerminating || r.state == runGone {
		return
	}
	r.state = runTerminating
	r.send(&executor.Event{Type: executor.Event_SHUTDOWN})
	r.timer.Stop()
	r.timer = r.agent.c.after(r.grace(), func() {
		if r.state == runTerminating {
			r.log.Warn("executor did not end within its grace period", "grace", r.grace())
			r.kill()
		}
	})
}

func (r *executorRun) grace() time.Duration {
	if g := r.info.ShutdownGracePeriod; g != nil {
		return time.Duration(g.Nanoseconds)
	}
	return r.agent.c.config.Timing.ExecutorGrace
}

func (r *executorRun) send(e *executor.Event) {
	if r.out != nil {
		r.out.send(e)
	}
}

func (r *executorRun) sendKill(id wire.TaskID, policy *wire.KillPolicy) {
	r.send(&executor.Event{Type: executor.Event_KILL, Kill: &executor.Event_Kill{TaskID: id, KillPolicy: policy}})
}

func (r *executorRun) sendMessage(data []byte) {
	r.send(&executor.Event{Type: executor.Event_MESSAGE, Message: &executor.Event_Message{Data: data}})
}

// launchQueued hands over waiting tasks, once the executor is connected.
func (r *executorRun) launchQueued() {
	if r.out == nil || r.state != runRunning {
		return
	}
	for _, info := range r.queue {
		r.launched[info.TaskID.Value] = true
		r.send(&executor.Event{Type: executor.Event_LAUNCH, Launch: &executor.Event_Launch{Task: info}})
	}
	r.queue = nil
}

// dequeue takes a task back that was not handed over yet.
func (r *executorRun) dequeue(id string) bool {
	for i := range r.queue {
		if r.queue[i].TaskID.Value == id {
			r.queue = append(r.queue[:i], r.queue[i+1:]...)
			return true
		}
	}
	return false
}

// subscribed connects the executor.
func (r *executorRun) subscribed(out *outbox, call *executor.Call_Subscribe) {
	if r.out != nil {
		r.out.close()
	}
	r.out = out
	if r.state == runTerminating {
		r.send(&executor.Event{Type: executor.Event_SHUTDOWN})
		return
	}
	if r.state == runRegistering {
		r.timer.Stop()
	}
	r.state = runRunning
	a := r.agent
	r.send(&executor.Event{Type: executor.Event_SUBSCRIBED, Subscribed: &executor.Event_Subscribed{
		ExecutorInfo: r.info, FrameworkInfo: r.framework.info, ContainerID: &wire.ContainerID{Value: r.runID},
		AgentInfo: wire.AgentInfo{
			ID: &wire.AgentID{Value: a.id}, Hostname: a.config.Host, Port: ptr(int32(a.port)),
			Resources: a.total.resources("*", true), Attributes: a.attributes,
		},
	}})
	for i := range call.GetUnacknowledgedUpdates() {
		a.executorUpdate(r, call.UnacknowledgedUpdates[i].Status)
	}
	r.dropUnseen(call)
	r.launchQueued()
}

// dropUnseen ends tasks that were on their way when the agent went down: the
// executor does not know them.
func (r *executorRun) dropUnseen(call *executor.Call_Subscribe) {
	if !r.recovering {
		return
	}
	r.recovering = false
	has := map[string]bool{}
	for i := range call.GetUnacknowledgedTasks() {
		has[call.UnacknowledgedTasks[i].TaskID.Value] = true
	}
	for id := range r.launched {
		if s := r.agent.streams[taskKey{r.key.framework, id}]; s != nil && s.state == wire.TASK_STAGING && !has[id] {
			r.agent.agentUpdate(s, wire.TASK_DROPPED, wire.REASON_AGENT_RESTARTED, "Task launched during agent restart")
		}
	}
}
