package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alluxio-mesos/alluxio-mesos/plugins/scaffold"
)

func newPluginsNew(a *app) *cobra.Command {
	var p scaffold.Project
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Write the beginning of a plugin: a project that builds and passes",
		Long: `Writes a small project for a new plugin, with a README that says how to go on. It
builds, and passes "alluxio-mesos plugins verify", as it is: a fetcher that reads files
of this machine, or a ramdisk on a tmpfs, with the place marked where yours goes.

A Go project builds against the newest release of alluxio-mesos, or against a checkout
(--replace), which is taken where this program was built in one. A Python project
becomes one executable file that brings its libraries.

Nothing is ever overwritten: the folder must be new or empty.

` + exitCodesHelp,
		Example: `  alluxio-mesos plugins new shelf
  alluxio-mesos plugins new shelf --language python
  alluxio-mesos plugins new hugepages --kind ramdisk --module example.org/hugepages`,
		Args: usage(oneArgument("NAME is missing: say how the plugin is called, for example \"alluxio-mesos plugins new shelf\"")),
		RunE: func(_ *cobra.Command, args []string) error {
			p.Name = args[0]
			return writeProject(a, p)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&p.Kind, "kind", "fetcher", "`KIND` of plugin: fetcher or ramdisk")
	flags.StringVar(&p.Language, "language", scaffold.Go, "`LANGUAGE` of the project: go or python")
	flags.StringVar(&p.Dir, "dir", "", "`DIR` of the project (default: alluxio-mesos-KIND-NAME, here)")
	flags.StringVar(&p.Module, "module", "", "`PATH` of the Go module (default: alluxio-mesos-KIND-NAME)")
	flags.StringVar(&p.Replace, "replace", "", "checkout of alluxio-mesos in `DIR` to build against")
	return cmd
}

func writeProject(a *app, p scaffold.Project) error {
	if p.Dir == "" {
		p.Dir = p.Executable()
	}
	var err error
	if p.Replace != "" {
		if p.Replace, err = filepath.Abs(p.Replace); err != nil {
			return fmt.Errorf("cannot find %s: %w", p.Replace, err)
		}
		if !isCheckout(p.Replace) {
			return withCode(exitUsage, fmt.Errorf("--replace: %s is no checkout of alluxio-mesos", p.Replace))
		}
	} else if bin, err := binDir(); err == nil && isCheckout(filepath.Dir(bin)) {
		p.Replace = filepath.Dir(bin)
	}
	files, err := scaffold.Write(p)
	if err != nil {
		return withCode(exitUsage, err)
	}
	for _, file := range files {
		fmt.Fprintln(a.out, filepath.Join(p.Dir, file))
	}
	fmt.Fprintf(a.out, "Next: cd %s && make verify\n", p.Dir)
	return nil
}

// isCheckout tells the source of this program from other folders.
func isCheckout(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	return err == nil && strings.HasPrefix(string(text), "module github.com/alluxio-mesos/alluxio-mesos\n")
}
