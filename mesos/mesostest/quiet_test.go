package mesostest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
)

func testRegister(t *testing.T, c *mesostest.Cluster) {
	f := dial(t, c)
	s := await(f, func(mesos.Subscribed) bool { return true })
	require.Equal(t, c.Address(), s.Master)
	require.Equal(t, c.Version, s.Version)
	require.NotEmpty(t, s.Framework)
	known, ok := c.State(t).Framework(s.Framework)
	require.True(t, ok)
	require.Equal(t, t.Name(), known.Name)
	require.Equal(t, "scheduler-host", known.Hostname)
	require.Equal(t, "http://scheduler-host:1/", known.WebUI)
	require.True(t, known.Active)
	f.do(mesos.Teardown{})
	require.Equal(t, "the framework was torn down", await(f, func(mesos.Failed) bool { return true }).Message)
	_, ok = c.State(t).Framework(s.Framework)
	require.False(t, ok)
}

func testOffers(t *testing.T, c *mesostest.Cluster) {
	o := connect(t, c).anyOffer()
	require.Equal(t, c.Agents[0].Host, o.Host)
	require.Empty(t, o.Executors)
	require.ElementsMatch(t, c.Agents[0].Attributes, o.Attributes)
	got, want := sortResources(o.Resources), sortResources(c.Agents[0].Resources)
	require.Len(t, got, len(want))
	for i := range got {
		require.Equal(t, "*", got[i].AllocatedTo)
		require.Equal(t, "*", got[i].Role())
		got[i].AllocatedTo = ""
		got[i].Reservations = nil
	}
	require.Equal(t, want, got)
}

func sortResources(in []mesos.Resource) []mesos.Resource {
	out := append([]mesos.Resource(nil), in...)
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

func testLaunchAndKill(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	before := time.Now()
	task, s := f.run("hello")
	require.Equal(t, `"hello"`, string(s.Data))
	require.Equal(t, task.Executor.ID, s.Executor)
	require.Equal(t, task.Agent, s.Agent)
	require.Equal(t, "SOURCE_EXECUTOR", s.Source)
	require.Empty(t, s.Reason)
	require.Len(t, s.UUID, 16)
	require.WithinRange(t, s.Time, before.Add(-time.Second), time.Now().Add(time.Second))
	known, _ := c.State(t).Framework(f.id)
	require.Len(t, known.Tasks, 1)
	require.Equal(t, mesostest.Task{ID: task.ID, Agent: task.Agent, Executor: task.Executor.ID, State: mesos.TaskRunning}, known.Tasks[0])

	f.do(mesos.Kill{Task: task.ID, Agent: task.Agent})
	require.Equal(t, "0s", f.status(task.ID, mesos.TaskKilling).Message)
	f.status(task.ID, mesos.TaskKilled)
	eventually(t, "the task is ended for the master", func() bool {
		known, _ := c.State(t).Framework(f.id)
		return len(known.Tasks) == 0 && len(known.Ended) == 1 && known.Ended[0].State == mesos.TaskKilled
	})
}

func testTaskSeen(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	o := f.anyOffer()
	want := task(o, "task")
	want.Labels = map[string]string{"b": "2", "a": "1"}
	want.Executor.Labels = map[string]string{"x": "y"}
	want.Executor.Command.Arguments = []string{"one", "two three"}
	f.launchOne(o, want)
	var got mesos.TaskInfo
	require.NoError(t, json.Unmarshal(f.status(want.ID, mesos.TaskRunning).Data, &got))
	got.Resources, want.Resources = sortResources(got.Resources), sortResources(want.Resources)
	got.Executor.Resources, want.Executor.Resources = sortResources(got.Executor.Resources), sortResources(want.Executor.Resources)
	require.Equal(t, want, got)
}

func testEnvironment(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	task, s := f.run("env")
	var env []string
	require.NoError(t, json.Unmarshal(s.Data, &env))
	want := []string{
		executorMode, "GORACE", "LIBPROCESS_IP", "LIBPROCESS_PORT", "MESOS_AGENT_ENDPOINT", "MESOS_CHECKPOINT", "MESOS_DIRECTORY", "MESOS_EXECUTOR_ID",
		"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", "MESOS_FRAMEWORK_ID", "MESOS_HTTP_COMMAND_EXECUTOR", "MESOS_RECOVERY_TIMEOUT", "MESOS_SANDBOX",
		"MESOS_SLAVE_ID", "MESOS_SLAVE_PID", "MESOS_SUBSCRIPTION_BACKOFF_MAX", "PATH",
	}
	require.ElementsMatch(t, want, names(env))
	values := map[string]string{}
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		values[name] = value
	}
	sandbox := c.Sandbox(f.id, task.Executor.ID)
	require.NotEmpty(t, sandbox)
	require.Equal(t, map[string]string{
		"MESOS_CHECKPOINT": "1", "MESOS_FRAMEWORK_ID": string(f.id), "MESOS_EXECUTOR_ID": string(task.Executor.ID), "MESOS_SLAVE_ID": string(task.Agent),
		"MESOS_SANDBOX": sandbox, "MESOS_DIRECTORY": sandbox, "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "2secs", "MESOS_RECOVERY_TIMEOUT": "15mins",
		"MESOS_SUBSCRIPTION_BACKOFF_MAX": "2secs", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	}, pick(values, "MESOS_CHECKPOINT", "MESOS_FRAMEWORK_ID", "MESOS_EXECUTOR_ID", "MESOS_SLAVE_ID", "MESOS_SANDBOX", "MESOS_DIRECTORY",
		"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", "MESOS_RECOVERY_TIMEOUT", "MESOS_SUBSCRIPTION_BACKOFF_MAX", "PATH"))

	pid, err := c.ExecutorPID(f.id, task.Executor.ID)
	require.NoError(t, err)
	wd, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/cwd")
	require.NoError(t, err)
	require.Equal(t, sandbox, wd)
	out, err := os.ReadFile(filepath.Join(sandbox, "stdout"))
	require.NoError(t, err)
	require.Contains(t, string(out), "mesos.LaunchTask")
	latest, err := filepath.EvalSymlinks(filepath.Join(filepath.Dir(sandbox), "latest"))
	require.NoError(t, err)
	require.Equal(t, sandbox, latest)
}

func pick(values map[string]string, names ...string) map[string]string {
	out := map[string]string{}
	for _, name := range names {
		out[name] = values[name]
	}
	return out
}

func testStarting(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	o := f.anyOffer()
	task := task(o, "starting")
	f.launchOne(o, task)
	require.Equal(t, "fetching: 50 %", f.status(task.ID, mesos.TaskStarting).Message)
	f.status(task.ID, mesos.TaskRunning)
}

func testMessage(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	task, _ := f.run("stay")
	f.do(mesos.SendMessage{Agent: task.Agent, Executor: task.Executor.ID, Data: []byte("hi")})
	require.Equal(t, "message: hi", f.status(task.ID, mesos.TaskRunning).Message)
	answer := await(f, func(mesos.Message) bool { return true })
	require.Equal(t, mesos.Message{Agent: task.Agent, Executor: task.Executor.ID, Data: []byte("heard hi")}, answer)
}

func testExecutorResources(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	task, _ := f.run("stay")
	o := f.offer(func(o mesos.Offer) bool { return len(o.Executors) > 0 })
	require.Equal(t, []mesos.ExecutorID{task.Executor.ID}, o.Executors)
	for _, r := range o.Resources {
		if r.Name == "cpus" {
			require.InDelta(t, 4-0.5-0.25, r.Scalar, 1e-9)
		}
	}
	// A second task of the same executor takes only its own.
	second := task
	second.ID, second.Resources = mesos.TaskID(unique("task")), take(o, 3.25, 64)
	f.launchOne(o, second)
	f.status(second.ID, mesos.TaskRunning)
	f.do(mesos.Kill{Task: second.ID, Agent: second.Agent})
	f.status(second.ID, mesos.TaskKilled)
	// The executor stays, and holds what is its.
	f.do(mesos.Kill{Task: task.ID, Agent: task.Agent})
	f.status(task.ID, mesos.TaskKilled)
	f.do(mesos.Revive{})
	f.offer(func(o mesos.Offer) bool {
		for _, r := range o.Resources {
			if r.Name == "cpus" {
				return r.Scalar == 3.75 && len(o.Executors) == 1
			}
		}
		return false
	})
}

func testExecutorExits(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	task, _ := f.run("exit")
	s := f.status(task.ID, mesos.TaskFailed)
	require.Equal(t, "REASON_EXECUTOR_TERMINATED", s.Reason)
	require.Equal(t, "SOURCE_AGENT", s.Source)
	require.Equal(t, task.Executor.ID, s.Executor)
	lost := await(f, func(mesos.ExecutorLost) bool { return true })
	require.Equal(t, mesos.ExecutorLost{Agent: task.Agent, Executor: task.Executor.ID, WaitStatus: 7 << 8}, lost)
}

func testExecutorKilled(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	task, _ := f.run("child")
	sandbox := c.Sandbox(f.id, task.Executor.ID)
	c.KillExecutor(t, f.id, task.Executor.ID)
	s := f.status(task.ID, mesos.TaskFailed)
	require.Equal(t, "REASON_EXECUTOR_TERMINATED", s.Reason)
	require.Equal(t, "Executor terminated", s.Message)
	require.Equal(t, int(syscall.SIGKILL), await(f, func(mesos.ExecutorLost) bool { return true }).WaitStatus)
	eventually(t, "what the executor left in its session is killed", func() bool { return !alive(t, sandbox) })
	// The same executor id may be used again, once the agent has the acknowledgement:
	// before, Mesos up to 1.8 drops the task (REASON_EXECUTOR_TERMINATED).
	eventually(t, "the end is acknowledged", func() bool {
		known, _ := c.State(t).Framework(f.id)
		return len(known.Tasks) == 0
	})
	f.do(mesos.Revive{})
	o := f.anyOffer()
	again := task
	again.ID, again.Agent = mesos.TaskID(unique("task")), o.Agent
	f.launchOne(o, again)
	f.status(again.ID, mesos.TaskRunning)
	require.NotEqual(t, sandbox, c.Sandbox(f.id, task.Executor.ID))
}

// alive says whether the child that an executor left still runs.
func alive(t *testing.T, sandbox string) bool {
	text, err := os.ReadFile(filepath.Join(sandbox, "child"))
	require.NoError(t, err)
	stat, err := os.ReadFile("/proc/" + string(text) + "/stat")
	return err == nil && running(string(stat))
}

// running says whether a process is more than a zombie, by its /proc/PID/stat.
func running(stat string) bool {
	return !strings.Contains(stat, ") Z ") && !strings.Contains(stat, ") X ")
}

func testNeverRegisters(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	o := f.anyOffer()
	task := task(o, "")
	task.Executor.Command = mesos.Command{Path: "/bin/sleep", Arguments: []string{"1000"}}
	f.launchOne(o, task)
	s := f.status(task.ID, mesos.TaskFailed)
	require.Equal(t, "REASON_EXECUTOR_REGISTRATION_TIMEOUT", s.Reason)
	require.Equal(t, "Executor did not register within 3secs", s.Message)
	require.Equal(t, int(syscall.SIGKILL), await(f, func(mesos.ExecutorLost) bool { return true }).WaitStatus)
}

func testNoProgram(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	o := f.anyOffer()
	task := task(o, "")
	task.Executor.Command = mesos.Command{Path: "./no-such-program"}
	f.launchOne(o, task)
	require.Equal(t, "REASON_EXECUTOR_TERMINATED", f.status(task.ID, mesos.TaskFailed).Reason)
	require.Equal(t, 1<<8, await(f, func(mesos.ExecutorLost) bool { return true }).WaitStatus)
}

// binaryServer serves the test binary and counts how often.
func binaryServer(t *testing.T) (url string, count func() int) {
	self, err := os.Executable()
	require.NoError(t, err)
	served := make(chan struct{}, 100)
	mux := http.NewServeMux()
	mux.HandleFunc("/executor", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet { // an agent asks for the size by HEAD
			served <- struct{}{}
		}
		http.ServeFile(w, r, self)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL, func() int { return len(served) }
}

func testURI(t *testing.T, c *mesostest.Cluster) {
	url, count := binaryServer(t)
	data := filepath.Join(t.TempDir(), "data.txt")
	require.NoError(t, os.WriteFile(data, []byte("data"), 0o644))
	f := connect(t, c)
	for range 2 {
		o := f.anyOffer()
		task := task(o, "stay")
		task.Executor.Command.Path = "./the-executor"
		task.Executor.Command.URIs = []mesos.URI{
			{Value: url + "/executor", Executable: true, Cache: true, OutputFile: "the-executor"},
			{Value: "file://" + data},
		}
		f.launchOne(o, task)
		f.status(task.ID, mesos.TaskRunning)
		text, err := os.ReadFile(filepath.Join(c.Sandbox(f.id, task.Executor.ID), "data.txt"))
		require.NoError(t, err)
		require.Equal(t, "data", string(text))
		f.do(mesos.ShutdownExecutor{Agent: task.Agent, Executor: task.Executor.ID})
		f.status(task.ID, mesos.TaskKilled)
		f.do(mesos.Revive{})
	}
	require.Equal(t, 1, count(), "the second comes from the cache")
}

func testURINotFound(t *testing.T, c *mesostest.Cluster) {
	url, _ := binaryServer(t)
	f := connect(t, c)
	o := f.anyOffer()
	task := task(o, "stay")
	task.Executor.Command.URIs = []mesos.URI{{Value: url + "/missing", Executable: true}}
	f.launchOne(o, task)
	s := f.status(task.ID, mesos.TaskFailed)
	require.Equal(t, "REASON_CONTAINER_LAUNCH_FAILED", s.Reason)
	require.Contains(t, s.Message, "Failed to launch container: ")
	await(f, func(mesos.ExecutorLost) bool { return true })
}

func testShutdown(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	task, _ := f.run("stay")
	f.do(mesos.ShutdownExecutor{Agent: task.Agent, Executor: task.Executor.ID})
	require.Equal(t, "shutdown within 2s", f.status(task.ID, mesos.TaskKilled).Message)
	require.Equal(t, 0, await(f, func(mesos.ExecutorLost) bool { return true }).WaitStatus)
}

func testShutdownStubborn(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	task, _ := f.run("stubborn")
	f.do(mesos.Kill{Task: task.ID, Agent: task.Agent}) // ignored
	start := time.Now()
	f.do(mesos.ShutdownExecutor{Agent: task.Agent, Executor: task.Executor.ID})
	s := f.status(task.ID, mesos.TaskFailed)
	require.Equal(t, "REASON_EXECUTOR_TERMINATED", s.Reason)
	require.GreaterOrEqual(t, time.Since(start), 2*time.Second)
	require.Equal(t, int(syscall.SIGKILL), await(f, func(mesos.ExecutorLost) bool { return true }).WaitStatus)
}

func testKillEarly(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	o := f.anyOffer()
	task := task(o, "")
	task.Executor.Command = mesos.Command{Path: "/bin/sleep", Arguments: []string{"1000"}}
	f.launchOne(o, task)
	eventually(t, "the executor runs", func() bool {
		pid, err := c.ExecutorPID(f.id, task.Executor.ID)
		return err == nil && pid > 0
	})
	f.do(mesos.Kill{Task: task.ID, Agent: task.Agent})
	s := f.status(task.ID, mesos.TaskKilled)
	require.Equal(t, "REASON_TASK_KILLED_DURING_LAUNCH", s.Reason)
	require.Equal(t, "SOURCE_AGENT", s.Source)
	await(f, func(mesos.ExecutorLost) bool { return true })
}

func testKillUnknown(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	o := f.anyOffer()
	f.do(mesos.Kill{Task: "never-was", Agent: o.Agent})
	f.reconciled("never-was", mesos.TaskGone)
}

func testReconcile(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	task, _ := f.run("stay")
	f.do(mesos.Reconcile{Tasks: []mesos.TaskRef{{Task: task.ID, Agent: task.Agent}, {Task: "a", Agent: task.Agent}, {Task: "b", Agent: "no-agent"}, {Task: "c"}}})
	s := f.reconciled(task.ID, mesos.TaskRunning)
	require.Equal(t, "Reconciliation: Latest task state", s.Message)
	require.Equal(t, task.Agent, s.Agent)
	require.Equal(t, task.Executor.ID, s.Executor)
	if strings.HasPrefix(c.Version, "1.4.") {
		f.reconciled("a", mesos.TaskUnknown) // TASK_GONE since 1.5
	} else {
		f.reconciled("a", mesos.TaskGone)
	}
	require.Equal(t, mesos.AgentID("no-agent"), f.reconciled("b", mesos.TaskUnknown).Agent)
	require.Empty(t, f.reconciled("c", mesos.TaskUnknown).Agent)

	f.do(mesos.Reconcile{})
	f.reconciled(task.ID, mesos.TaskRunning)
	f.do(mesos.Kill{Task: task.ID, Agent: task.Agent})
	f.status(task.ID, mesos.TaskKilled)
}

func testDecline(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	o := f.anyOffer()
	f.do(mesos.Decline{Offers: []mesos.OfferID{o.ID}, Refuse: time.Hour})
	_, offered := tryAwait(f, time.Second, func(mesos.Offers) bool { return true })
	require.False(t, offered, "offered again although refused")
	f.do(mesos.Revive{})
	o = f.anyOffer()
	start := time.Now()
	f.do(mesos.Decline{Offers: []mesos.OfferID{o.ID}, Refuse: time.Second})
	f.anyOffer()
	require.Greater(t, time.Since(start), 900*time.Millisecond)
}

func testSuppress(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	o := f.anyOffer()
	f.do(mesos.Suppress{})
	f.do(mesos.Decline{Offers: []mesos.OfferID{o.ID}})
	_, offered := tryAwait(f, time.Second, func(mesos.Offers) bool { return true })
	require.False(t, offered, "offered although suppressed")
	f.do(mesos.Revive{})
	f.anyOffer()
}

func testAcceptRefuses(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	o := f.anyOffer()
	task := task(o, "stay")
	f.do(mesos.Accept{Offers: []mesos.OfferID{o.ID}, Tasks: []mesos.TaskInfo{task}, Refuse: time.Hour})
	f.status(task.ID, mesos.TaskRunning)
	_, offered := tryAwait(f, time.Second, func(mesos.Offers) bool { return true })
	require.False(t, offered, "the rest is offered although refused")
	// What the task gives back is more than was refused.
	f.do(mesos.Kill{Task: task.ID, Agent: task.Agent})
	f.anyOffer()
}

func testInvalidTasks(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	first, _ := f.run("stay")
	for _, one := range []struct {
		name  string
		spoil func(o mesos.Offer, t *mesos.TaskInfo)
	}{
		{"port that is not offered", func(o mesos.Offer, t *mesos.TaskInfo) {
			t.Resources = append(t.Resources, mesos.Resource{Name: "ports", Ranges: []mesos.Range{{Begin: 19998, End: 19999}}, AllocatedTo: "*"})
		}},
		{"more than offered", func(o mesos.Offer, t *mesos.TaskInfo) { t.Resources = take(o, 100, 64) }},
		{"too much with the executor", func(o mesos.Offer, t *mesos.TaskInfo) { t.Resources = take(o, 3.25, 64) }},
		{"another agent", func(o mesos.Offer, t *mesos.TaskInfo) { t.Agent = "no-agent" }},
		{"no resources", func(o mesos.Offer, t *mesos.TaskInfo) { t.Resources = nil }},
		{"slash in id", func(o mesos.Offer, t *mesos.TaskInfo) { t.ID = "a/b" }},
		{"executor id in use", func(o mesos.Offer, t *mesos.TaskInfo) {
			t.Executor = first.Executor
			t.Executor.Command.Arguments = []string{"changed"}
		}},
		{"task id in use", func(o mesos.Offer, t *mesos.TaskInfo) { t.ID, t.Executor = first.ID, first.Executor }},
	} {
		f.do(mesos.Revive{})
		o := f.anyOffer()
		bad := task(o, "stay")
		one.spoil(o, &bad)
		f.launchOne(o, bad)
		s := f.status(bad.ID, mesos.TaskError)
		t.Logf("%s: %s", one.name, s.Message)
		require.Equal(t, "REASON_TASK_INVALID", s.Reason, one.name)
		require.Equal(t, "SOURCE_MASTER", s.Source, one.name)
		require.NotEmpty(t, s.Message, one.name)
		require.Nil(t, s.UUID, one.name)
	}
}

// testExecutorRelabelled shows what of an ExecutorInfo may change.
func testExecutorRelabelled(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	first, _ := f.run("stay")
	f.do(mesos.Revive{})
	o := f.anyOffer()
	second := task(o, "stay")
	second.Executor = first.Executor
	second.Executor.Labels = map[string]string{"changed": "yes"}
	second.Executor.ShutdownGrace *= 2
	f.launchOne(o, second)
	require.Equal(t, first.Executor.ID, f.status(second.ID, mesos.TaskRunning).Executor)
}

func testInvalidOffers(t *testing.T, c *mesostest.Cluster) {
	f := connect(t, c)
	o := f.anyOffer()
	f.do(mesos.Decline{Offers: []mesos.OfferID{o.ID}, Refuse: time.Hour})
	task := task(o, "stay")
	f.launchOne(o, task)
	s := f.status(task.ID, mesos.TaskDropped)
	require.Equal(t, "REASON_INVALID_OFFERS", s.Reason)
	require.Equal(t, "Task launched with invalid offers: Offer "+string(o.ID)+" is no longer valid", s.Message)
}

func testTwoFrameworks(t *testing.T, c *mesostest.Cluster) {
	f, g := connect(t, c), connect(t, c)
	o := f.anyOffer()
	_, both := tryAwait(g, 500*time.Millisecond, func(mesos.Offers) bool { return true })
	require.False(t, both, "the same resources are offered twice")
	task := task(o, "stay")
	f.do(mesos.Accept{Offers: []mesos.OfferID{o.ID}, Tasks: []mesos.TaskInfo{task}, Refuse: time.Hour})
	f.status(task.ID, mesos.TaskRunning)
	require.Empty(t, g.anyOffer().Executors, "executors of another framework")
}
