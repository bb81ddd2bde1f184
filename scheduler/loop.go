package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/plan"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/state"
)

// callTimeout bounds one call: the loop does nothing else meanwhile.
const callTimeout = 10 * time.Second

// tick is how often the plan hears that time has passed.
const tick = 200 * time.Millisecond

// runner carries out what the plan decides. Only the loop touches the plan; others see what was published.
type runner struct {
	config     Config
	dir        *state.Dir
	file       state.File
	plan       *plan.Plan
	connection mesos.Scheduler
	api        string
	log        *slog.Logger

	stop  chan struct{}
	asked chan asked
	view  atomic.Pointer[plan.View]
	ready bool
	done  *plan.Done
	teller
}

// asked is an event from outside of the loop; done hears when it was dealt with.
type asked struct {
	event plan.Event
	done  chan error
}

// errEnding is the answer to what comes when the loop has ended.
var errEnding = errors.New("the scheduler is ending")

// ask gives the loop an event and waits until what came of it is saved. ctx is that of the loop.
func (r *runner) ask(ctx context.Context, event plan.Event) error {
	a := asked{event, make(chan error, 1)}
	select {
	case r.asked <- a:
	case <-ctx.Done():
		return errEnding
	}
	select {
	case err := <-a.done:
		return err
	case <-ctx.Done():
		return errEnding
	}
}

// View is the plan as it stood after the last step.
func (r *runner) View() plan.View { return *r.view.Load() }

// RequestStop asks the loop to stop the deployment; again and again is the same as once.
func (r *runner) RequestStop() {
	select {
	case r.stop <- struct{}{}:
	default:
	}
}

func (r *runner) loop(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		var event plan.Event
		var answered chan<- error
		select {
		case <-ctx.Done():
			r.log.Info("the scheduler ends and leaves the tasks running")
			return ctx.Err()
		case e, open := <-r.connection.Events():
			if !open {
				return errors.New("the connection to Mesos has ended without a reason: start the scheduler again; tasks run on")
			}
			event = plan.Heard{Event: e}
		case <-r.stop:
			r.log.Info("a stop was asked for")
			event = plan.StopRequested{}
		case a := <-r.asked:
			event, answered = a.event, a.done
		case <-ticker.C:
			event = plan.Tick{}
		}
		err := r.step(ctx, event)
		if answered != nil {
			answered <- err
		}
		if err != nil {
			return err
		}
		if r.done != nil {
			return r.done.Err
		}
	}
}

// step gives the plan an event, and the events that come of carrying out its answer.
func (r *runner) step(ctx context.Context, event plan.Event) error {
	events := []plan.Event{event}
	for len(events) > 0 && r.done == nil {
		actions := r.plan.Step(time.Now(), events[0])
		events = events[1:]
		for _, action := range actions {
			called, err := r.act(ctx, action)
			if err != nil {
				return err
			}
			if called != nil {
				events = append(events, *called)
			}
		}
	}
	r.publish()
	return nil
}

func (r *runner) act(ctx context.Context, action plan.Action) (*plan.Called, error) {
	switch a := action.(type) {
	case plan.Save:
		if err := r.save(a.State); err != nil {
			return nil, fmt.Errorf("%w: the scheduler ends, since what it did next could not be taken over; tasks run on", err)
		}
	case plan.Call:
		err := r.call(ctx, a.Call)
		return &plan.Called{Call: a.Call, Err: err}, nil
	case plan.Done:
		r.done = &a
	}
	return nil, nil
}

// call sends a call. What it was for is asked for again where it fails, so that is no error of the loop.
func (r *runner) call(ctx context.Context, call mesos.Call) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := r.connection.Call(ctx, call)
	name := strings.TrimPrefix(fmt.Sprintf("%T", call), "mesos.")
	if err != nil {
		r.log.Warn("a call failed", "call", name, "error", err)
		return err
	}
	r.tellCall(r.log, name, call)
	return nil
}

// publish shows the plan's view to the API, and tells in the log what is new in it.
func (r *runner) publish() {
	view := r.plan.View()
	if view.Master == "" {
		view.Master = redact.URL(r.config.Mesos) // that of ZooKeeper may hold a password
	}
	r.view.Store(&view)
	r.tell(r.log, view)
	if view.State == plan.Registered && !r.ready {
		r.ready = true
		if r.config.Ready != nil {
			r.config.Ready(r.api)
		}
	}
}

// token is the one of web.token.file, or the state folder's own.
func (r *runner) token() (string, error) {
	own, err := r.dir.Token()
	file := r.config.Deployment.Web.TokenFile
	if err != nil || file == "" {
		return own, err
	}
	info, err := os.Stat(file)
	if err == nil && info.Mode().Perm()&0o007 != 0 {
		err = fmt.Errorf("everybody on this machine may use %s, whose mode is %04o: chmod 600 it", file, info.Mode().Perm())
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return "", fmt.Errorf("cannot read alluxio.integration.mesos.web.token.file: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if len(token) < 16 {
		return "", fmt.Errorf("alluxio.integration.mesos.web.token.file=%s holds a token of %d characters: use at least 16", file, len(token))
	}
	return token, r.dir.SetToken(token)
}
