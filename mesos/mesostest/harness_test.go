package mesostest_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
	v1 "github.com/alluxio-mesos/alluxio-mesos/mesos/v1"
)

// patience bounds every wait: long enough for a slow machine and a real Mesos.
const patience = 15 * time.Second

// client is a framework that keeps all events and acknowledges updates.
type client struct {
	mesos.Scheduler
	t       *testing.T
	cluster *mesostest.Cluster
	id      mesos.FrameworkID

	mu      sync.Mutex
	events  []mesos.Event
	changed chan struct{}
	silent  bool // do not acknowledge
	closed  bool // the channel of events is
}

type clientOption func(*v1.SchedulerConfig)

func withID(id mesos.FrameworkID) clientOption {
	return func(c *v1.SchedulerConfig) { c.Framework.ID = id }
}

func withFailover(d time.Duration) clientOption {
	return func(c *v1.SchedulerConfig) { c.Framework.FailoverTimeout = d }
}

// connect starts a framework, which is torn down after the test, and waits until
// it is subscribed.
func connect(t *testing.T, c *mesostest.Cluster, options ...clientOption) *client {
	t.Helper()
	f := dial(t, c, options...)
	f.id = await(f, func(e mesos.Subscribed) bool { return true }).Framework
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = f.Call(ctx, mesos.Teardown{}) // it may be gone already
		f.Close()
	})
	return f
}

// dial starts a framework and does not wait.
func dial(t *testing.T, c *mesostest.Cluster, options ...clientOption) *client {
	t.Helper()
	config := v1.SchedulerConfig{
		Masters: c.Address(), Logger: mesostest.Logger(t),
		Framework: mesos.FrameworkInfo{Name: t.Name(), FailoverTimeout: time.Hour, Hostname: "scheduler-host", WebUI: "http://scheduler-host:1/"},
	}
	for _, o := range options {
		o(&config)
	}
	// Not the test's context: that ends before the cleanup that tears down.
	s, err := v1.NewScheduler(context.Background(), config)
	require.NoError(t, err)
	f := &client{Scheduler: s, t: t, cluster: c, id: config.Framework.ID, changed: make(chan struct{})}
	reading := make(chan struct{})
	go func() {
		defer close(reading)
		f.read()
	}()
	t.Cleanup(func() {
		s.Close()
		<-reading
	})
	return f
}

func (f *client) read() {
	for e := range f.Events() {
		f.mu.Lock()
		f.events = append(f.events, e)
		close(f.changed)
		f.changed = make(chan struct{})
		silent := f.silent
		f.mu.Unlock()
		if u, ok := e.(mesos.Update); ok && u.Status.UUID != nil && !silent {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			_ = f.Call(ctx, mesos.Acknowledge(u)) // Mesos sends it again if this fails
			cancel()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *client) do(c mesos.Call) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(f.t, f.Call(ctx, c), "%T", c)
}

func (f *client) acknowledge(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.silent = !on
}

// await waits for the first event of a type, past or to come, that matches, and
// takes it and what came before it of that type away.
func await[E mesos.Event](f *client, match func(E) bool) E {
	f.t.Helper()
	e, ok := tryAwait(f, patience, match)
	if !ok {
		f.mu.Lock()
		defer f.mu.Unlock()
		require.FailNow(f.t, fmt.Sprintf("no %T came", e), "%s", describe(f.events))
	}
	return e
}

func tryAwait[E mesos.Event](f *client, limit time.Duration, match func(E) bool) (E, bool) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		f.mu.Lock()
		for i, e := range f.events {
			if e, ok := e.(E); ok && match(e) {
				f.forget(i, func(e mesos.Event) bool { _, same := e.(E); return same })
				f.mu.Unlock()
				return e, true
			}
		}
		changed := f.changed
		f.mu.Unlock()
		select {
		case <-changed:
		case <-timer.C:
			var none E
			return none, false
		}
	}
}

// forget drops the events up to i that match.
func (f *client) forget(i int, match func(mesos.Event) bool) {
	var left []mesos.Event
	for j, e := range f.events {
		if j > i || !match(e) {
			left = append(left, e)
		}
	}
	f.events = left
}

func describe(events []mesos.Event) string {
	var out []string
	for _, e := range events {
		out = append(out, fmt.Sprintf("%T%+v", e, e))
	}
	return "events so far:\n" + strings.Join(out, "\n")
}

// status waits for a status of a task.
func (f *client) status(task mesos.TaskID, state mesos.TaskState) mesos.Status {
	f.t.Helper()
	return await(f, func(u mesos.Update) bool { return u.Status.Task == task && u.Status.State == state }).Status
}

// reconciled waits for the answer to a reconciliation, past repeated updates.
func (f *client) reconciled(task mesos.TaskID, state mesos.TaskState) mesos.Status {
	f.t.Helper()
	s := await(f, func(u mesos.Update) bool { return u.Status.Task == task && u.Status.Reason == "REASON_RECONCILIATION" }).Status
	require.Equal(f.t, state, s.State)
	require.Equal(f.t, "SOURCE_MASTER", s.Source)
	require.Nil(f.t, s.UUID)
	return s
}

// offer waits for one that matches, and declines others for no time.
func (f *client) offer(match func(mesos.Offer) bool) mesos.Offer {
	f.t.Helper()
	for {
		all := await(f, func(mesos.Offers) bool { return true }).Offers
		var found *mesos.Offer
		for i := range all {
			if found == nil && match(all[i]) {
				found = &all[i]
				continue
			}
			f.do(mesos.Decline{Offers: []mesos.OfferID{all[i].ID}, Refuse: 300 * time.Millisecond})
		}
		if found != nil {
			return *found
		}
	}
}

func (f *client) anyOffer() mesos.Offer {
	f.t.Helper()
	return f.offer(func(mesos.Offer) bool { return true })
}

// take cuts cpus and memory out of an offer.
func take(o mesos.Offer, cpus, mem float64) []mesos.Resource {
	var out []mesos.Resource
	for _, r := range o.Resources {
		switch r.Name {
		case "cpus":
			r.Scalar = cpus
		case "mem":
			r.Scalar = mem
		default:
			continue
		}
		out = append(out, r)
	}
	return out
}

var counter struct {
	sync.Mutex
	n int
}

func unique(name string) string {
	counter.Lock()
	defer counter.Unlock()
	counter.n++
	return fmt.Sprintf("%s.%d.%d", name, os.Getpid(), counter.n)
}

// task for an offer, with an executor of its own, whose data says what to do.
func task(o mesos.Offer, data string) mesos.TaskInfo {
	id := unique("task")
	return mesos.TaskInfo{
		ID: mesos.TaskID(id), Name: "a " + data, Agent: o.Agent, Resources: take(o, 0.5, 64), Data: []byte(data), KillGrace: 3 * time.Second,
		Executor: executorInfo(o, mesos.ExecutorID(id+".executor")),
	}
}

func executorInfo(o mesos.Offer, id mesos.ExecutorID) mesos.ExecutorInfo {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return mesos.ExecutorInfo{
		ID: id, Name: "executor", Resources: take(o, 0.25, 32), ShutdownGrace: 2 * time.Second,
		Command: mesos.Command{Path: self, Environment: map[string]string{
			executorMode: "1",
			// A race-enabled binary lingers for a second when it exits.
			"GORACE": "atexit_sleep_ms=0",
		}},
	}
}

// run launches a task on any offer and waits until it runs.
func (f *client) run(data string) (mesos.TaskInfo, mesos.Status) {
	f.t.Helper()
	o := f.offer(func(o mesos.Offer) bool { return true })
	t := task(o, data)
	f.do(mesos.Accept{Offers: []mesos.OfferID{o.ID}, Tasks: []mesos.TaskInfo{t}})
	return t, f.status(t.ID, mesos.TaskRunning)
}

// launchOne launches a task as it is.
func (f *client) launchOne(o mesos.Offer, t mesos.TaskInfo) {
	f.t.Helper()
	f.do(mesos.Accept{Offers: []mesos.OfferID{o.ID}, Tasks: []mesos.TaskInfo{t}})
}

// eventually waits for a condition that nothing announces.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, patience, 20*time.Millisecond, what)
}
