package plan

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

// stopping is the way down: executors are told to end and unmount on the way out, the workers' first; what is left without
// an executor is swept; when nothing is left, or time is up, the framework is torn down.
type stopping struct {
	since time.Time
	// teardown is when the teardown was last called; zero: not yet.
	teardown time.Time
}

// LeftError says what a stop could not take down. The framework is gone nevertheless.
type LeftError struct{ Left []string }

func (e *LeftError) Error() string {
	return "the deployment has ended, but something is left: " + strings.Join(e.Left, "; ")
}

func (p *Plan) requestStop() {
	if p.stop == nil {
		p.stop = &stopping{since: p.now}
		p.left = nil
		for _, i := range p.instances {
			i.called = false
		}
	}
}

// stopDue takes the next step down.
func (p *Plan) stopDue() {
	if p.stop == nil || p.done != nil {
		return
	}
	overdue := p.now.Sub(p.stop.since) >= p.timing.Stop
	if p.connection.state != Registered {
		if overdue {
			p.stopUnconnected()
		}
		return
	}
	clean := true
	for _, i := range p.instances {
		clean = p.stopInstance(i) && clean
	}
	if clean || overdue {
		p.tearDown()
	}
	p.demand()
}

func (p *Plan) stopUnconnected() {
	if p.framework == "" {
		p.done = &Done{}
		return
	}
	p.done = &Done{fmt.Errorf("cannot stop framework %s: no connection to Mesos (%s): its tasks may still run; stop again once Mesos is back",
		p.framework, p.connection.message)}
}

// stopInstance says whether nothing of the instance is left.
func (p *Plan) stopInstance(i *instance) bool {
	if i.Executor == nil {
		return len(i.Traces) == 0 && !i.live()
	}
	if i.Process == alluxio.Master && p.workersEnd() {
		return false
	}
	p.shutdownExecutor(i)
	if i.live() || i.traceOn(i.Executor.Agent) {
		return false
	}
	if i.clean.IsZero() {
		i.clean = p.now
	}
	// All is unmounted and ended; the executor only has to exit.
	return p.now.Sub(i.clean) >= p.timing.Exit
}

// workersEnd says that masters still have to wait for workers: Alluxio's worker takes 2.5 s to end, but often more than the
// executor's 18 s once its master is gone. A worker that does not end soon holds up nobody.
func (p *Plan) workersEnd() bool {
	if p.now.Sub(p.stop.since) >= p.timing.Repeat {
		return false
	}
	return slices.ContainsFunc(p.of(alluxio.Worker), func(i *instance) bool {
		return i.Executor != nil && i.live() && i.doubt.IsZero()
	})
}

// wantsWord says that an offer of the executor's agent would tell whether it still lives: its end may have been missed.
func (p *Plan) wantsWord(i *instance) bool { return p.stop != nil && i.Executor != nil }

// endedInStop believes a report of a task that ended on our order: its executor unmounts before it sends it.
func (p *Plan) endedInStop(i *instance, s mesos.Status, report *launchv1.Report) {
	ordered := !i.shutdown.IsZero() && s.State == mesos.TaskKilled && len(s.Data) > 0
	if ordered && !report.RamdiskMounted {
		i.dropTrace(i.Task.Agent)
	}
}

func (p *Plan) tearDown() {
	if !p.stop.teardown.IsZero() && p.now.Sub(p.stop.teardown) < p.timing.Repeat {
		return
	}
	if p.stop.teardown.IsZero() {
		p.left = p.remains()
	}
	p.stop.teardown = p.now
	p.call(mesos.Teardown{})
}

// remains tells what is left, and how to take it down by hand.
func (p *Plan) remains() []string {
	var left []string
	for _, i := range p.instances {
		for _, r := range i.Traces {
			left = append(left, p.trace(i, r))
		}
		if i.live() {
			left = append(left, fmt.Sprintf("task %s on %s did not say that it ended; Mesos ends it with the framework, if need be when agent %s is back",
				i.Task.ID, i.Placement.Host, i.Task.Agent))
		}
	}
	return left
}

// trace tells what an instance may have left on an agent.
func (p *Plan) trace(i *instance, at AgentRef) string {
	what, way := "configuration", "rm -r "+path.Join(p.d.Folders.Node, p.d.Name, i.Name, "conf")
	state := "there"
	if p.d.ramdiskMB(i.Process) > 0 {
		what, way, state = "ramdisk", "umount "+p.d.RamdiskOf(i.Name).GetPath(), "mounted"
	}
	return fmt.Sprintf("the %s of %s on %s (agent %s) may still be %s, since %s: on that host, %s",
		what, i.Name, at.Host, at.Agent, state, cmp.Or(i.sweepFailure, "the agent did not answer in time"), way)
}

// tornDown hears whether Mesos took the teardown.
func (p *Plan) tornDown(err error) {
	if p.stop == nil {
		return
	}
	if err != nil {
		if p.now.Sub(p.stop.since) >= 2*p.timing.Stop {
			p.done = &Done{fmt.Errorf("cannot tear down framework %s: %w; stop again", p.framework, err)}
		}
		return
	}
	p.forgetFramework()
	p.stopped()
}

// stopped ends the scheduler after a stop.
func (p *Plan) stopped() {
	p.connection.state = Stopped
	p.done = &Done{}
	if len(p.left) > 0 {
		p.done.Err = &LeftError{p.left}
	}
}
