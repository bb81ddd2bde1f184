package executor

import (
	"context"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

// Bounds of what a status carries: Mesos keeps statuses in memory and in its state.
const (
	maxMessage = 1500
	maxTail    = 30
	maxLine    = 400
)

// send reports a task's state, with what its view knows.
func (e *executor) send(t *task, state mesos.TaskState, text string, fill func(*launchv1.Report)) {
	r := t.view.report()
	r.JournalFormatted = t.job.Instance.JournalFormatted()
	r.RamdiskMounted = t.job.Instance.RamdiskMounted()
	if t.job.Tools.Host != nil {
		r.Plugins = e.digests()
	}
	if fill != nil {
		fill(r)
	}
	if text == "" {
		text = message(r)
	}
	e.update(t.info.ID, state, t.redact(text), r)
}

func (e *executor) update(id mesos.TaskID, state mesos.TaskState, text string, r *launchv1.Report) {
	data, err := proto.Marshal(r)
	if err != nil { // a text that is not UTF-8: better none than no status
		e.log.Error("cannot write a report", "task", id, "error", err)
	}
	status := mesos.Status{Task: id, State: state, Message: short(text, maxMessage), Data: data}
	if state == mesos.TaskRunning {
		healthy := true
		status.Healthy = &healthy
	}
	e.log.Info("task state", "task", id, "state", string(state), "message", status.Message)
	if err := e.cfg.Mesos.Update(status); err != nil {
		e.log.Error("cannot report a task's state", "task", id, "state", string(state), "error", err)
	}
}

// finish sends the last status of a task.
func (e *executor) finish(t *task, end ending) {
	t.view.enter(launchv1.Report_ENDED)
	e.send(t, end.state, end.message, func(r *launchv1.Report) {
		r.Pid, r.Permanent = 0, end.permanent
		for _, line := range end.tail[max(0, len(end.tail)-maxTail):] {
			r.LogTail = append(r.LogTail, short(t.redact(line), maxLine))
		}
	})
}

// reportProgress tells of a start as it goes on: at most once in an interval, and only
// when the agent has acknowledged all before, so that nothing piles up while it is away.
func (e *executor) reportProgress(ctx context.Context, t *task) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		select {
		case <-ctx.Done():
			return
		case <-t.view.changed:
		}
		e.send(t, mesos.TaskStarting, "", nil)
		if err := e.cfg.Mesos.Flush(ctx); err != nil && ctx.Err() == nil {
			e.log.Warn("progress is not acknowledged", "task", t.info.ID, "error", err)
		}
		pause.Reset(e.cfg.ProgressInterval)
	}
}

// short cuts a text and keeps it valid UTF-8, which protobuf wants.
func short(text string, limit int) string {
	if len(text) > limit {
		for limit > 0 && !utf8.RuneStart(text[limit]) {
			limit--
		}
		text = text[:limit] + "..."
	}
	if !utf8.ValidString(text) {
		return string([]rune(text))
	}
	return text
}
