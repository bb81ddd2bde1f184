package dev

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/cmd/alluxio-mesos/screen"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/devcluster"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/spec"
)

// ErrInterrupted is returned by a run that was ended before Alluxio was seen to work.
var ErrInterrupted = errors.New("interrupted")

// ConfigError is a configuration that cannot be run; nothing was started.
type ConfigError struct{ err error }

func (e *ConfigError) Error() string { return e.err.Error() }
func (e *ConfigError) Unwrap() error { return e.err }

// stopTimeout is how long the plan may take to end everything: the executors' grace of
// 30 seconds and a little.
const stopTimeout = 40 * time.Second

const pollInterval = 100 * time.Millisecond

// Run brings everything up, shows that it works, waits for ctx to end unless this is a
// check, and takes everything down again. Whatever happens it leaves only the cache.
func Run(ctx context.Context, c Config) (err error) {
	unlock, err := lock(c.Root)
	if err != nil {
		return err
	}
	defer unlock()
	// Processes are known by paths, as the kernel tells them: without links.
	if c.Root, err = filepath.EvalSymlinks(c.Root); err != nil {
		return fmt.Errorf("cannot find the folder of dev: %w", err)
	}
	if err := c.clearAway(ctx); err != nil {
		return err
	}
	d, err := c.deployment()
	if err != nil {
		return &ConfigError{err}
	}
	usual, release := claimUsualPorts()
	defer release()
	r := &running{Config: c, deployment: d, usualPorts: usual}
	// The way down must not be cut short by what began it.
	defer func() { err = errors.Join(err, r.down(context.WithoutCancel(ctx))) }()
	if err := r.up(ctx); ctx.Err() == nil {
		return err
	} else if err != nil {
		return ErrInterrupted // whatever that cut short
	}
	return nil
}

// clearAway sweeps what a run that was killed left behind.
func (c Config) clearAway(ctx context.Context) error {
	found, err := c.sweep(ctx)
	for _, what := range found {
		c.say("swept from an earlier run: %s", what)
	}
	if err != nil && ctx.Err() != nil {
		return ErrInterrupted
	}
	if err != nil {
		return fmt.Errorf("cannot sweep what an earlier dev left: %w", err)
	}
	return nil
}

func (c Config) say(text string, args ...any) { fmt.Fprintf(c.Out, text+"\n", args...) }

// running is a run and what it has started so far.
type running struct {
	Config
	deployment spec.Deployment
	usualPorts bool // are this run's to use

	began    time.Time
	cluster  *devcluster.Cluster
	schedLog *os.File
	// The scheduler: cancel ends it and leaves its tasks, ended closes after it.
	cancel   context.CancelFunc
	ended    chan struct{}
	endedErr error
	last     client.Status
}

func (r *running) up(ctx context.Context) error {
	r.began = time.Now()
	if r.Site.Len() > 0 { // else they are about defaults that dev chose
		for _, note := range r.deployment.Notes {
			r.say("note: %s", note)
		}
	}
	if err := r.startCluster(ctx); err != nil {
		return err
	}
	if err := r.startScheduler(ctx); err != nil {
		return err
	}
	if err := r.awaitServing(ctx); err != nil {
		return r.explain(ctx, err)
	}
	r.say("serving after %.1f s", time.Since(r.began).Seconds())
	if err := r.prove(ctx); err != nil {
		return r.explain(ctx, err)
	}
	r.sayAddresses()
	if r.Check {
		return nil
	}
	r.say("Ctrl-C takes everything down")
	select {
	case <-ctx.Done():
		return nil
	case <-r.ended:
		return r.endedErr
	}
}

func (r *running) startCluster(ctx context.Context) error {
	agents, err := r.agents(r.deployment, r.usualPorts)
	if err != nil {
		return err
	}
	for _, dir := range []string{r.mesos(), r.node(), r.ramdisks(), r.client()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("cannot make the folders of the run: %w", err)
		}
	}
	r.schedLog, err = os.OpenFile(r.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("cannot make the scheduler's log: %w", err)
	}
	r.cluster, err = devcluster.Start(ctx, devcluster.Config{Dir: r.mesos(), Agents: agents, Logger: r.logger("mesos")})
	if err != nil {
		return fmt.Errorf("cannot start the embedded Mesos: %w", err)
	}
	r.say("embedded Mesos at http://%s/state, agents: %d", r.cluster.Address(), len(agents))
	return nil
}

func (r *running) logger(part string) *slog.Logger {
	return slog.New(slog.NewTextHandler(r.schedLog, nil)).With("part", part)
}

// startScheduler runs the scheduler until it was stopped; the end of ctx does not reach
// it, since to a scheduler that means to leave the tasks running.
func (r *running) startScheduler(ctx context.Context) error {
	ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	r.ended = make(chan struct{})
	go func() {
		defer close(r.ended)
		r.endedErr = scheduler.Run(ctx, scheduler.Config{
			Deployment: r.deployment,
			Mesos:      r.cluster.Address(),
			StateDir:   r.Root,
			Executor:   filepath.Join(r.Bin, "alluxio-mesos-executor"),
			PluginDir:  r.Bin,
			Logger:     r.logger("scheduler").With("framework", r.framework()),
		})
	}()
	return nil
}

// awaitServing tells how the tasks come up, until all serve or one never will.
func (r *running) awaitServing(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, r.StartTimeout)
	defer cancel()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	told := teller{say: r.say}
	for {
		select {
		case <-ctx.Done():
			return ErrInterrupted
		case <-limited.Done():
			return fmt.Errorf("Alluxio does not serve after %v (--timeout)", r.StartTimeout)
		case <-r.ended:
			return r.whyEnded()
		case <-ticker.C:
		}
		status, err := r.status(limited)
		if err != nil {
			continue // it has not come up yet; if it never does, r.ended or the limit says so
		}
		r.last = status
		told.tell(status)
		if screen.Whole(status) && len(status.Instances) > r.wanted() {
			return nil
		}
		for _, instance := range status.Instances {
			if instance.Permanent {
				return fmt.Errorf("%s cannot start: %s", instance.Name, instance.Message)
			}
		}
	}
}

func (r *running) whyEnded() error {
	if r.endedErr == nil {
		return errors.New("it was stopped while it came up")
	}
	return fmt.Errorf("the scheduler has ended: %w", r.endedErr)
}

// wanted is the number of workers.
func (r *running) wanted() int {
	if r.deployment.WorkerCount > 0 {
		return r.deployment.WorkerCount
	}
	return r.Agents
}

func (r *running) status(ctx context.Context) (client.Status, error) {
	c, err := client.Open(r.Root)
	if err != nil {
		return client.Status{}, err
	}
	return c.Status(ctx)
}

func (r *running) sayAddresses() {
	for _, instance := range r.last.Instances {
		for _, task := range instance.Tasks {
			if task.Serving {
				r.say("%s: %s (RPC), http://%s (web)", instance.Name, task.Addresses.RPC, task.Addresses.Web)
			}
		}
	}
	if c, err := client.Open(r.Root); err == nil {
		r.say("status: %s, or alluxio-mesos status --name %s", c.URL(), Name)
	}
	r.say("client properties: %s", r.client())
}

// down ends the deployment by its own plan, then the cluster, then whatever is left.
func (r *running) down(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	stopped := r.stopScheduler(ctx)
	var errs []error
	if r.cluster != nil {
		errs = append(errs, r.cluster.Close())
	}
	if r.schedLog != nil {
		errs = append(errs, r.schedLog.Close())
	}
	// The plan is over: what the sweep finds now is either nothing, or the reason why it was forced.
	hard, cancelHard := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancelHard()
	_, err := r.sweep(hard)
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("cannot take everything down: %w", err)
	}
	if stopped != nil {
		r.say("everything was ended by force: %v", stopped)
		return nil
	}
	r.say("everything is down")
	return nil
}

// stopScheduler stops the deployment as "alluxio-mesos stop" does.
func (r *running) stopScheduler(ctx context.Context) error {
	if r.ended == nil {
		return nil
	}
	defer func() { <-r.ended }()
	defer r.cancel()
	c, err := client.Open(r.Root)
	if err != nil {
		return nil // it never came so far as to run anything
	}
	r.say("taking everything down")
	if err := c.Stop(ctx); err != nil && !errors.Is(err, client.ErrNotRunning) {
		return err
	}
	select {
	case <-r.ended:
		return nil
	case <-r.Force:
		return errors.New("asked to")
	case <-ctx.Done():
		return fmt.Errorf("it took longer than %v", stopTimeout)
	}
}

// teller says each thing once.
type teller struct {
	say   func(string, ...any)
	said  map[string]string
	moved map[string]transfers // by instance
}

// transfers is what was said last of how far a task's transfers are.
type transfers struct {
	quarters string
	line     string
	at       time.Time
}

// transferPause is how long a slow transfer is not worth another line.
const transferPause = 10 * time.Second

func (t *teller) tell(status client.Status) {
	for _, instance := range status.Instances {
		line, state := instance.Message, instance.Message
		for _, task := range instance.Tasks {
			state = screen.TaskStep(task)
			line = state
			if mesos.TaskState(task.State).Terminal() {
				line += ": " + instance.Message
			}
		}
		t.once(instance.Name, state, line)
		for _, notice := range instance.Notices {
			t.once(instance.Name+" notice "+notice, notice, notice)
		}
		for _, task := range instance.Tasks {
			t.transfers(instance.Name, task, time.Now())
		}
	}
	for _, d := range status.Declines {
		line := strings.TrimSpace(d.Reason + "; " + d.Advice)
		t.once(d.Instance+" on "+d.Host, line, line)
	}
}

// transfers says how far a task's transfers are: when another quarter of one is there, or after a while.
func (t *teller) transfers(name string, task client.Task, now time.Time) {
	line := screen.TaskState(task)
	if line == screen.TaskStep(task) {
		delete(t.moved, name)
		return
	}
	quarters := ""
	for _, one := range task.Progress.Transfers {
		if one.Total > 0 {
			quarters += fmt.Sprint(one.Artifact, " ", one.Bytes*4/one.Total, " ")
		}
	}
	last, begun := t.moved[name]
	if begun && (line == last.line || quarters == last.quarters && now.Sub(last.at) < transferPause) {
		return
	}
	if t.moved == nil {
		t.moved = map[string]transfers{}
	}
	t.moved[name] = transfers{quarters: quarters, line: line, at: now}
	if begun { // the beginning is told by the step
		t.say("%s: %s", name, line)
	}
}

// once says the line unless the state is the one that it said last: a line may hold seconds that count down.
func (t *teller) once(what, state, line string) {
	if line == "" || t.said[what] == state {
		return
	}
	if t.said == nil {
		t.said = map[string]string{}
	}
	t.said[what] = state
	name, _, _ := strings.Cut(what, " notice ")
	t.say("%s: %s", name, line)
}
