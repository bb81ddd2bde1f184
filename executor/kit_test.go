package executor

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/alluxio-mesos/alluxio-mesos/executor/internal/standin"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

func TestMain(m *testing.M) {
	standin.Main()
	if os.Getenv(orphanVariable) != "" {
		playExecutor()
		return
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(pluginDir)
		os.Exit(code)
	}))
}

// agent is a scripted Mesos agent as the executor sees it.
type agent struct {
	events chan mesos.ExecutorEvent
	flush  func(ctx context.Context) error
	// messages to the scheduler.
	messages chan []byte

	mu       sync.Mutex
	statuses []mesos.Status
	news     chan struct{} // closed at each status, and made anew
}

func newAgent() *agent {
	return &agent{events: make(chan mesos.ExecutorEvent), news: make(chan struct{}), messages: make(chan []byte, 16)}
}

func (a *agent) Events() <-chan mesos.ExecutorEvent { return a.events }
func (a *agent) Close() error                       { return nil }

func (a *agent) Update(s mesos.Status) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.statuses = append(a.statuses, s)
	close(a.news)
	a.news = make(chan struct{})
	return nil
}

func (a *agent) Message(_ context.Context, data []byte) error {
	a.messages <- data
	return nil
}

func (a *agent) Flush(ctx context.Context) error {
	if a.flush != nil {
		return a.flush(ctx)
	}
	return nil
}

func (a *agent) all() ([]mesos.Status, <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]mesos.Status(nil), a.statuses...), a.news
}

// await returns the first status of the task that want accepts.
func (a *agent) await(t *testing.T, id mesos.TaskID, want func(mesos.Status) bool) mesos.Status {
	t.Helper()
	limit := time.After(4 * time.Minute)
	for {
		all, news := a.all()
		for _, s := range all {
			if s.Task == id && want(s) {
				return s
			}
		}
		select {
		case <-news:
		case <-limit:
			t.Fatalf("no such status of %s; there are %v", id, all)
		}
	}
}

// state waits until the task is in the state, and fails if it ends in another one.
func (a *agent) state(t *testing.T, id mesos.TaskID, state mesos.TaskState) (mesos.Status, *launchv1.Report) {
	t.Helper()
	s := a.await(t, id, func(s mesos.Status) bool { return s.State == state || s.State.Terminal() })
	require.Equal(t, state, s.State, s.Message)
	return s, report(t, s)
}

// last waits for the last status of a task.
func (a *agent) last(t *testing.T, id mesos.TaskID) (mesos.Status, *launchv1.Report) {
	t.Helper()
	s := a.await(t, id, func(s mesos.Status) bool { return s.State.Terminal() })
	return s, report(t, s)
}

// states are those of a task, in order, each once.
func (a *agent) states(id mesos.TaskID) []mesos.TaskState {
	all, _ := a.all()
	var states []mesos.TaskState
	for _, s := range all {
		if s.Task == id && (len(states) == 0 || states[len(states)-1] != s.State) {
			states = append(states, s.State)
		}
	}
	return states
}

func report(t *testing.T, s mesos.Status) *launchv1.Report {
	t.Helper()
	var r launchv1.Report
	require.NoError(t, proto.Unmarshal(s.Data, &r))
	return &r
}

// kit is an executor under test, with stand-ins for all that is big.
type kit struct {
	t       *testing.T
	agent   *agent
	host    *standin.Host
	sandbox string
	node    string
	ports   []string // rpc and web of the process, and two more
	made    []host.Config
	cancel  context.CancelFunc
	result  chan error
}

func newKit(t *testing.T) *kit {
	t.Helper()
	return startKit(t, &kit{
		host: &standin.Host{AlluxioDir: standin.Home(t), JavaDir: standin.Java(t, "17.0.15"), Disk: &standin.Ramdisk{}},
	}, nil)
}

// startKit runs an executor; makeHost nil: on the stand-in.
func startKit(t *testing.T, k *kit, makeHost func(host.Config) (Host, error)) *kit {
	t.Helper()
	k.t, k.agent, k.sandbox, k.node = t, newAgent(), t.TempDir(), t.TempDir()
	k.result = make(chan error, 1)
	k.ports = standin.Ports(t, 4)
	if makeHost == nil {
		makeHost = func(c host.Config) (Host, error) { k.made = append(k.made, c); return k.host, nil }
	}
	ctx, cancel := context.WithCancel(t.Context())
	k.cancel = cancel
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		k.result <- Run(ctx, Config{
			Mesos: k.agent, NewHost: makeHost, Sandbox: k.sandbox, Env: MinimalEnv(os.Getenv),
			Logger: slog.New(slog.NewTextHandler(testWriter{t}, nil)), ProgressInterval: time.Millisecond,
		})
	}()
	t.Cleanup(func() { cancel(); <-ended })
	k.tell(mesos.ExecutorSubscribed{Framework: "f", Executor: "e", Agent: "a", Host: "h", TaskKilling: true})
	return k
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) { w.t.Logf("%s", p); return len(p), nil }

func (k *kit) tell(event mesos.ExecutorEvent) {
	k.t.Helper()
	select {
	case k.agent.events <- event:
	case err := <-k.result:
		k.t.Fatalf("the executor ended: %v", err)
	case <-time.After(30 * time.Second):
		k.t.Fatal("the executor does not listen")
	}
}

func (k *kit) end() error {
	k.t.Helper()
	select {
	case err := <-k.result:
		return err
	case <-time.After(60 * time.Second):
		k.t.Fatal("the executor does not end")
		return nil
	}
}

// master is the launch message of a master; change spoils it.
func (k *kit) master(change func(*launchv1.Launch)) *launchv1.Launch {
	m := &launchv1.Launch{
		Contract: 1, Framework: "alluxio", Instance: "master-0", Process: "master", AlluxioVersion: "2.9.6",
		Alluxio: &launchv1.Artifact{Source: "LOCAL"}, Jdk: &launchv1.Artifact{Source: "LOCAL"},
		Properties: map[string]string{
			"alluxio.master.rpc.port": k.ports[0], "alluxio.master.web.port": k.ports[1],
			"alluxio.job.master.rpc.port": k.ports[2], "alluxio.job.master.web.port": k.ports[3],
			"alluxio.master.journal.type": "UFS", "fs.s3a.secret.key": "hush-hush",
		},
		JvmOptions: []string{"-Xmx512m"},
		Folders:    &launchv1.Folders{Node: k.node, Cache: filepath.Join(k.node, "cache")},
		Journal:    &launchv1.Journal{Needed: true},
		Ramdisk:    &launchv1.Ramdisk{Plugin: "tmpfs", Path: "/mnt/alluxio-mesos/alluxio/master-0", SizeBytes: 64 << 20},
	}
	if change != nil {
		change(m)
	}
	return m
}

func (k *kit) launch(id mesos.TaskID, m *launchv1.Launch) {
	k.t.Helper()
	data, err := proto.Marshal(m)
	require.NoError(k.t, err)
	k.tell(mesos.LaunchTask{Task: mesos.TaskInfo{ID: id, Data: data}})
}

func behave(behaviour string) func(*launchv1.Launch) {
	return func(m *launchv1.Launch) { m.Properties[standin.Behaviour] = behaviour }
}
