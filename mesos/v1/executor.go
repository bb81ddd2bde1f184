package v1

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	wire "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

const executorPath = "/api/v1/executor"

// NewExecutor begins to subscribe with the agent that started this process and
// returns at once. An error means that the environment is not that of a Mesos
// executor. Cancelling ctx is as good as Close, but does not wait.
func NewExecutor(ctx context.Context, config ExecutorConfig) (mesos.Executor, error) {
	env, err := readEnvironment(config.Getenv)
	if err != nil {
		return nil, err
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(ctx)
	e := &executorConn{
		env:     env,
		log:     config.Logger,
		caller:  newCaller(dialAgent(env), bearer(env.token)),
		events:  make(chan mesos.ExecutorEvent),
		pending: newPending(),
		agent:   env.agent,
		cancel:  cancel,
	}
	e.goroutines.Go(func() { e.run(ctx) })
	return e, nil
}

// dialAgent goes through the unix socket that an agent with domain sockets names.
func dialAgent(env environment) func(ctx context.Context, network, address string) (net.Conn, error) {
	if env.socket == "" {
		return nil
	}
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "unix", env.socket)
	}
}

func bearer(token string) func(*http.Request) {
	if token == "" {
		return nil
	}
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

// executorConn is a mesos.Executor over HTTP. One goroutine, run, owns the
// subscription and reads events; another, for as long as a subscription lasts,
// sends the queued updates in order.
type executorConn struct {
	env        environment
	log        *slog.Logger
	caller     *caller
	events     chan mesos.ExecutorEvent
	over       bool // events is closed; only run uses it
	subscribed bool // at least once; only run uses it
	pending    *pending
	cancel     context.CancelFunc
	goroutines sync.WaitGroup

	mu    sync.Mutex
	agent mesos.AgentID
}

func (e *executorConn) Events() <-chan mesos.ExecutorEvent { return e.events }

func (e *executorConn) Close() error {
	e.cancel()
	e.goroutines.Wait()
	return nil
}

// Update queues a report.
func (e *executorConn) Update(s mesos.Status) error {
	e.mu.Lock()
	s.Agent = e.agent
	e.mu.Unlock()
	s.Executor, s.Time, s.UUID = e.env.executor, time.Now(), newUUID()
	status, err := statusTo(s)
	if err != nil {
		return err
	}
	e.pending.add(status)
	return nil
}

// Message is one call, made at once: it needs no subscription of its own, and an agent that is away loses it.
func (e *executorConn) Message(ctx context.Context, data []byte) error {
	call := e.call(executor.Call_MESSAGE)
	call.Message = &executor.Call_Message{Data: data}
	resp, err := e.caller.post(ctx, e.url(), "", call)
	if err == nil {
		err = drain(resp)
	}
	if err != nil {
		return fmt.Errorf("cannot send a message to the scheduler: %w", err)
	}
	return nil
}

func (e *executorConn) Flush(ctx context.Context) error { return e.pending.wait(ctx) }

// run keeps a subscription until ctx ends or the agent stayed away too long.
func (e *executorConn) run(ctx context.Context) {
	defer e.endEvents()
	defer e.caller.close()
	defer e.cancel()
	wait := backoff{max: e.env.maxBackoff}
	lost := time.Now()
	for ctx.Err() == nil {
		stood, err := e.converse(ctx)
		if ctx.Err() != nil {
			return
		}
		wait.ended(stood)
		if stood > 0 {
			lost = time.Now()
		}
		if orphaned := e.orphaned(err, lost); orphaned != nil {
			e.log.Error("given up on the agent", "agent", e.env.endpoint, "error", orphaned)
			e.emit(ctx, mesos.ExecutorOrphaned{Err: orphaned})
			return
		}
		e.log.Warn("no connection to the agent", "agent", e.env.endpoint, "error", err)
		if !sleep(ctx, wait.next()) {
			return
		}
	}
}

// orphaned says why the agent is given up, or nil while it may come back. Without
// checkpointing a restarted agent would not know the executor any more.
func (e *executorConn) orphaned(err error, lost time.Time) error {
	if fatal := asFatal(err); fatal != nil {
		return fatal
	}
	if !e.env.checkpoint && e.subscribed {
		return fmt.Errorf("the agent went away, and the framework does not checkpoint: %w", err)
	}
	if away := time.Since(lost); away > e.env.recovery {
		return fmt.Errorf("the agent was away for %s: %w", away.Round(time.Second), err)
	}
	return nil
}

// converse makes one subscription and reads it to its end, which is always an
// error. It also says for how long the subscription stood.
func (e *executorConn) converse(ctx context.Context) (stood time.Duration, err error) {
	conversation, cancel := context.WithCancel(ctx)
	defer cancel()
	call := e.call(executor.Call_SUBSCRIBE)
	call.Subscribe = e.pending.subscribe()
	resp, err := e.caller.post(conversation, e.url(), "", call)
	if err != nil {
		return 0, fmt.Errorf("cannot subscribe with the Mesos agent: %w", err)
	}
	// No watchdog: an agent sends a heartbeat every 30 minutes, and none before 1.8.
	// The kernel's keepalive notices an agent host that is gone.
	in := newStream(resp.Body, cancel, 0)
	defer in.close()

	start := time.Now()
	var sender sync.WaitGroup
	defer sender.Wait()
	defer cancel()
	for {
		event := &executor.Event{}
		if err := in.next(event); err != nil {
			return time.Since(start), fmt.Errorf("cannot read from the Mesos agent: %w", err)
		}
		if event.Type == executor.Event_SUBSCRIBED {
			e.opened(event.GetSubscribed())
			sender.Go(func() {
				defer cancel() // an agent that takes no updates is worth a new subscription
				e.sendUpdates(conversation)
			})
		}
		// Not the conversation's context: an event that was read must not be lost.
		if err := e.take(ctx, event); err != nil {
			return time.Since(start), err
		}
	}
}

func (e *executorConn) opened(s *executor.Event_Subscribed) {
	e.subscribed = true
	e.mu.Lock()
	defer e.mu.Unlock()
	e.agent = mesos.AgentID(s.GetAgentInfo().ID.GetValue())
}

// sendUpdates sends what is queued, in order, until ctx ends or a call fails.
func (e *executorConn) sendUpdates(ctx context.Context) {
	for {
		status, ok := e.pending.next(ctx)
		if !ok {
			return
		}
		call := e.call(executor.Call_UPDATE)
		call.Update = &executor.Call_Update{Status: status}
		resp, err := e.caller.post(ctx, e.url(), "", call)
		if err == nil {
			err = drain(resp)
		}
		if err == nil {
			continue
		}
		// Not lost: the next SUBSCRIBE repeats it. Even a refusal may only mean that
		// the agent was restarted and does not know this connection.
		if ctx.Err() == nil {
			e.log.Warn("cannot send an update, subscribing again", "task", status.TaskID.Value, "error", err)
		}
		return
	}
}

func (e *executorConn) url() string { return "http://" + e.env.endpoint + e.env.path }

func (e *executorConn) call(kind executor.Call_Type) *executor.Call {
	return &executor.Call{
		Type:        kind,
		ExecutorID:  wire.ExecutorID{Value: string(e.env.executor)},
		FrameworkID: wire.FrameworkID{Value: string(e.env.framework)},
	}
}
