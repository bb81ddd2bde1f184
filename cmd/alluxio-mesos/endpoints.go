package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
)

// endpoint is one process that serves, as -o json prints it.
type endpoint struct {
	Instance string `json:"instance"`
	Process  string `json:"process"`
	RPC      string `json:"rpc"`
	Web      string `json:"web"`
}

func newEndpoints(a *app) *cobra.Command {
	var f siteFlags
	cmd := &cobra.Command{
		Use:   "endpoints",
		Short: "Print the addresses of what serves, also as properties for a client",
		Long: `Prints the addresses of the processes that serve. With -o properties it prints what
an Alluxio client needs in its own alluxio-site.properties.

` + exitCodesHelp,
		Example: `  alluxio-mesos endpoints
  alluxio-mesos endpoints -o properties > /etc/alluxio/alluxio-site.properties`,
		Args: usage(cobra.NoArgs),
	}
	f.add(cmd)
	output := addFormat(cmd, "table", "json", "properties")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return endpoints(cmd.Context(), a, f, output.value)
	}
	return cmd
}

func endpoints(ctx context.Context, a *app, f siteFlags, output string) error {
	at, err := f.place(a)
	if err != nil {
		return err
	}
	status, err := ask(ctx, at)
	if err != nil {
		return err
	}
	all := serving(status)
	masters, jobService := mastersOf(all)
	if len(masters) == 0 {
		return withCode(exitNotServing, fmt.Errorf("no master of %s serves; \"alluxio-mesos status\" says why", at.name))
	}
	switch output {
	case "json":
		return printJSON(a.out, all)
	case "properties":
		_, err := a.out.Write(alluxio.ClientProperties(masters, jobService).Bytes())
		return err
	}
	return printEndpoints(a.out, all)
}

func serving(status client.Status) []endpoint {
	all := []endpoint{}
	for _, instance := range status.Instances {
		for _, task := range instance.Tasks {
			if task.Serving {
				all = append(all, endpoint{
					Instance: instance.Name, Process: task.Process, RPC: task.Addresses.RPC, Web: task.Addresses.Web,
				})
			}
		}
	}
	return all
}

// mastersOf gives the RPC addresses of the masters, and whether a job service runs.
func mastersOf(all []endpoint) (masters []string, jobService bool) {
	for _, e := range all {
		switch alluxio.Process(e.Process) {
		case alluxio.Master:
			masters = append(masters, e.RPC)
		case alluxio.JobMaster:
			jobService = true
		}
	}
	return masters, jobService
}

func printEndpoints(w io.Writer, all []endpoint) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "INSTANCE\tPROCESS\tRPC\tWEB")
	for _, e := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", e.Instance, e.Process, e.RPC, webURL(e.Web))
	}
	return table.Flush()
}

func webURL(address string) string {
	if address == "" {
		return ""
	}
	return "http://" + address
}
