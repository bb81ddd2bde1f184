package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

// update takes the state of a task. Updates come at least once, so everything here may come again.
func (p *Plan) update(s mesos.Status) {
	if len(s.UUID) > 0 {
		defer p.call(mesos.Acknowledge{Status: s}) // saved before, as every call
	}
	p.answered(s.Task)
	report := &launchv1.Report{}
	if len(s.Data) > 0 && proto.Unmarshal(s.Data, report) != nil {
		report = &launchv1.Report{}
	}
	if sweep := p.sweeps[s.Task]; sweep != nil {
		p.sweepUpdate(sweep, s)
		return
	}
	for _, i := range p.instances {
		if i.Task != nil && i.Task.ID == s.Task {
			p.updateOf(i, s, report)
			return
		}
	}
	p.unknown(s)
}

// unknown ends a task that nobody knows: what an earlier state of ours launched, or gave up.
func (p *Plan) unknown(s mesos.Status) {
	if !s.State.Terminal() && s.State != mesos.TaskUnreachable && s.State != mesos.TaskUnknown {
		p.call(mesos.Kill{Task: s.Task, Agent: s.Agent})
	}
}

func (p *Plan) updateOf(i *instance, s mesos.Status, report *launchv1.Report) {
	if !i.live() && !i.Task.GivenUp {
		return // it has ended; late news of its life are no news
	}
	p.learn(i, s, report)
	switch {
	case s.State == mesos.TaskUnreachable || s.State == mesos.TaskUnknown:
		p.doubted(i, s)
	case s.State.Terminal():
		p.ended(i, s, report)
	default:
		p.alive(i, s, report)
	}
}

// learn keeps what a report says beside the state.
func (p *Plan) learn(i *instance, s mesos.Status, report *launchv1.Report) {
	if report.JournalFormatted {
		i.JournalFormatted = true
	}
	if report.RamdiskMounted {
		i.addTrace(AgentRef{Agent: i.Task.Agent, Host: i.Placement.Host})
	}
	if len(report.Notices) > 0 && !slices.Equal(report.Notices, i.Task.Notices) {
		i.Task.Notices = slices.Clone(report.Notices)
	}
	if e := i.Executor; e != nil && e.Info.ID == s.Executor && len(report.Plugins) > 0 && !maps.Equal(report.Plugins, e.Plugins) {
		e.Plugins = report.Plugins
	}
	i.Task.Alluxio = cmp.Or(report.AlluxioVersion, i.Task.Alluxio)
	i.Task.Java = cmp.Or(report.JavaVersion, i.Task.Java)
}

func (p *Plan) setState(i *instance, state mesos.TaskState) {
	if i.Task.State != state {
		i.Task.State, i.Task.Since = state, p.now
	}
}

// alive takes the states between launch and end.
func (p *Plan) alive(i *instance, s mesos.Status, report *launchv1.Report) {
	wasServing := i.Task.State == mesos.TaskRunning && !i.serving.IsZero()
	if i.Task.GivenUp {
		i.Task.GivenUp = false
		i.Failure = ""
		p.ledger.forgetInstance(i.Name)
	}
	i.doubt = time.Time{}
	p.setState(i, s.State)
	if s.Reason != "REASON_RECONCILIATION" || s.Message == "" || i.message == "" {
		i.message = ownMessage(s)
	}
	i.progress = progressOf(report)
	if s.State != mesos.TaskRunning {
		i.serving = time.Time{}
		return
	}
	i.progress = nil
	if !wasServing {
		i.serving = p.now
		i.Failure, i.Permanent = "", false
	}
}

// ownMessage is a status's text, unless it is Mesos' own remark on a reconciliation.
func ownMessage(s mesos.Status) string {
	if strings.HasPrefix(s.Message, "Reconciliation:") {
		return ""
	}
	return s.Message
}

// doubted notes that Mesos does not know how the task is. It may come back.
func (p *Plan) doubted(i *instance, s mesos.Status) {
	neverSeen := i.Task.State == ""
	if i.Task.GivenUp {
		return
	}
	if s.State == mesos.TaskUnknown && (neverSeen || p.offeredSince(i)) {
		// Its agent is there and Mesos has never heard of the task: the launch got lost, or what ran is gone.
		s.State, s.Message = mesos.TaskLost, "Mesos does not know the task"
		p.ended(i, s, &launchv1.Report{})
		return
	}
	p.setState(i, s.State)
	i.serving = time.Time{}
	if i.doubt.IsZero() {
		i.doubt = p.now
	}
}

// offeredSince says that the task's agent made an offer after the task became doubtful.
func (p *Plan) offeredSince(i *instance) bool {
	a := p.agents[i.Task.Agent]
	return a != nil && !i.doubt.IsZero() && a.offered.After(i.doubt)
}

// giveUp concludes from a long silence that a task is lost.
func (p *Plan) giveUp(i *instance) {
	state := i.Task.State
	p.ended(i, mesos.Status{State: mesos.TaskLost, Message: fmt.Sprintf("agent %s has been %s for %s",
		i.Placement.Host, strings.ToLower(strings.TrimPrefix(string(state), "TASK_")), p.timing.Lost)}, &launchv1.Report{})
	i.Task.GivenUp = true
}

// ended takes the end of a task, once.
func (p *Plan) ended(i *instance, s mesos.Status, report *launchv1.Report) {
	fault := i.Task.State != "" || !blameless(s)
	if i.Task.GivenUp { // its end was known already
		i.Task.GivenUp = false
		i.Task.State = s.State
		return
	}
	p.setState(i, s.State)
	i.serving, i.doubt, i.progress = time.Time{}, time.Time{}, nil
	i.message = endText(s)
	if executorEnded(s) && i.Executor != nil {
		p.executorGone(i, false)
	}
	if p.stop != nil {
		p.endedInStop(i, s, report)
		return
	}
	if fault {
		p.fault(i, i.message, report.Permanent)
		return
	}
	i.retryAt = p.now.Add(p.timing.BackoffMin)
}

// fault counts a failure and decides when to try again.
func (p *Plan) fault(i *instance, text string, permanent bool) {
	i.failures++
	i.Failure, i.Permanent = text, permanent
	i.retryAt = p.now.Add(p.backoff(i))
}

func endText(s mesos.Status) string {
	text := ownMessage(s)
	if text == "" {
		text = strings.ToLower(strings.TrimPrefix(string(s.State), "TASK_"))
	}
	reason := strings.ToLower(strings.TrimPrefix(s.Reason, "REASON_"))
	if s.Source == "SOURCE_EXECUTOR" || reason == "" || reason == "reconciliation" || strings.Contains(strings.ToLower(text), strings.ReplaceAll(reason, "_", " ")) {
		return text
	}
	return text + " (" + strings.ReplaceAll(reason, "_", " ") + ")"
}

// blameless ends say nothing against the instance: the launch never reached its agent (docs/task-state-reasons.md).
func blameless(s mesos.Status) bool {
	switch s.Reason {
	case "REASON_INVALID_OFFERS", "REASON_MASTER_DISCONNECTED", "REASON_SLAVE_DISCONNECTED", "REASON_AGENT_DISCONNECTED",
		"REASON_SLAVE_REMOVED", "REASON_AGENT_REMOVED", "REASON_SLAVE_RESTARTED", "REASON_AGENT_RESTARTED", "REASON_RECONCILIATION":
		return true
	}
	return false
}

// executorEnded says that with the task its executor is known to be gone.
func executorEnded(s mesos.Status) bool {
	switch s.Reason {
	case "REASON_EXECUTOR_TERMINATED", "REASON_EXECUTOR_REGISTRATION_TIMEOUT", "REASON_EXECUTOR_REREGISTRATION_TIMEOUT",
		"REASON_CONTAINER_LAUNCH_FAILED", "REASON_CONTAINER_PREEMPTED", "REASON_CONTAINER_LIMITATION",
		"REASON_CONTAINER_LIMITATION_DISK", "REASON_CONTAINER_LIMITATION_MEMORY":
		return true
	}
	return s.State == mesos.TaskGoneByOperator
}
