package scheduler

import (
	"log/slog"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/plan"
)

// teller writes to the log what changes: each thing once, not each time that it is looked at.
type teller struct {
	state     string
	message   string
	instances map[string]told
	declines  map[[2]string]string
	notes     map[string]bool
	swaps     map[[2]string]plan.SwapState // by swap and instance
}

type told struct{ task, state, message string }

func (t *teller) tell(log *slog.Logger, v plan.View) {
	if t.instances == nil {
		t.instances, t.declines, t.notes = map[string]told{}, map[[2]string]string{}, map[string]bool{}
		t.swaps = map[[2]string]plan.SwapState{}
	}
	if v.State != t.state || v.Message != t.message {
		t.state, t.message = v.State, v.Message
		log.Info("framework "+v.State, "id", v.Framework, "mesos", v.Master, "why", v.Message)
	}
	for _, note := range v.Notes {
		if !t.notes[note] {
			t.notes[note] = true
			log.Info("note: " + note)
		}
	}
	for _, i := range v.Instances {
		t.tellInstance(log, i)
	}
	for _, s := range v.Swaps {
		for _, target := range s.Targets {
			t.tellSwap(log, s, target)
		}
	}
	for _, d := range v.Declines {
		if key := [2]string{d.Instance, string(d.Agent.Agent)}; t.declines[key] != d.Reason {
			t.declines[key] = d.Reason
			log.Info("an offer was declined", "instance", d.Instance, "agent", d.Agent.Agent, "host", d.Agent.Host, "reason", d.Reason, "advice", d.Advice)
		}
	}
}

func (t *teller) tellSwap(log *slog.Logger, s plan.Swap, target plan.SwapTarget) {
	key := [2]string{s.ID, target.Instance}
	if t.swaps[key] == target.State {
		return
	}
	t.swaps[key] = target.State
	log.Info(target.Instance+": swap of a plugin: "+string(target.State), "plugin", s.Kind+"-"+s.Name, "executor", target.Executor,
		"from", target.From, "to", target.To, "error", target.Error)
}

// tellInstance tells steps, not the bytes of a download or the seconds of a wait.
func (t *teller) tellInstance(log *slog.Logger, i plan.InstanceView) {
	now := told{message: i.Message}
	if i.Task != nil {
		now.task, now.state = i.Task.ID, i.Task.State
		if i.Task.Progress != nil {
			now.message = i.Task.Progress.Phase + " " + i.Task.Progress.Step
		}
	}
	before := t.instances[i.Name]
	waits := i.Task != nil && before.task == now.task && before.state == now.state && mesos.TaskState(now.state).Terminal()
	if before == now || waits {
		return
	}
	t.instances[i.Name] = now
	log.Info(i.Name+": "+now.message, "task", now.task, "state", now.state, "agent", i.At.Agent, "host", i.At.Host)
}

func (t *teller) tellCall(log *slog.Logger, name string, call mesos.Call) {
	switch c := call.(type) {
	case mesos.Accept:
		for _, task := range c.Tasks {
			log.Info("launch", "task", task.ID, "agent", task.Agent, "executor", task.Executor.ID)
		}
	case mesos.Kill:
		log.Info("kill", "task", c.Task, "agent", c.Agent)
	case mesos.ShutdownExecutor:
		log.Info("shut down", "executor", c.Executor, "agent", c.Agent)
	case mesos.Teardown:
		log.Info("tear down the framework")
	default:
		log.Debug("call", "call", name)
	}
}
