package screen

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
)

// Short is a digest as people compare it.
func Short(digest string) string {
	if digest == "" {
		return "-"
	}
	return digest[:min(12, len(digest))]
}

// Plugins prints what is shipped, and what each instance uses of it.
func Plugins(w io.Writer, p client.Plugins) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KIND\tNAME\tVERSION\tSHA256\tFROM")
	for _, one := range p.Plugins {
		from := one.Origin
		if !one.Installed.IsZero() {
			from += " " + one.Installed.Local().Format(time.DateTime)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", one.Kind, one.Name, cmp.Or(one.Version, "?"), Short(one.SHA256), from)
	}
	if err := table.Flush(); err != nil || len(p.Instances) == 0 {
		return err
	}
	fmt.Fprintln(w)
	fmt.Fprintln(table, "INSTANCE\tHOST\tPLUGIN\tVERSION\tSHA256\t")
	for _, user := range p.Instances {
		for _, row := range used(user, p.Plugins) {
			fmt.Fprintln(table, row)
		}
	}
	return table.Flush()
}

// used are the rows of an instance. A plugin that it never started is not among them.
func used(user client.PluginUser, shipped []client.Plugin) []string {
	var names []string
	for name := range user.Plugins {
		names = append(names, name)
	}
	slices.Sort(names)
	var rows []string
	for _, name := range names {
		digest := user.Plugins[name]
		version, note := "?", ""
		for _, p := range shipped {
			switch {
			case p.Kind+"-"+p.Name != name:
			case p.SHA256 == digest:
				version = cmp.Or(p.Version, "?")
			default:
				note = "not the one that is shipped"
			}
		}
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s", user.Instance, user.Host, name, version, Short(digest), note))
	}
	return rows
}

// SwapStep is what an instance has answered, in one line; empty: nothing yet.
func SwapStep(i client.SwapInstance) string {
	switch i.State {
	case "swapped":
		if i.From == i.To {
			return "had it already: " + Short(i.To)
		}
		text := fmt.Sprintf("%s -> %s", Short(i.From), Short(i.To))
		if i.Version != "" {
			text += " (" + i.Version + ")"
		}
		return text
	case "refused":
		return "refused, " + Short(i.From) + " stays: " + i.Error
	case "gone":
		return "its executor ended; the next one gets the plugin with its first task"
	}
	return ""
}
