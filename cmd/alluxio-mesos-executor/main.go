// Command alluxio-mesos-executor runs one instance of Alluxio on a Mesos agent. Mesos
// fetches and starts it; everything that it does is in package executor.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alluxio-mesos/alluxio-mesos/executor"
	v1 "github.com/alluxio-mesos/alluxio-mesos/mesos/v1"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

// version is set by the Makefile.
var version = "dev"

const about = `alluxio-mesos-executor %s runs Alluxio on an agent of Apache Mesos.
It is started by Mesos, as the scheduler of alluxio-mesos asks, and takes no arguments.
To run Alluxio on Mesos see "alluxio-mesos --help".
`

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		_, _ = fmt.Fprintf(stdout, about, version)
		return 0
	}
	sandbox := getenv("MESOS_SANDBOX")
	if sandbox == "" {
		sandbox = getenv("MESOS_DIRECTORY")
	}
	if sandbox == "" || getenv("MESOS_EXECUTOR_ID") == "" {
		_, _ = fmt.Fprintf(stderr, about, version)
		return 2
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	if err := serve(ctx, sandbox, getenv, log); err != nil {
		log.Error("ended", "error", err)
		return 1
	}
	log.Info("ended")
	return 0
}

func serve(ctx context.Context, sandbox string, getenv func(string) string, log *slog.Logger) (err error) {
	// The conversation outlives the signal: the last statuses still have to go out.
	conversation, err := v1.NewExecutor(context.WithoutCancel(ctx), v1.ExecutorConfig{Getenv: getenv, Logger: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conversation.Close()) }()
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	return executor.Run(ctx, executor.Config{
		Mesos:   conversation,
		NewHost: func(c host.Config) (executor.Host, error) { return host.New(c) },
		Sandbox: sandbox,
		Env:     executor.MinimalEnv(getenv),
		Logger:  log,
	})
}
