package v1

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/user"
	"sync"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// NewScheduler begins to connect to the leading master and returns at once. An
// error means that the configuration can never work; everything else is told by
// events: Disconnected for each failed attempt, Failed when there is no hope.
// Cancelling ctx is as good as Close, but does not wait.
func NewScheduler(ctx context.Context, config SchedulerConfig) (mesos.Scheduler, error) {
	config = config.withDefaults()
	directory, err := newDirectory(config.Masters)
	if err != nil {
		return nil, err
	}
	if err := completeFramework(&config); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &schedulerConn{
		config:    config,
		log:       config.Logger,
		directory: directory,
		caller:    newCaller(nil, basicAuth(config.Principal, config.Secret)),
		events:    make(chan mesos.Event),
		cancel:    cancel,
		done:      make(chan struct{}),
		framework: config.Framework.ID,
	}
	go s.run(ctx)
	return s, nil
}

// completeFramework fills what the HTTP API, unlike the old driver, does not.
func completeFramework(config *SchedulerConfig) error {
	f := &config.Framework
	if f.User == "" {
		u, err := user.Current()
		if err != nil {
			return fmt.Errorf("cannot find the user to run tasks as: %w; set alluxio.integration.mesos.user", err)
		}
		f.User = u.Username
	}
	if f.Hostname == "" {
		f.Hostname, _ = os.Hostname()
	}
	if f.Principal == "" {
		f.Principal = config.Principal
	}
	return nil
}

func basicAuth(principal, secret string) func(*http.Request) {
	if principal == "" {
		return nil
	}
	return func(r *http.Request) { r.SetBasicAuth(principal, secret) }
}

// schedulerConn is a mesos.Scheduler over HTTP. One goroutine, run, owns the
// subscription; Call uses what it last published in live.
type schedulerConn struct {
	config    SchedulerConfig
	log       *slog.Logger
	directory directory
	caller    *caller
	events    chan mesos.Event
	cancel    context.CancelFunc
	done      chan struct{}

	mu        sync.Mutex
	framework mesos.FrameworkID
	live      *subscription // nil while disconnected
	torndown  bool          // a Teardown was sent, so the end of the stream is final
}

// subscription is one connection to a leading master.
type subscription struct {
	base     string // URL of the master
	streamID string
	stream   *stream
	// refined: this master offers in the format of RESERVATION_REFINEMENT.
	refined bool
}

func (s *schedulerConn) Events() <-chan mesos.Event { return s.events }

func (s *schedulerConn) Close() error {
	s.cancel()
	<-s.done
	return nil
}

// run subscribes again and again until ctx ends or the master refuses for good.
func (s *schedulerConn) run(ctx context.Context) {
	defer close(s.done)
	defer close(s.events)
	defer s.caller.close()
	defer s.cancel()
	wait := backoff{max: s.config.Backoff}
	for ctx.Err() == nil {
		stood, err := s.converse(ctx)
		if ctx.Err() != nil {
			return
		}
		wait.ended(stood)
		if fatal := s.final(err); fatal != nil {
			if !fatal.ordered {
				s.log.Error("Mesos ended the framework", "error", fatal)
			}
			s.emit(ctx, mesos.Failed{Message: fatal.text})
			return
		}
		s.log.Warn("no connection to Mesos", "error", err)
		if !s.emit(ctx, mesos.Disconnected{Err: err}) || !sleep(ctx, wait.next()) {
			return
		}
	}
}

// final says why err is the end, or nil if it is worth another try.
func (s *schedulerConn) final(err error) *fatalError {
	if fatal := asFatal(err); fatal != nil {
		return fatal
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.torndown {
		return &fatalError{text: "the framework was torn down", ordered: true}
	}
	return nil
}

func (s *schedulerConn) emit(ctx context.Context, e mesos.Event) bool {
	select {
	case s.events <- e:
		return true
	case <-ctx.Done():
		return false
	}
}

// converse makes one subscription and reads it to its end, which is always an
// error. It also says for how long the subscription stood.
func (s *schedulerConn) converse(ctx context.Context) (stood time.Duration, err error) {
	sub, err := s.subscribe(ctx)
	if err != nil {
		return 0, err
	}
	defer sub.stream.close()
	defer s.publish(nil)
	start := time.Now()
	for {
		event := &scheduler.Event{}
		if err := sub.stream.next(event); err != nil {
			return time.Since(start), fmt.Errorf("cannot read from Mesos master %s: %w", hostPort(sub.base), err)
		}
		out, err := s.take(sub, event)
		if err != nil {
			return time.Since(start), err
		}
		if out != nil && !s.emit(ctx, out) {
			return time.Since(start), ctx.Err()
		}
	}
}

// take notes what an event says about the connection, and translates it.
func (s *schedulerConn) take(sub *subscription, event *scheduler.Event) (mesos.Event, error) {
	switch event.Type {
	case scheduler.Event_SUBSCRIBED:
		return s.opened(sub, event.GetSubscribed()), nil
	case scheduler.Event_ERROR:
		// Mesos sends ERROR only to end a subscription: the framework was removed, has
		// failed over, or may not register as it is.
		return nil, &fatalError{text: event.GetError().GetMessage()}
	case scheduler.Event_OFFERS:
		for _, offer := range event.GetOffers().GetOffers() {
			if unrefined(offer.Resources) {
				s.mu.Lock()
				sub.refined = false
				s.mu.Unlock()
			}
		}
	}
	return eventFrom(event), nil
}

func (s *schedulerConn) opened(sub *subscription, e *scheduler.Event_Subscribed) mesos.Event {
	sub.stream.limit = heartbeatLimit(e.GetHeartbeatIntervalSeconds())
	id := mesos.FrameworkID(e.GetFrameworkID().GetValue())
	s.mu.Lock()
	s.framework = id
	s.live = sub
	s.mu.Unlock()
	s.log.Info("subscribed", "id", string(id), "master", hostPort(sub.base))
	return mesos.Subscribed{Framework: id, Master: hostPort(sub.base), Version: e.GetMasterInfo().GetVersion()}
}

func (s *schedulerConn) publish(sub *subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live = sub
}

// Call sends one call over the present subscription.
func (s *schedulerConn) Call(ctx context.Context, c mesos.Call) error {
	s.mu.Lock()
	sub, framework := s.live, s.framework
	if sub == nil {
		s.mu.Unlock()
		return mesos.ErrDisconnected
	}
	refined := sub.refined
	_, teardown := c.(mesos.Teardown)
	s.torndown = s.torndown || teardown
	s.mu.Unlock()

	call, err := callTo(c, framework, refined)
	if err != nil {
		return err
	}
	err = s.send(ctx, sub, call)
	if err != nil && teardown {
		s.mu.Lock()
		s.torndown = false
		s.mu.Unlock()
	}
	return err
}

func (s *schedulerConn) send(ctx context.Context, sub *subscription, call *scheduler.Call) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.CallTimeout)
	defer cancel()
	resp, err := s.caller.post(ctx, sub.base+schedulerPath, sub.streamID, call)
	var answer *answerError
	if errors.As(err, &answer) && answer.code == http.StatusTemporaryRedirect {
		return fmt.Errorf("cannot send %s: %w: %s does not lead any more", call.Type, mesos.ErrDisconnected, hostPort(sub.base))
	}
	if err != nil {
		return fmt.Errorf("cannot send %s: %w", call.Type, err)
	}
	return drain(resp)
}
