package steps

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/executor/supervise"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

// Host gets software and ramdisks by plugins; host.Host is one. Its errors say by their
// kind (plugins.KindOf) whether trying again can help.
type Host interface {
	Artifact(ctx context.Context, want host.Want, progress func(host.Progress)) (host.Artifact, error)
	Ramdisk(ctx context.Context, name string) (plugins.Ramdisk, error)
}

// Watcher is told how the steps get on. Its methods must not block for long; they may be
// called from several goroutines.
type Watcher interface {
	// Step begins.
	Step(name string)
	// Transfer of an artifact ("alluxio", "jdk") got on.
	Transfer(artifact string, progress host.Progress)
	// Notice is something that the operator should know and that stops nothing.
	Notice(text string)
}

// Tools are what the steps work with.
type Tools struct {
	Host Host
	// Run runs a short command to its end.
	Run func(ctx context.Context, cfg supervise.Config) (supervise.Outcome, error)
	// Env is the environment of a JVM, without JAVA_HOME.
	Env []string
	// Logs is the folder for what Alluxio writes.
	Logs   string
	Logger *slog.Logger
}

// Instance is what stays on the node between the tasks of an instance, as far as this
// executor knows it. The zero value knows nothing. Only one job may use it at a time.
type Instance struct {
	lock      *lock
	artifacts map[host.Want]host.Artifact
	javas     map[string]alluxio.Java

	mu      sync.Mutex // reports look at these at any time
	ramdisk *mounted
	journal bool
}

type mounted struct {
	plugin string
	disk   plugins.Disk
}

// RamdiskMounted says whether the instance has a ramdisk now.
func (i *Instance) RamdiskMounted() bool { return i.disk() != nil }

// JournalFormatted says whether the instance's journal exists.
func (i *Instance) JournalFormatted() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.journal
}

func (i *Instance) setJournal() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.journal = true
}

func (i *Instance) disk() *mounted {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.ramdisk
}

func (i *Instance) setDisk(m *mounted) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ramdisk = m
}

// Job is the preparation of one process.
type Job struct {
	Order    Order
	Tools    Tools
	Instance *Instance
	Watch    Watcher

	// What the steps found.
	alluxio host.Artifact
	jdk     host.Artifact
	Home    alluxio.Home
	Java    alluxio.Java
	site    alluxio.Properties
}

// Paths of an instance below the node folder. Temp is this executor's own, for the
// sockets of its plugins and for Java: removed by the next executor if this one is killed.
type Paths struct{ Instance, Work, Conf, Lock, Marker, Temp string }

const tempPrefix = "tmp-"

// PathsOf tells where an instance's things lie.
func PathsOf(node, framework, instance string) Paths {
	dir := filepath.Join(node, framework, instance)
	return Paths{
		Instance: dir,
		Work:     filepath.Join(dir, "work"),
		Conf:     filepath.Join(dir, "conf"),
		Lock:     filepath.Join(dir, "executor.lock"),
		Marker:   filepath.Join(dir, "journal.json"),
		Temp:     filepath.Join(dir, tempPrefix+strconv.Itoa(os.Getpid())),
	}
}

func (j *Job) paths() Paths { return PathsOf(j.Order.Node, j.Order.Framework, j.Order.Instance) }

// env is the whole environment of a process of the instance.
func (j *Job) env() []string {
	env := append([]string(nil), j.Tools.Env...)
	if j.Java.Home != "" {
		env = append(env, "JAVA_HOME="+j.Java.Home)
	}
	return append(env, supervise.MarkVariable+"="+j.paths().Instance)
}

// run is what every command of the job shares. Its temporary folder is made anew: a JVM
// that is killed leaves the native libraries of RocksDB and Netty there, and nobody would
// ever remove them from /tmp. The operator's options come later and so win.
func (j *Job) run() (alluxio.Run, error) {
	temp := filepath.Join(j.paths().Temp, "java-"+string(j.Order.Process))
	err := os.RemoveAll(temp)
	if err == nil {
		err = os.MkdirAll(temp, 0o700)
	}
	if err != nil {
		return alluxio.Run{}, fmt.Errorf("cannot make a temporary folder for Java: %w", err)
	}
	return alluxio.Run{
		Home: j.Home, Java: j.Java, ConfDir: j.paths().Conf, LogsDir: j.Tools.Logs,
		JVMOptions: append([]string{"-Djava.io.tmpdir=" + temp, alluxio.Traceless}, j.Order.JVMOptions...), Console: true,
	}, nil
}

// Redactor hides the values of secret properties in a text.
func Redactor(properties alluxio.Properties) func(string) string {
	var pairs []string
	for key, value := range properties.Map() {
		// One or two characters would blot out half of every line, and protect nothing.
		if alluxio.IsSecret(key) && len(value) > 2 {
			pairs = append(pairs, value, "***")
		}
	}
	if len(pairs) == 0 {
		return func(text string) string { return text }
	}
	return strings.NewReplacer(pairs...).Replace
}
