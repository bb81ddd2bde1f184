// Package screen is what people read of a deployment: the text made of the client's
// types. Scripts get the JSON instead.
package screen

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
)

// Status prints the deployment, its instances, and what is amiss.
func Status(w io.Writer, s client.Status) error {
	var text strings.Builder
	printFramework(&text, s)
	if len(s.Instances) > 0 {
		text.WriteByte('\n')
		if err := printInstances(&text, s.Instances); err != nil {
			return err
		}
	}
	printMessages(&text, s)
	printDeclines(&text, s.Declines)
	_, err := io.WriteString(w, text.String())
	return err
}

func printFramework(w io.Writer, s client.Status) {
	fmt.Fprintf(w, "%s: %s", s.Framework.Name, s.Framework.State)
	if s.Framework.Mesos != "" {
		fmt.Fprintf(w, ", Mesos %s", s.Framework.Mesos)
	}
	if s.Framework.ID != "" {
		fmt.Fprintf(w, ", framework %s", s.Framework.ID)
	}
	fmt.Fprintln(w)
	if s.Framework.Message != "" {
		fmt.Fprintf(w, "  %s\n", s.Framework.Message)
	}
	var facts []string
	if s.Journal != "" {
		facts = append(facts, "journal "+s.Journal)
	}
	if s.RootUFS != "" {
		facts = append(facts, "root UFS "+s.RootUFS)
	}
	if s.RamdiskBytes > 0 {
		facts = append(facts, "ramdisk "+alluxio.FormatSize(s.RamdiskBytes)+" per worker")
	}
	if len(facts) > 0 {
		fmt.Fprintf(w, "  %s\n", strings.Join(facts, ", "))
	}
}

func printInstances(w io.Writer, instances []client.Instance) error {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "INSTANCE\tHOST\tPROCESS\tSTATE\tRPC\tWEB")
	for _, instance := range instances {
		host := instance.Host
		if host == "" {
			host = "-"
		}
		if len(instance.Tasks) == 0 {
			fmt.Fprintf(table, "%s\t%s\t-\tnot running\t\t\n", instance.Name, host)
		}
		for _, task := range instance.Tasks {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n",
				instance.Name, host, task.Process, TaskState(task), task.Addresses.RPC, task.Addresses.Web)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
	return nil
}

// TaskState is the state in a person's words, with how far a starting task is.
func TaskState(task client.Task) string {
	if task.Serving {
		return "serving"
	}
	state := strings.ToLower(strings.TrimPrefix(task.State, "TASK_"))
	if task.Progress == nil || task.State == "TASK_KILLING" {
		return state
	}
	if task.Progress.Step != "" {
		state += ": " + task.Progress.Step
	}
	for _, transfer := range task.Progress.Transfers {
		if done := transferred(transfer); done != "" {
			state += ", " + done
		}
	}
	return state
}

func transferred(t client.Transfer) string {
	switch {
	case t.Done:
		return ""
	case t.Total > 0:
		return fmt.Sprintf("%s %d%% of %d MB", t.Artifact, t.Bytes*100/t.Total, t.Total>>20)
	}
	return fmt.Sprintf("%s %d MB", t.Artifact, t.Bytes>>20)
}

func printMessages(w io.Writer, s client.Status) {
	var lines []string
	for _, instance := range s.Instances {
		if instance.Message != "" && !Serves(instance) {
			lines = append(lines, instance.Name+": "+indented(instance.Message))
		}
		for _, notice := range instance.Notices {
			lines = append(lines, instance.Name+": "+indented(notice))
		}
	}
	for _, note := range s.Notes {
		lines = append(lines, indented(note))
	}
	if len(lines) > 0 {
		fmt.Fprintf(w, "\n%s\n", strings.Join(lines, "\n"))
	}
}

func printDeclines(w io.Writer, declines []client.Decline) {
	for _, d := range declines {
		where := d.Host
		if where == "" {
			where = d.Agent
		}
		fmt.Fprintf(w, "\n%s is not on %s: %s", d.Instance, where, indented(d.Reason))
		if d.Count > 1 {
			fmt.Fprintf(w, " (%d offers)", d.Count)
		}
		fmt.Fprintln(w)
		if d.Advice != "" {
			fmt.Fprintf(w, "  %s\n", indented(d.Advice))
		}
	}
}

func indented(text string) string {
	return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ")
}

// Whole says that everything that is wanted serves.
func Whole(s client.Status) bool {
	for _, instance := range s.Instances {
		if !Serves(instance) {
			return false
		}
	}
	return len(s.Instances) > 0
}

// Serves says that a task of the instance serves.
func Serves(instance client.Instance) bool {
	for _, task := range instance.Tasks {
		if task.Serving {
			return true
		}
	}
	return false
}

// TaskStep is the state without how far a transfer is: it changes a few times only.
func TaskStep(task client.Task) string {
	task.Progress = withoutTransfers(task.Progress)
	return TaskState(task)
}

func withoutTransfers(p *client.Progress) *client.Progress {
	if p == nil {
		return nil
	}
	return &client.Progress{Phase: p.Phase, Step: p.Step}
}
