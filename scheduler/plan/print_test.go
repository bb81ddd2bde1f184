package plan

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

// print shows a call as stories do.
func print(call mesos.Call) string {
	switch c := call.(type) {
	case mesos.Accept:
		var lines []string
		for _, task := range c.Tasks {
			lines = append(lines, "  "+printTask(task))
		}
		return fmt.Sprintf("accept %v, refuse %s\n%s", c.Offers, c.Refuse, strings.Join(lines, "\n"))
	case mesos.Decline:
		return fmt.Sprintf("decline %v, refuse %s", c.Offers, c.Refuse)
	case mesos.Suppress:
		return "suppress"
	case mesos.Revive:
		return "revive"
	case mesos.Kill:
		return fmt.Sprintf("kill %s on %s", c.Task, c.Agent)
	case mesos.ShutdownExecutor:
		return fmt.Sprintf("shutdown %s on %s", c.Executor, c.Agent)
	case mesos.Acknowledge:
		return fmt.Sprintf("acknowledge %s %s", c.Status.Task, c.Status.State)
	case mesos.Reconcile:
		var ids []string
		for _, task := range c.Tasks {
			ids = append(ids, string(task.Task))
		}
		if len(ids) == 0 {
			return "reconcile whatever runs"
		}
		return "reconcile " + strings.Join(ids, " ")
	case mesos.SendMessage:
		return printOrder(c)
	case mesos.Teardown:
		return "teardown"
	}
	return fmt.Sprintf("%T", call)
}

func printTask(task mesos.TaskInfo) string {
	launch := &launchv1.Launch{}
	if err := proto.Unmarshal(task.Data, launch); err != nil {
		return err.Error()
	}
	text := fmt.Sprintf("launch %s on %s: %s; executor %s: %s", task.ID, task.Agent, printResources(task.Resources), task.Executor.ID,
		printResources(task.Executor.Resources))
	if launch.Process == "worker" {
		text += fmt.Sprintf("; master %s:%s", launch.Properties["alluxio.master.hostname"], launch.Properties["alluxio.master.rpc.port"])
	}
	if len(launch.GetPlugins()) > 0 {
		text += "; " + printPlugins(launch.GetPlugins())
	}
	if launch.GetJournal().GetExpected() {
		text += "; journal expected"
	}
	return text
}

func printResources(resources []mesos.Resource) string {
	var parts []string
	for _, r := range resources {
		if r.Name != "ports" {
			parts = append(parts, fmt.Sprintf("%s %g", r.Name, r.Scalar))
			continue
		}
		var ports []string
		for _, span := range r.Ranges {
			for port := span.Begin; port <= span.End; port++ {
				ports = append(ports, fmt.Sprint(port))
			}
		}
		slices.Sort(ports)
		parts = append(parts, "ports "+strings.Join(ports, ","))
	}
	return strings.Join(parts, " ")
}

func (e *env) view() {
	if e.plan == nil {
		e.out.WriteString("no scheduler runs\n")
		return
	}
	e.plan.now = e.now
	v := e.plan.View()
	fmt.Fprintf(&e.out, "framework %s %s\n", v.Framework, v.State)
	for _, i := range v.Instances {
		state := "no task"
		if i.Task != nil {
			state = i.Task.State
			if i.Task.Serving {
				state += fmt.Sprintf(" serving rpc %s", i.Task.Addresses["rpc"])
			}
			if i.Task.Progress != nil {
				state += " " + i.Task.Progress.Phase + " " + i.Task.Progress.Step
			}
		}
		fmt.Fprintf(&e.out, "%s on %q: %s: %s %v\n", i.Name, i.At.Host, state, i.Message, i.Notices)
	}
	for _, d := range v.Declines {
		fmt.Fprintf(&e.out, "declined %s on %s x%d: %s -> %s\n", d.Instance, d.Agent.Host, d.Count, d.Reason, d.Advice)
	}
}

func (e *env) state() {
	fmt.Fprintf(&e.out, "framework %q\n", e.saved.Framework)
	for _, i := range e.saved.Instances {
		fmt.Fprintf(&e.out, "%s generation %d", i.Name, i.Generation)
		if i.Placement != nil {
			fmt.Fprintf(&e.out, " on %s (%s) ports %v", i.Placement.Agent, i.Placement.Host, i.Placement.Ports)
		}
		if i.JournalFormatted {
			e.out.WriteString(" journal formatted")
		}
		if i.Executor != nil {
			fmt.Fprintf(&e.out, " executor %s", i.Executor.Info.ID)
		}
		if i.Task != nil {
			fmt.Fprintf(&e.out, " task %s %s", i.Task.ID, i.Task.State)
		}
		if len(i.Traces) > 0 {
			fmt.Fprintf(&e.out, " traces %v", i.Traces)
		}
		e.out.WriteString("\n")
	}
	for _, left := range e.saved.Left {
		fmt.Fprintf(&e.out, "left: %s\n", left)
	}
}
