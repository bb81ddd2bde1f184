package deploy

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/internal/procs"
)

// Processes are those of the deployment: scheduler, executors, plugins, JVMs.
func (d *Deployment) Processes() []procs.Process {
	all, err := procs.List()
	require.NoError(d.t, err)
	return slices.DeleteFunc(all, func(p procs.Process) bool { return p.PID == os.Getpid() || !d.owns(p) })
}

// owns knows a process by the folders in its arguments or its environment: each part of
// a deployment has some of them in there.
func (d *Deployment) owns(p procs.Process) bool {
	if slices.ContainsFunc(p.Args, func(arg string) bool { return strings.Contains(arg, d.Dir+"/") }) {
		return true
	}
	environment, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.PID))
	for _, variable := range strings.Split(string(environment), "\x00") {
		key, value, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(value+"/", d.Dir+"/") {
			return true
		}
		// Executor ids begin with the framework's name.
		if key == "MESOS_EXECUTOR_ID" && strings.HasPrefix(value, d.Name+".") {
			return true
		}
	}
	return false
}

// Java gives the JVMs that run a process ("master", "worker") of the deployment.
func (d *Deployment) Java(process string) []procs.Process {
	class := map[string]string{"master": "alluxio.master.AlluxioMaster", "worker": "alluxio.worker.AlluxioWorker"}[process]
	return slices.DeleteFunc(d.Processes(), func(p procs.Process) bool { return !slices.Contains(p.Args, class) })
}

// Scheduler is the deployment's scheduler, which must run.
func (d *Deployment) Scheduler() procs.Process {
	d.t.Helper()
	all := slices.DeleteFunc(d.Processes(), func(p procs.Process) bool { return len(p.Args) < 2 || p.Args[1] != "scheduler" })
	require.Len(d.t, all, 1, "schedulers")
	return all[0]
}

// Executors gives the executor processes of the deployment.
func (d *Deployment) Executors() []procs.Process {
	return slices.DeleteFunc(d.Processes(), func(p procs.Process) bool { return filepath.Base(p.Exe) != "alluxio-mesos-executor" })
}

// Plugins gives the plugin processes of a kind, such as "fetcher-http", that run out of
// the deployment's cache.
func (d *Deployment) Plugins(kind string) []procs.Process {
	all, err := procs.List()
	require.NoError(d.t, err)
	cache := d.Site[Prefix+"cache.dir"]
	return slices.DeleteFunc(all, func(p procs.Process) bool {
		return !strings.HasPrefix(p.Exe, cache+"/") || !strings.Contains(p.Exe, kind)
	})
}

// Mounts gives the mount points of the deployment.
func (d *Deployment) Mounts() []string {
	table, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(d.t, err)
	var mounts []string
	for line := range strings.Lines(string(table)) {
		// Field 5 is the mount point (proc_pid_mountinfo(5)).
		if fields := strings.Fields(line); len(fields) > 4 && strings.HasPrefix(fields[4], d.Dir+"/") {
			mounts = append(mounts, fields[4])
		}
	}
	return mounts
}

// RamFolders gives the folders of /dev/shm that stand in for ramdisks of the deployment.
func (d *Deployment) RamFolders() []string {
	found, err := filepath.Glob("/dev/shm/alluxio-mesos-*")
	require.NoError(d.t, err)
	return slices.DeleteFunc(found, func(folder string) bool { return !mentions(folder, d.Name) })
}

// mentions looks for a name in a folder's name or in its small files, one level deep.
func mentions(folder, name string) bool {
	if strings.Contains(folder, name) {
		return true
	}
	files, _ := filepath.Glob(filepath.Join(folder, "*"))
	hidden, _ := filepath.Glob(filepath.Join(folder, ".*"))
	for _, file := range append(files, hidden...) {
		if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() || info.Size() > 4096 {
			continue
		}
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), name) {
			return true
		}
	}
	return false
}

// Leftovers says what of the deployment is running or mounted, after giving ends that are
// under way a moment.
func (d *Deployment) Leftovers() []string {
	deadline := time.Now().Add(10 * time.Second)
	for {
		left := d.leftovers()
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
		pause()
	}
}

func (d *Deployment) leftovers() []string {
	var left []string
	for _, p := range d.Processes() {
		left = append(left, fmt.Sprintf("process %d: %s", p.PID, strings.Join(p.Args, " ")))
	}
	for _, mount := range d.Mounts() {
		left = append(left, "mount "+mount)
	}
	for _, folder := range d.RamFolders() {
		left = append(left, "folder "+folder)
	}
	return left
}

// sweep ends what a failed test left, so that it does not disturb the next.
func (d *Deployment) sweep() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, p := range d.Processes() {
		_ = p.End(ctx, unix.SIGKILL)
	}
	for _, mount := range d.Mounts() {
		_ = unix.Unmount(mount, unix.MNT_DETACH)
	}
	for _, folder := range d.RamFolders() {
		_ = os.RemoveAll(folder)
	}
}
