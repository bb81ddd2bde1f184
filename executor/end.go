package executor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/executor/steps"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// The parts of a shutdown's grace, after which Mesos kills the executor: the processes
// get most, then come the ramdisk and the plugins, then the last statuses.
const (
	processesPart = 0.6
	undoPart      = 0.2
	flushPart     = 0.15
)

func part(grace time.Duration, share float64) time.Duration {
	return time.Duration(float64(grace) * share)
}

// shutdown ends everything that the instance has on this node, and says so.
func (e *executor) shutdown(grace time.Duration) error {
	if grace <= 0 {
		grace = e.cfg.ShutdownGrace
	}
	e.log.Info("shutdown", "grace", grace, "tasks", len(e.tasks))
	all := e.stopAll(part(grace, processesPart))
	ctx, cancel := context.WithTimeout(context.Background(), part(grace, undoPart))
	defer cancel()
	err := e.undo(ctx)
	if err != nil {
		e.log.Error("cannot clean up", "error", err)
	}
	for _, end := range all {
		if err != nil {
			end.how.message += "; " + err.Error()
		}
		e.finish(end.task, end.how)
	}
	return errors.Join(err, e.flush(part(grace, flushPart)), e.unended())
}

// abandon ends the processes but leaves the ramdisk, with its blocks, to the next
// executor: nobody asked for the end of the instance.
func (e *executor) abandon(cause error) error {
	e.log.Error("ending, the ramdisk stays", "cause", cause)
	for _, end := range e.stopAll(e.cfg.KillGrace) {
		if end.how.state == mesos.TaskKilled {
			end.how = ending{state: mesos.TaskFailed, message: cause.Error()}
		}
		e.finish(end.task, end.how)
	}
	err := errors.Join(cause, e.closeHost(), e.unended())
	if e.last != nil && len(e.tasks) == 0 {
		err = errors.Join(err, steps.Leave(e.last))
	}
	if !errors.Is(cause, ErrOrphaned) {
		err = errors.Join(err, e.flush(part(e.cfg.ShutdownGrace, 0.5)))
	}
	return err
}

// leaveSwept ends an executor that was started for a sweep only.
func (e *executor) leaveSwept() error {
	return errors.Join(e.closeHost(), steps.Leave(e.last), e.flush(e.cfg.ShutdownGrace))
}

// stopAll ends all tasks and collects how they ended, for as long as that can take: grace
// for SIGTERM, and what SIGKILL may need. The caller sends the statuses.
func (e *executor) stopAll(grace time.Duration) []ended {
	for _, t := range e.tasks {
		t.kill(grace)
	}
	limit := time.NewTimer(grace + max(grace/4, time.Second))
	defer limit.Stop()
	var all []ended
	for len(e.tasks) > 0 {
		select {
		case end := <-e.endings:
			delete(e.tasks, end.task.info.ID)
			all = append(all, end)
		case <-limit.C:
			return all
		}
	}
	return all
}

// unended says which tasks did not end even so. Their processes die with this one.
func (e *executor) unended() error {
	if len(e.tasks) == 0 {
		return nil
	}
	return fmt.Errorf("%d tasks did not end in time", len(e.tasks))
}

func (e *executor) undo(ctx context.Context) error {
	if e.last == nil {
		return nil
	}
	if len(e.tasks) > 0 {
		return errors.New("the ramdisk stays mounted: a process that uses it did not end")
	}
	return errors.Join(steps.Undo(ctx, e.last), e.closeHost(), steps.Leave(e.last))
}

func (e *executor) closeHost() error {
	box := e.host.Load()
	if box == nil {
		return nil
	}
	if err := box.Close(); err != nil {
		return fmt.Errorf("cannot end the plugins: %w", err)
	}
	return nil
}

func (e *executor) flush(limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := e.cfg.Mesos.Flush(ctx); err != nil {
		return fmt.Errorf("not every status was acknowledged: %w", err)
	}
	return nil
}

// sweep is the life of a task that only cleans up after the instance.
func (e *executor) sweep(t *task) ending {
	select {
	case e.bench <- struct{}{}:
		defer func() { <-e.bench }()
	case <-t.prepare.Done():
		return t.failed(errKilled)
	}
	defer t.cancel(nil)
	if err := steps.Sweep(t.prepare, t.job); err != nil {
		return t.failed(err)
	}
	return ending{state: mesos.TaskFinished, message: "nothing of " + t.job.Order.Instance + " is left but its work folder"}
}
