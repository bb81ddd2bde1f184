package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

// ship gives the deployment a fetcher: ship ID NAME DIGEST. What it shipped before can still be had.
func (e *env) ship(args []string) error {
	if len(args) < 3 {
		return fmt.Errorf("write: ship ID NAME DIGEST")
	}
	newer := &launchv1.Plugin{Kind: "fetcher", Name: args[1], Sha256: args[2]}
	e.unshipped(args[1])
	e.plugins = append(e.plugins, newer)
	if e.plan != nil {
		e.step(Ship{ID: args[0], Plugin: newer, Back: slices.Contains(args, "back"), Older: e.older})
	}
	return nil
}

// unship takes a fetcher away: unship NAME.
func (e *env) unship(args []string) error {
	e.unshipped(args[0])
	e.step(Unship{Kind: "fetcher", Name: args[0], Older: e.older})
	return nil
}

func (e *env) unshipped(name string) {
	e.plugins = slices.DeleteFunc(slices.Clone(e.plugins), func(p *launchv1.Plugin) bool {
		if p.Name == name {
			e.older = append(slices.Clone(e.older), p)
		}
		return p.Name == name
	})
}

// answer lets an instance's latest executor (or the one with an id) answer an order:
// answer INSTANCE ID NAME [from=DIGEST] [to=DIGEST] [error=TEXT] [executor=ID].
func (e *env) answer(args []string) error {
	if len(args) < 3 {
		return fmt.Errorf("write: answer INSTANCE ID NAME")
	}
	task := e.tasks[args[0]]
	swapped := &launchv1.Swapped{Kind: "fetcher", Name: args[2]}
	executor := task.Executor.ID
	for _, arg := range args[3:] {
		key, value, _ := strings.Cut(arg, "=")
		switch key {
		case "from":
			swapped.From = value
		case "to":
			swapped.To = value
		case "error":
			swapped.Error = strings.ReplaceAll(value, "_", " ")
		case "executor":
			executor = mesos.ExecutorID(value)
		default:
			return fmt.Errorf("answer knows no %s", key)
		}
	}
	answer := &launchv1.Answer{Contract: 1, Id: args[1], Swapped: []*launchv1.Swapped{swapped}, Plugins: map[string]string{"fetcher-" + args[2]: swapped.To}}
	data, err := proto.Marshal(answer)
	if err == nil {
		e.step(Heard{mesos.Message{Agent: task.Agent, Executor: executor, Data: data}})
	}
	return err
}

// said is any other message of an executor.
func (e *env) said(instance, text string) {
	task := e.tasks[instance]
	e.step(Heard{mesos.Message{Agent: task.Agent, Executor: task.Executor.ID, Data: []byte(text)}})
}

func printOrder(c mesos.SendMessage) string {
	order := &launchv1.Order{}
	if err := proto.Unmarshal(c.Data, order); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("order %s to %s on %s: %s", order.GetId(), c.Executor, c.Agent, printPlugins(order.GetSwap().GetPlugins()))
}

func printPlugins(plugins []*launchv1.Plugin) string {
	var all []string
	for _, p := range plugins {
		all = append(all, p.GetKind()+"-"+p.GetName()+"="+p.GetSha256())
	}
	return strings.Join(all, " ")
}

// swaps shows what is shipped, and how far swaps are.
func (e *env) swaps() {
	if e.plan == nil {
		e.out.WriteString("no scheduler runs\n")
		return
	}
	v := e.plan.View()
	fmt.Fprintf(&e.out, "shipped: %s; needed: %v\n", printPlugins(e.plan.plugins), v.Needed)
	for _, s := range v.Swaps {
		fmt.Fprintf(&e.out, "swap %s of %s-%s to %s, done: %t\n", s.ID, s.Kind, s.Name, s.SHA256, s.Done())
		for _, t := range s.Targets {
			fmt.Fprintf(&e.out, "  %s %s: %s", t.Instance, t.Executor, t.State)
			if t.From != "" || t.To != "" {
				fmt.Fprintf(&e.out, " %s -> %s", t.From, t.To)
			}
			if t.Error != "" {
				fmt.Fprintf(&e.out, " (%s)", t.Error)
			}
			e.out.WriteString("\n")
		}
	}
	for _, i := range v.Instances {
		for _, plugin := range slices.Sorted(maps.Keys(i.Plugins)) {
			fmt.Fprintf(&e.out, "%s uses %s=%s\n", i.Name, plugin, i.Plugins[plugin])
		}
	}
}
