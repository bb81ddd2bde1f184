package executor

import (
	"fmt"
	"strings"
	"sync"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/executor/steps"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

// view is what is known of a task while it goes on, for its statuses. The steps write to
// it (it is their Watcher), the reports read it, each from its own goroutine.
type view struct {
	changed chan struct{} // holds one token while something new is unreported

	mu        sync.Mutex
	phase     launchv1.Report_Phase
	step      string
	transfers map[string]host.Progress
	notices   []string
	versions  [2]string // Alluxio, Java
	pid       int
}

func newView() *view {
	v := &view{
		changed: make(chan struct{}, 1), phase: launchv1.Report_PREPARING, transfers: map[string]host.Progress{},
	}
	v.changed <- struct{}{} // that it was accepted is news already
	return v
}

func (v *view) edit(change func()) {
	v.mu.Lock()
	change()
	v.mu.Unlock()
	select {
	case v.changed <- struct{}{}:
	default:
	}
}

func (v *view) Step(name string) { v.edit(func() { v.step = name }) }

func (v *view) Transfer(artifact string, p host.Progress) {
	v.edit(func() {
		if old := v.transfers[artifact]; p.Phase == host.PhaseDone && p.Bytes == 0 {
			p.Bytes, p.Total = old.Bytes, old.Total
		}
		v.transfers[artifact] = p
	})
}

func (v *view) Notice(text string) { v.edit(func() { v.notices = append(v.notices, text) }) }

func (v *view) found(home alluxio.Home, java alluxio.Java) {
	v.edit(func() { v.versions = [2]string{home.Version.String(), java.Text} })
}

func (v *view) started(pid int) {
	v.edit(func() { v.phase, v.step, v.pid = launchv1.Report_STARTING, steps.StepStart, pid })
}

func (v *view) enter(phase launchv1.Report_Phase) { v.edit(func() { v.phase = phase }) }

func (v *view) failedAt(step string) { v.edit(func() { v.step = step }) }

// report is the part of a Report that the view knows.
func (v *view) report() *launchv1.Report {
	v.mu.Lock()
	defer v.mu.Unlock()
	r := &launchv1.Report{
		Phase: v.phase, Step: v.step, Notices: append([]string(nil), v.notices...),
		AlluxioVersion: v.versions[0], JavaVersion: v.versions[1], Pid: int64(v.pid),
	}
	for _, name := range []string{"alluxio", "jdk"} {
		if p, ok := v.transfers[name]; ok {
			r.Transfers = append(r.Transfers, &launchv1.Transfer{
				Artifact: name, Bytes: p.Bytes, Total: p.Total, Done: p.Phase == host.PhaseDone,
			})
		}
	}
	return r
}

// doing is for people who watch a task start.
var doing = map[string]string{
	"":                "accepted",
	steps.StepCheck:   "checking the node",
	steps.StepHome:    "inspecting Alluxio",
	steps.StepJava:    "choosing a Java",
	steps.StepRamdisk: "mounting the ramdisk",
	steps.StepConf:    "writing the configuration",
	steps.StepJournal: "formatting the journal, if it is new",
	steps.StepStart:   "started, waiting until it serves",
}

// message is the view in one line.
func message(r *launchv1.Report) string {
	if r.GetStep() != steps.StepFetch {
		return doing[r.GetStep()]
	}
	var parts []string
	for _, t := range r.GetTransfers() {
		parts = append(parts, transferText(t))
	}
	return strings.TrimSpace("fetching " + strings.Join(parts, ", "))
}

func transferText(t *launchv1.Transfer) string {
	switch {
	case t.GetDone():
		return t.GetArtifact() + " done"
	case t.GetTotal() > 0:
		return fmt.Sprintf("%s %d%% (%d of %d MB)", t.GetArtifact(), 100*t.GetBytes()/t.GetTotal(), t.GetBytes()>>20, t.GetTotal()>>20)
	}
	if t.GetBytes() == 0 {
		return t.GetArtifact()
	}
	return fmt.Sprintf("%s %d MB", t.GetArtifact(), t.GetBytes()>>20)
}
