package scheduler_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	v1 "github.com/alluxio-mesos/alluxio-mesos/mesos/v1"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

// TestMain makes the test binary an executor where Mesos starts it as one.
func TestMain(m *testing.M) {
	if os.Getenv("MESOS_EXECUTOR_ID") != "" && os.Getenv("MESOS_SANDBOX") != "" {
		os.Exit(runExecutor())
	}
	plugintest.RunFake()
	goleak.VerifyTestMain(m)
}

// runExecutor speaks like the real executor and runs nothing: a ramdisk is a file, a JVM is a word.
func runExecutor() int {
	e, err := v1.NewExecutor(context.Background(), v1.ExecutorConfig{Getenv: os.Getenv, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 3
	}
	defer func() { _ = e.Close() }()
	x := &standIn{Executor: e, plugins: map[string]string{}}
	died := make(chan os.Signal, 1)
	signal.Notify(died, jvmDies)
	for {
		select {
		case <-died:
			x.end(mesos.TaskFailed)
		case event, open := <-e.Events():
			if !open {
				return 0
			}
			x.handle(event)
		}
	}
}

// jvmDies tells the executor to report that its process died.
const jvmDies = syscall.SIGUSR1

func (x *standIn) handle(event mesos.ExecutorEvent) {
	switch event := event.(type) {
	case mesos.LaunchTask:
		x.launch(event.Task)
	case mesos.KillTask:
		x.end(mesos.TaskKilled)
	case mesos.ExecutorMessage:
		x.swap(event.Data)
	case mesos.ExecutorShutdown:
		_ = os.Remove(x.ramdisk)
		x.ramdisk = ""
		x.end(mesos.TaskKilled)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		fmt.Println("flush:", x.Flush(ctx))
	}
}

// swap believes in every plugin but one that is called "refused".
func (x *standIn) swap(data []byte) {
	order := &launchv1.Order{}
	if err := proto.Unmarshal(data, order); err != nil {
		fmt.Println(err)
		return
	}
	p := order.GetSwap().GetPlugins()[0]
	id := p.GetKind() + "-" + p.GetName()
	one := &launchv1.Swapped{Kind: p.GetKind(), Name: p.GetName(), From: x.plugins[id], To: p.GetSha256()}
	if strings.HasSuffix(p.GetName(), "refused") {
		one.To, one.Error = one.From, "I do not like it"
	}
	x.plugins[id] = one.GetTo()
	answer, err := proto.Marshal(&launchv1.Answer{Contract: 1, Id: order.GetId(), Swapped: []*launchv1.Swapped{one}, Plugins: x.plugins})
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err = x.Message(ctx, answer)
	}
	if err != nil {
		fmt.Println(err)
	}
}

type standIn struct {
	mesos.Executor
	plugins map[string]string
	task    mesos.TaskID
	ramdisk string
}

func (x *standIn) launch(task mesos.TaskInfo) {
	launch := &launchv1.Launch{}
	if err := proto.Unmarshal(task.Data, launch); err != nil {
		fmt.Println(err)
		return
	}
	x.task = task.ID
	for _, p := range launch.Plugins {
		x.plugins[p.Kind+"-"+p.Name] = p.Sha256
	}
	path := launch.GetRamdisk().GetPath()
	if launch.Process == "sweep" {
		_ = os.Remove(path)
		x.end(mesos.TaskFinished)
		return
	}
	x.report(mesos.TaskStarting, &launchv1.Report{Phase: launchv1.Report_PREPARING, Step: "mount"}, "preparing")
	if path != "" {
		_ = os.MkdirAll(filepath.Dir(path), 0o755)
		_ = os.WriteFile(path, []byte(task.ID), 0o600)
		x.ramdisk = path
	}
	x.report(mesos.TaskRunning, &launchv1.Report{Phase: launchv1.Report_SERVING, JournalFormatted: launch.GetJournal().GetNeeded(), AlluxioVersion: "2.9.6"}, "serving")
}

func (x *standIn) end(state mesos.TaskState) {
	if x.task != "" {
		x.report(state, &launchv1.Report{Phase: launchv1.Report_ENDED}, "ended")
	}
	x.task = ""
}

func (x *standIn) report(state mesos.TaskState, report *launchv1.Report, text string) {
	report.RamdiskMounted, report.Plugins = x.ramdisk != "", x.plugins
	data, err := proto.Marshal(report)
	if err == nil {
		err = x.Update(mesos.Status{Task: x.task, State: state, Message: text, Data: data})
	}
	if err != nil {
		fmt.Println(err)
	}
}
