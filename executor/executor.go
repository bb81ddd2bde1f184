package executor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/executor/steps"
	"github.com/alluxio-mesos/alluxio-mesos/executor/supervise"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

// ErrOrphaned is returned when the agent stayed away longer than Mesos allows.
var ErrOrphaned = errors.New("the Mesos agent did not come back in time")

// executor is the loop's state. What is not said to be shared belongs to the loop.
type executor struct {
	cfg         Config
	log         *slog.Logger // set before the first task
	known       bool         // who we are, since the first subscription
	launcher    *supervise.Launcher
	taskKilling atomic.Bool
	bench       chan struct{} // held by the task that prepares

	tasks    map[mesos.TaskID]*task
	endings  chan ended
	instance steps.Instance
	host     atomic.Pointer[hostBox]
	last     *steps.Job    // of the instance, for undoing
	swept    bool          // a sweep was all that was asked for
	orders   *orders       // of the scheduler, beside tasks
	over     chan struct{} // closed when nobody listens to endings any more
}

type hostBox struct{ Host }

type ended struct {
	task *task
	how  ending
}

// Run serves the agent until it says SHUTDOWN (nil), until the agent is gone for good
// (ErrOrphaned), or until ctx ends. Afterwards no process of ours is left; a ramdisk is
// left only if nobody asked for the end.
func Run(ctx context.Context, cfg Config) error {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return err
	}
	e := &executor{
		cfg: cfg, log: cfg.Logger, launcher: supervise.NewLauncher(), bench: make(chan struct{}, 1),
		tasks: map[mesos.TaskID]*task{}, endings: make(chan ended),
		orders: newOrders(), over: make(chan struct{}),
	}
	defer e.launcher.Close()
	defer e.orders.close()
	defer close(e.over)
	return e.loop(ctx)
}

func (e *executor) loop(ctx context.Context) error {
	events := e.cfg.Mesos.Events()
	for {
		select {
		case event, open := <-events:
			if !open {
				return e.abandon(errors.New("the conversation with the Mesos agent ended"))
			}
			if done, err := e.handle(event); done {
				return err
			}
		case end := <-e.endings:
			e.forget(end)
			if e.swept && len(e.tasks) == 0 {
				return e.leaveSwept()
			}
		case answer := <-e.orders.done:
			e.swapped(answer)
		case text := <-e.orders.notices:
			e.noticed(text)
		case <-ctx.Done():
			return e.abandon(fmt.Errorf("the executor was told to end: %w", context.Cause(ctx)))
		}
	}
}

func (e *executor) handle(event mesos.ExecutorEvent) (done bool, err error) {
	switch event := event.(type) {
	case mesos.ExecutorSubscribed:
		e.subscribed(event)
	case mesos.LaunchTask:
		e.launch(event.Task)
	case mesos.KillTask:
		e.kill(event)
	case mesos.ExecutorMessage:
		e.ordered(event.Data)
	case mesos.ExecutorShutdown:
		return true, e.shutdown(event.Grace)
	case mesos.ExecutorOrphaned:
		return true, e.abandon(fmt.Errorf("%w: %w", ErrOrphaned, event.Err))
	}
	return false, nil
}

// subscribed comes again when the agent was restarted. Framework and agent stay the same, and tasks that run log with
// them already.
func (e *executor) subscribed(event mesos.ExecutorSubscribed) {
	if !e.known {
		e.known = true
		e.log = e.cfg.Logger.With("framework", event.Framework, "agent", event.Agent)
	}
	e.taskKilling.Store(event.TaskKilling)
	e.log.Info("subscribed", "executor", event.Executor, "host", event.Host)
}

func (e *executor) launch(info mesos.TaskInfo) {
	if _, known := e.tasks[info.ID]; known {
		e.log.Warn("a task was launched twice", "task", info.ID)
		return
	}
	t, err := e.accept(info)
	if err != nil {
		e.log.Error("cannot accept a task", "task", info.ID, "error", err)
		e.update(info.ID, mesos.TaskFailed, err.Error(), &launchv1.Report{
			Phase: launchv1.Report_ENDED, Step: steps.StepCheck, Permanent: !passing(err),
		})
		return
	}
	e.tasks[info.ID], e.last, e.swept = t, t.job, t.job.Order.Sweep
	go e.live(t)
}

// passing says that a task that could not be accepted may be later: somebody makes room.
func passing(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// live is the goroutine of a task.
func (e *executor) live(t *task) {
	life := e.run
	if t.job.Order.Sweep {
		life = e.sweep
	}
	select {
	case e.endings <- ended{t, life(t)}:
	case <-e.over:
	}
}

// accept reads the message and puts together what the task works with.
func (e *executor) accept(info mesos.TaskInfo) (*task, error) {
	l, err := decode(info.Data)
	if err != nil {
		return nil, err
	}
	if e.last != nil && (e.last.Order.Framework != l.order.Framework || e.last.Order.Instance != l.order.Instance) {
		return nil, fmt.Errorf("this executor runs %s of %s and cannot run %s of %s too",
			e.last.Order.Instance, e.last.Order.Framework, l.order.Instance, l.order.Framework)
	}
	if l.order.Sweep && len(e.tasks) > 0 {
		return nil, fmt.Errorf("%s still runs here and cannot be swept", l.order.Instance)
	}
	if !l.order.Sweep {
		// The cache lies in the node folder: told first, the error names the folder that the operator chose.
		if err := steps.CheckNode(l.order); err != nil {
			return nil, err
		}
	}
	h, err := e.hostFor(l)
	if err != nil {
		return nil, fmt.Errorf("cannot use the plugins: %w", err)
	}
	v := newView()
	return newTask(info, &steps.Job{
		Order: l.order, Instance: &e.instance, Watch: v,
		Tools: steps.Tools{
			Host: h, Run: e.launcher.Run, Env: e.cfg.Env, Logs: filepath.Join(e.cfg.Sandbox, "logs"),
			Logger: e.log.With("task", info.ID),
		},
	}, v), nil
}

// hostFor makes the plugin host at the first task, and tells it of newer plugins later.
func (e *executor) hostFor(l launch) (Host, error) {
	if box := e.host.Load(); box != nil {
		return box.Host, box.Update(l.plugins)
	}
	paths := steps.PathsOf(l.order.Node, l.order.Framework, l.order.Instance)
	temp := paths.Temp
	if os.MkdirAll(temp, 0o700) != nil {
		temp = "" // a sweep can do without
	}
	cache := l.cache
	if cache == "" {
		cache = filepath.Join(l.order.Node, "cache")
	}
	h, err := e.cfg.NewHost(host.Config{
		Plugins: l.plugins, Fetchers: l.fetchers, NodePluginDir: l.nodePlug, TempDir: temp,
		CacheDir: cache, CacheBytes: l.bytes, PrivateCacheDir: privateCache(l.order.Node),
		Logger: e.log, Notice: e.notice,
	})
	if err != nil {
		return nil, err
	}
	e.host.Store(&hostBox{h})
	return h, nil
}

// privateCache is what a user adds to whom the cache does not belong: several users can share
// a node folder that is sticky, or a cache of root's.
func privateCache(node string) string {
	return filepath.Join(node, fmt.Sprintf("cache-%d", os.Geteuid()))
}

func (e *executor) digests() map[string]string {
	if box := e.host.Load(); box != nil {
		return box.Digests()
	}
	return nil
}

func (e *executor) kill(event mesos.KillTask) {
	t, known := e.tasks[event.Task]
	if !known {
		e.log.Warn("a task to kill is not here (any more)", "task", event.Task)
		return
	}
	grace := e.cfg.KillGrace
	for _, asked := range []time.Duration{t.info.KillGrace, event.Grace} { // the event's wins
		if asked > 0 {
			grace = asked
		}
	}
	t.kill(grace)
}

// forget sends a task's last status.
func (e *executor) forget(end ended) {
	delete(e.tasks, end.task.info.ID)
	e.finish(end.task, end.how)
}
