package plan

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

// View is what can be seen of a plan. It shares nothing with it.
type View struct {
	Framework        mesos.FrameworkID
	Name             string
	State, Master    string
	Message          string
	Since            time.Time
	Instances        []InstanceView
	Declines         []Decline
	Notes            []string
	Journal, RootUFS string
	RamdiskBytes     int64
	// Plugins that are shipped, and the latest swap of each that had one.
	Plugins []PluginView
	Swaps   []Swap
	// Needed are the digests of plugins that executors use or may ask for.
	Needed []string
}

// PluginView is a plugin that is shipped.
type PluginView struct {
	Kind, Name, SHA256 string
	Size               int64
}

// InstanceView is one instance.
type InstanceView struct {
	Name      string
	Process   string
	At        AgentRef
	Message   string
	Notices   []string
	Failures  int
	Permanent bool
	// Plugins that the executor uses, as it said last: digests by "kind-name".
	Plugins map[string]string
	Task    *TaskView // nil: none was launched since the last stop
}

// TaskView is the latest task of an instance.
type TaskView struct {
	ID            string
	State         string
	Serving       bool
	Addresses     map[string]string // by port name
	Progress      *Progress
	Alluxio, Java string
	Since         time.Time
}

// Progress of a task on its way to serving.
type Progress struct {
	Phase, Step string
	Transfers   []Transfer
}

// Transfer is one download.
type Transfer struct {
	Artifact     string
	Bytes, Total int64
	Done         bool
}

func progressOf(report *launchv1.Report) *Progress {
	if report.Phase == launchv1.Report_PHASE_UNSPECIFIED {
		return nil
	}
	progress := &Progress{Phase: strings.ToLower(report.Phase.String()), Step: report.Step}
	for _, t := range report.Transfers {
		progress.Transfers = append(progress.Transfers, Transfer{Artifact: t.Artifact, Bytes: t.Bytes, Total: t.Total, Done: t.Done})
	}
	return progress
}

// View returns what can be seen now.
func (p *Plan) View() View {
	v := View{
		Framework: p.framework, Name: p.d.Name, State: p.connection.state, Master: p.connection.master,
		Message: p.connection.message, Since: p.connection.since, Declines: p.ledger.list(),
		Notes: slices.Concat(p.d.Notes, p.left), Journal: p.d.Journal, RootUFS: p.d.UFS.URI,
		Swaps: p.savedSwaps(), Needed: p.needed(),
	}
	for _, o := range p.plugins {
		v.Plugins = append(v.Plugins, PluginView{Kind: o.GetKind(), Name: o.GetName(), SHA256: o.GetSha256(), Size: o.GetSize()})
	}
	if p.d.Ramdisk.Plugin != "" {
		v.RamdiskBytes = p.d.Ramdisk.Size
	}
	if p.stop != nil && v.State == Registered {
		v.State = Stopping
	}
	for _, i := range p.instances {
		v.Instances = append(v.Instances, p.viewOf(i))
		for _, note := range i.notes {
			if !slices.Contains(v.Notes, note) {
				v.Notes = append(v.Notes, note)
			}
		}
	}
	return v
}

func (p *Plan) viewOf(i *instance) InstanceView {
	v := InstanceView{Name: i.Name, Process: string(i.Process), Message: p.messageOf(i), Failures: i.failures, Permanent: i.Permanent}
	if i.Placement != nil {
		v.At = i.Placement.AgentRef
	}
	if i.Executor != nil {
		v.Plugins = i.Executor.Plugins
	}
	if i.Task == nil {
		return v
	}
	v.Notices = slices.Clone(i.Task.Notices)
	v.Task = &TaskView{
		ID: string(i.Task.ID), State: string(i.Task.State), Serving: i.Task.State == mesos.TaskRunning,
		Addresses: map[string]string{}, Alluxio: i.Task.Alluxio, Java: i.Task.Java, Since: i.Task.Since,
	}
	if v.Task.State == "" {
		v.Task.State = string(mesos.TaskStaging)
	}
	if i.progress != nil {
		progress := *i.progress
		v.Task.Progress = &progress
	}
	for name, port := range i.Placement.Ports {
		v.Task.Addresses[name] = net.JoinHostPort(i.Placement.Host, strconv.Itoa(port))
	}
	return v
}

// messageOf says in one sentence what an instance does or waits for.
func (p *Plan) messageOf(i *instance) string {
	switch {
	case !i.live():
		return p.waiting(i)
	case !i.doubt.IsZero():
		return fmt.Sprintf("agent %s (%s) has been out of Mesos' sight for %s; the task may still run there", i.Placement.Host,
			i.Placement.Agent, p.since(i.doubt))
	case i.Task.State == mesos.TaskRunning:
		return cmp.Or(i.message, "serving")
	case i.Task.State == "":
		return fmt.Sprintf("launched on %s, waiting for a first sign", i.Placement.Host) + again(i)
	}
	return cmp.Or(i.message, strings.ToLower(strings.TrimPrefix(string(i.Task.State), "TASK_"))) + again(i)
}

// again says why a task that comes up is not the first.
func again(i *instance) string {
	if i.Failure == "" || i.Task.State == mesos.TaskKilling {
		return ""
	}
	return "; started again since " + i.Failure
}

func (p *Plan) since(t time.Time) time.Duration { return p.now.Sub(t).Truncate(time.Second) }

// waiting says what an instance without a live task waits for, and how its last task ended.
func (p *Plan) waiting(i *instance) string {
	if p.stop != nil {
		if i.Executor != nil || len(i.Traces) > 0 {
			return cmp.Or(i.message, "stopping")
		}
		return "stopped"
	}
	wait := p.waitsFor(i)
	if i.Failure == "" {
		return wait
	}
	return i.Failure + "; " + wait
}

func (p *Plan) waitsFor(i *instance) string {
	switch {
	case p.surplus(i):
		return "no longer wanted: alluxio.integration.mesos.worker.count was lowered"
	case p.now.Before(i.retryAt):
		return fmt.Sprintf("started again in %s", (i.retryAt.Sub(p.now) + time.Second - 1).Truncate(time.Second))
	case p.movable(i):
		return fmt.Sprintf("its agent %s is gone; waits for another that fits", i.Placement.Host)
	case i.Placement != nil:
		return fmt.Sprintf("waits for an offer of agent %s (%s)%s", i.Placement.Host, i.Placement.Agent, p.because(i))
	case !p.ready(i.Process):
		return "waits for the master to be placed"
	}
	return "waits for an offer that fits" + p.because(i)
}

// because points to the reasons that were noted for the instance.
func (p *Plan) because(i *instance) string {
	declined, last := 0, ""
	for key, d := range p.ledger {
		if key.instance == i.Name {
			declined++
			last = d.Reason
		}
	}
	switch {
	case declined == 1:
		return ": " + last
	case declined > 1:
		return fmt.Sprintf(": none of %d agents fits", declined)
	case i.Placement != nil && i.JournalFormatted:
		return ", where its journal is"
	}
	return ""
}
