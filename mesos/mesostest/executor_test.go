package mesostest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/devcluster"
	v1 "github.com/alluxio-mesos/alluxio-mesos/mesos/v1"
)

// executorMode makes the test binary an executor when it runs in a sandbox.
const executorMode = "CONFORMANCE_EXECUTOR"

// clusterMode makes the test binary hold a cluster in the folder given.
const clusterMode = "CONFORMANCE_CLUSTER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(clusterMode); dir != "" {
		os.Exit(runCluster(dir))
	}
	if os.Getenv(executorMode) != "" {
		os.Exit(runExecutor())
	}
	goleak.VerifyTestMain(m)
}

// runCluster starts a cluster with one executor, writes that one's pid, and stays.
func runCluster(dir string) int {
	ctx := context.Background()
	agent := devcluster.Agent{Resources: []mesos.Resource{{Name: "cpus", Scalar: 1}, {Name: "mem", Scalar: 512}}}
	c, err := devcluster.Start(ctx, devcluster.Config{Dir: dir, Agents: []devcluster.Agent{agent}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 3
	}
	s, err := v1.NewScheduler(ctx, v1.SchedulerConfig{Masters: c.Address()})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 3
	}
	var framework mesos.FrameworkID
	for event := range s.Events() {
		switch event := event.(type) {
		case mesos.Subscribed:
			framework = event.Framework
		case mesos.Offers:
			o := event.Offers[0]
			t := task(o, "stay")
			if err := s.Call(ctx, mesos.Accept{Offers: []mesos.OfferID{o.ID}, Tasks: []mesos.TaskInfo{t}, Refuse: time.Hour}); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		case mesos.Update:
			pid := c.ExecutorPID(framework, event.Status.Executor)
			_ = os.WriteFile(filepath.Join(dir, "executor.pid"), fmt.Append(nil, pid), 0o600)
		}
	}
	return 0
}

// runExecutor does what the data of each task says: "finish", "exit", "stubborn",
// "child", "task", "env", or anything else to stay.
func runExecutor() int {
	ctx := context.Background()
	e, err := v1.NewExecutor(ctx, v1.ExecutorConfig{Getenv: os.Getenv, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 3
	}
	defer e.Close()
	x := &testExecutor{Executor: e, live: map[mesos.TaskID]string{}}
	for event := range e.Events() {
		fmt.Printf("%T\n", event)
		x.handle(event)
	}
	return 0
}

type testExecutor struct {
	mesos.Executor
	subscribed mesos.ExecutorSubscribed
	live       map[mesos.TaskID]string
}

func (x *testExecutor) handle(event mesos.ExecutorEvent) {
	switch event := event.(type) {
	case mesos.ExecutorSubscribed:
		x.subscribed = event
	case mesos.LaunchTask:
		x.launch(event.Task)
	case mesos.KillTask:
		if x.live[event.Task] == "stubborn" {
			return
		}
		x.report(event.Task, mesos.TaskKilling, event.Grace.String())
		x.report(event.Task, mesos.TaskKilled, "")
		delete(x.live, event.Task)
	case mesos.ExecutorMessage:
		for id := range x.live {
			x.report(id, mesos.TaskRunning, "message: "+string(event.Data))
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := x.Message(ctx, append([]byte("heard "), event.Data...)); err != nil {
			fmt.Println(err)
		}
	case mesos.ExecutorShutdown:
		x.shutdown(event.Grace)
	case mesos.ExecutorOrphaned:
		fmt.Println("orphaned:", event.Err)
	}
}

func (x *testExecutor) launch(task mesos.TaskInfo) {
	what := string(task.Data)
	x.live[task.ID] = what
	switch {
	case what == "task":
		x.reportData(task.ID, mesos.TaskRunning, task)
		return
	case what == "env":
		x.reportData(task.ID, mesos.TaskRunning, os.Environ())
		return
	case what == "subscribed":
		x.reportData(task.ID, mesos.TaskRunning, x.subscribed)
		return
	case what == "child":
		x.child()
	case what == "starting":
		x.report(task.ID, mesos.TaskStarting, "fetching: 50 %")
	}
	x.reportData(task.ID, mesos.TaskRunning, what)
	switch what {
	case "finish":
		x.report(task.ID, mesos.TaskFinished, "")
		delete(x.live, task.ID)
	case "exit":
		x.flush(5 * time.Second)
		os.Exit(7)
	}
}

// child leaves a process in a group of its own, whose pid it tells in a file.
func (x *testExecutor) child() {
	cmd := exec.Command("sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		fmt.Println(err)
		return
	}
	_ = os.WriteFile("child", fmt.Append(nil, cmd.Process.Pid), 0o600)
}

func (x *testExecutor) shutdown(grace time.Duration) {
	for id, what := range x.live {
		if what == "stubborn" {
			signal.Ignore(syscall.SIGTERM)
			select {}
		}
		x.report(id, mesos.TaskKilled, "shutdown within "+grace.String())
	}
	x.flush(time.Second)
}

func (x *testExecutor) flush(limit time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	fmt.Println("flush:", x.Flush(ctx))
}

func (x *testExecutor) report(id mesos.TaskID, state mesos.TaskState, text string) {
	if err := x.Update(mesos.Status{Task: id, State: state, Message: text}); err != nil {
		fmt.Println(err)
	}
}

func (x *testExecutor) reportData(id mesos.TaskID, state mesos.TaskState, v any) {
	data, err := json.Marshal(v)
	if err == nil {
		err = x.Update(mesos.Status{Task: id, State: state, Data: data})
	}
	if err != nil {
		fmt.Println(err)
	}
}

// names of environment variables, without what Go's test binary was given.
func names(env []string) []string {
	var out []string
	for _, v := range env {
		name, _, _ := strings.Cut(v, "=")
		out = append(out, name)
	}
	return out
}
