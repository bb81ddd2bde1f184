// Package standin plays Java and Alluxio for the tests of the executor: folders that look
// like a JDK and a distribution, whose bin/java is the test binary itself. It answers
// `java -version`, formats a journal, serves on the web port, and misbehaves as the site
// property standin.behaviour says. A test package that uses it calls Main in TestMain.
// The real ones are tested where they can be had.
package standin

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// Behaviour is the site property that says how the process misbehaves.
const Behaviour = "standin.behaviour"

// What a process may do instead of serving until SIGTERM.
const (
	Crash      = "crash"       // says why, with every property it knows, and exits with 255
	Deaf       = "deaf"        // never listens
	Stubborn   = "stubborn"    // serves, and ignores SIGTERM
	FormatCut  = "format-cut"  // the formatter is killed half way
	FormatFail = "format-fail" // the formatter says no
)

const versionVariable = "STANDIN_JAVA"

// Main plays Java, if this process is meant to, and does not return then.
func Main() {
	if version := os.Getenv(versionVariable); version != "" {
		os.Exit(java(version, os.Args[1:]))
	}
}

// Java makes a folder with a bin/java that says it is of that version.
func Java(t testing.TB, version string) string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	// GORACE: a program with the race detector waits a second before it ends otherwise.
	script := fmt.Sprintf("#!/bin/sh\nGORACE=atexit_sleep_ms=0 %s=%s exec '%s' \"$@\"\n", versionVariable, version, self)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "bin"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bin", "java"), []byte(script), 0o755))
	return dir
}

// Home makes a folder that looks like Alluxio 2.9.6, less its webui.
func Home(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range []string{
		"assembly/alluxio-server-2.9.6.jar", "assembly/alluxio-client-2.9.6.jar",
		"lib/alluxio-underfs-local-2.9.6.jar", "bin/alluxio",
	} {
		path := filepath.Join(dir, file)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, nil, 0o644))
	}
	return dir
}

func java(version string, args []string) int {
	if slices.Equal(args, []string{alluxio.Traceless, "-version"}) {
		fmt.Fprintf(os.Stderr, "openjdk version %q\nOpenJDK Runtime Environment (stand-in)\n", version)
		return 0
	}
	site, err := readSite(args)
	if err != nil {
		fmt.Println(err)
		return 2
	}
	for i, arg := range args {
		switch {
		case arg == "alluxio.cli.Format":
			return format(site)
		case strings.HasPrefix(arg, "alluxio.master.") || strings.HasPrefix(arg, "alluxio.worker."):
			if i == len(args)-1 {
				return serve(arg, site)
			}
		}
	}
	fmt.Println("no main class in", args)
	return 2
}

func readSite(args []string) (alluxio.Properties, error) {
	for _, arg := range args {
		if dir, ok := strings.CutPrefix(arg, "-Dalluxio.conf.dir="); ok {
			data, err := os.ReadFile(filepath.Join(dir, "alluxio-site.properties"))
			if err != nil {
				return alluxio.Properties{}, err
			}
			return alluxio.ParseProperties("site", data)
		}
	}
	return alluxio.Properties{}, fmt.Errorf("no conf dir in %v", args)
}

func format(site alluxio.Properties) int {
	work, _ := site.Get("alluxio.work.dir")
	behaviour, _ := site.Get(Behaviour)
	if isEmbedded(site) { // as RaftJournalSystem.format: an empty folder
		if err := os.MkdirAll(filepath.Join(work, "journal"), 0o755); err != nil {
			fmt.Println(err)
			return 1
		}
		return 0
	}
	for _, master := range []string{"BlockMaster", "FileSystemMaster"} {
		dir := filepath.Join(work, "journal", master, "v1")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			fmt.Println(err)
			return 1
		}
		if behaviour == FormatFail {
			fmt.Println("ERROR Format - cannot format")
			return 1
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("_format_%d", os.Getpid())), nil, 0o644); err != nil {
			fmt.Println(err)
			return 1
		}
		if behaviour == FormatCut {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	}
	return 0
}

func isEmbedded(site alluxio.Properties) bool {
	kind, set := site.Get("alluxio.master.journal.type")
	return !set || kind == "EMBEDDED"
}

func serve(class string, site alluxio.Properties) int {
	behaviour, _ := site.Get(Behaviour)
	fmt.Println(class, "starts")
	if work, _ := site.Get("alluxio.work.dir"); isEmbedded(site) && class == "alluxio.master.AlluxioMaster" {
		if err := os.MkdirAll(filepath.Join(work, "journal", "raft"), 0o755); err != nil {
			fmt.Println(err)
			return 255
		}
	}
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	port, _ := site.Get(map[string]string{
		"alluxio.master.AlluxioMaster":    "alluxio.master.web.port",
		"alluxio.master.AlluxioJobMaster": "alluxio.job.master.web.port",
		"alluxio.worker.AlluxioWorker":    "alluxio.worker.web.port",
	}[class])
	switch behaviour {
	case Crash:
		fmt.Println("INFO all is well")
		fmt.Println("ERROR AlluxioMaster - cannot go on:", site.Map())
		return 255
	case Deaf:
		<-term
		return 143
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:"+port)
	if err != nil {
		fmt.Println("ERROR", err)
		return 255
	}
	asked := 0
	go func() {
		_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if asked++; asked < 3 || !strings.HasSuffix(r.URL.Path, "/info") {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}))
	}()
	for range term {
		if behaviour != Stubborn {
			break
		}
	}
	fmt.Println(class, "ends")
	return 143
}
