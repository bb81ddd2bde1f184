package executor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/executor/steps"
	"github.com/alluxio-mesos/alluxio-mesos/executor/supervise"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

// errKilled cancels a preparation that nobody wants any more.
var errKilled = errors.New("killed")

// task is one task from LAUNCH to its ending.
//
//	preparing ---> starting ---> serving
//	    |              |             |
//	    +--------------+-------------+---> stopping (KILL, SHUTDOWN) ---> killed
//	    |              |             |
//	    +--------------+-------------+---> failed   (a step failed, or the process ended)
//
// Its goroutine, run, is the only one that goes along these arrows; the loop asks by kill.
type task struct {
	info   mesos.TaskInfo
	job    *steps.Job
	view   *view
	redact func(string) string

	prepare context.Context // ends with the first kill
	cancel  context.CancelCauseFunc
	stops   chan time.Duration // the patience of each kill

	mu      sync.Mutex
	stopped bool
}

// ending is how a task ended; the loop sends it.
type ending struct {
	state     mesos.TaskState
	message   string
	tail      []string
	permanent bool
}

func newTask(info mesos.TaskInfo, job *steps.Job, v *view) *task {
	t := &task{info: info, job: job, view: v, redact: steps.Redactor(job.Order.Properties), stops: make(chan time.Duration, 8)}
	t.prepare, t.cancel = context.WithCancelCause(context.Background())
	return t
}

// kill asks for the end; it does not wait. A second one may shorten the patience.
func (t *task) kill(grace time.Duration) {
	t.mu.Lock()
	t.stopped = true
	t.mu.Unlock()
	select {
	case t.stops <- grace:
	default: // enough of them are waiting
	}
	t.cancel(errKilled)
}

func (t *task) asked() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stopped
}

// run takes the task through its life.
func (e *executor) run(t *task) ending {
	defer t.cancel(nil)
	reporting, quiet := context.WithCancel(context.Background())
	reported := make(chan struct{})
	go func() { defer close(reported); e.reportProgress(reporting, t) }()
	// No TASK_STARTING may follow what comes after: the reporter is waited for.
	silence := func() { quiet(); <-reported }
	defer silence()

	p, err := e.start(t)
	if err != nil {
		return t.failed(err)
	}
	select {
	case <-p.Serving():
	case <-p.Done():
		return t.ended(p)
	case grace := <-t.stops:
		silence()
		return e.stop(t, p, grace)
	}
	silence()
	if err := steps.Served(t.job); err != nil {
		e.log.Error("cannot mark the journal as made", "task", t.info.ID, "error", err)
	}
	t.view.enter(launchv1.Report_SERVING)
	e.send(t, mesos.TaskRunning, servingText(t), nil)
	select {
	case <-p.Done():
		return t.ended(p)
	case grace := <-t.stops:
		return e.stop(t, p, grace)
	}
}

// start prepares, one task of the instance at a time, and starts the process.
func (e *executor) start(t *task) (*supervise.Process, error) {
	select {
	case e.bench <- struct{}{}:
		defer func() { <-e.bench }()
	case <-t.prepare.Done():
		return nil, context.Cause(t.prepare)
	}
	if err := steps.Prepare(t.prepare, t.job); err != nil {
		return nil, err
	}
	t.view.found(t.job.Home, t.job.Java)
	cfg, err := steps.Process(t.prepare, t.job)
	if err != nil {
		return nil, err
	}
	if t.asked() {
		return nil, errKilled
	}
	p, err := e.launcher.Start(cfg)
	if err == nil {
		t.view.started(p.PID())
	}
	return p, err
}

// stop ends the process as the kill asked; a further kill can only shorten the wait.
func (e *executor) stop(t *task, p *supervise.Process, grace time.Duration) ending {
	t.view.enter(launchv1.Report_STOPPING)
	if e.taskKilling.Load() {
		e.send(t, mesos.TaskKilling, "stopping", nil)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	result := make(chan error, 1)
	go func() { result <- p.Stop(ctx, grace) }()
	for {
		select {
		case err := <-result:
			end := ending{state: mesos.TaskKilled, message: "stopped as asked"}
			if err != nil { // it still holds its ports: that is no clean end
				end = ending{state: mesos.TaskFailed, message: err.Error()}
			} else if p.Exit().Forced {
				end.message = fmt.Sprintf("stopped as asked, by SIGKILL: SIGTERM had no effect within %s", grace)
			}
			return end
		case shorter := <-t.stops:
			defer time.AfterFunc(shorter, cancel).Stop()
		}
	}
}

// failed words the end of a task whose process never started.
func (t *task) failed(err error) ending {
	if t.asked() {
		return ending{state: mesos.TaskKilled, message: "stopped as asked, before it was started"}
	}
	var step *steps.Error
	if errors.As(err, &step) {
		t.view.failedAt(step.Step)
	}
	return ending{
		state: mesos.TaskFailed, message: t.redact(err.Error()), permanent: plugins.KindOf(err) == plugins.Permanent,
	}
}

// ended words the end of a process that nobody asked to end.
func (t *task) ended(p *supervise.Process) ending {
	if t.asked() && p.Exit().Cause == "" {
		return ending{state: mesos.TaskKilled, message: "stopped as asked"}
	}
	tail, exit := p.Tail(), p.Exit()
	text := fmt.Sprintf("the %s %s", t.job.Order.Process, exit)
	// Who is killed cannot say why: the last words are about something else.
	killed := exit.Signal == syscall.SIGKILL && exit.Cause == ""
	if line := telling(tail); line != "" && !killed {
		text += ": " + line
	}
	return ending{state: mesos.TaskFailed, message: t.redact(text), tail: tail}
}

// telling is the line that most likely says why: the last that speaks of an error, or
// the last at all.
func telling(lines []string) string {
	var last, bad string
	for _, line := range lines {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		last = line
		if strings.Contains(line, "ERROR") || strings.Contains(line, "FATAL") ||
			strings.Contains(line, "Exception:") || strings.Contains(line, "Error:") {
			bad = line
		}
	}
	if bad != "" {
		last = bad
	}
	return short(last, 300)
}

func servingText(t *task) string {
	return fmt.Sprintf("serving: Alluxio %s on Java %s", t.job.Home.Version, t.job.Java.Text)
}
