package executor

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/executor/internal/standin"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

func TestFromLaunchToShutdown(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.launch("t1", k.master(nil))
	s, r := k.agent.state(t, "t1", mesos.TaskRunning)
	require.Equal(t, "serving: Alluxio 2.9.6 on Java 17.0.15", s.Message)
	require.True(t, *s.Healthy)
	require.Equal(t, launchv1.Report_SERVING, r.GetPhase())
	require.True(t, r.GetJournalFormatted())
	require.True(t, r.GetRamdiskMounted())
	require.Equal(t, "2.9.6", r.GetAlluxioVersion())
	require.Equal(t, map[string]string{"fetcher-local": "abc"}, r.GetPlugins())
	require.NoError(t, syscall.Kill(int(r.GetPid()), 0))

	k.tell(mesos.ExecutorShutdown{Grace: 30 * time.Second})
	require.NoError(t, k.end())
	s, r = k.agent.last(t, "t1")
	require.Equal(t, mesos.TaskKilled, s.State)
	require.False(t, r.GetRamdiskMounted(), "the status comes after the unmount")
	require.Empty(t, k.host.Disk.Mounted())
	require.True(t, k.host.Closed)
	require.NoDirExists(t, filepath.Join(k.node, "alluxio", "master-0", "conf"))
	require.Equal(t, []mesos.TaskState{mesos.TaskStarting, mesos.TaskRunning, mesos.TaskKilling, mesos.TaskKilled}, k.agent.states("t1"))
	require.NotContains(t, k.everything(), "hush-hush")
}

// everything is all that left the executor: statuses and the sandbox.
func (k *kit) everything() string {
	k.t.Helper()
	var text strings.Builder
	all, _ := k.agent.all()
	for _, s := range all {
		text.WriteString(s.Message + string(s.Data))
	}
	require.NoError(k.t, filepath.WalkDir(k.sandbox, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		text.Write(data)
		return err
	}))
	return text.String()
}

func TestAnEmbeddedJournalIsReportedOnceItServes(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.launch("t1", k.master(func(m *launchv1.Launch) {
		m.Properties["alluxio.master.journal.type"] = "EMBEDDED"
		m.Properties["alluxio.master.embedded.journal.port"] = k.ports[2]
	}))
	_, r := k.agent.state(t, "t1", mesos.TaskStarting)
	require.False(t, r.GetJournalFormatted())
	_, r = k.agent.state(t, "t1", mesos.TaskRunning)
	require.True(t, r.GetJournalFormatted())
}

// An agent that was restarted hears of its executors again, at any moment of a task's life.
func TestSubscribingAgainDisturbsNoTask(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.launch("t1", k.master(nil))
	for !slices.Contains(k.agent.states("t1"), mesos.TaskRunning) {
		k.tell(mesos.ExecutorSubscribed{Framework: "f", Executor: "e", Agent: "a", Host: "h", TaskKilling: true})
	}
	k.tell(mesos.ExecutorShutdown{Grace: 30 * time.Second})
	require.NoError(t, k.end())
}

func TestADeadProcessIsToldAndReplacedInPlace(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.launch("t1", k.master(func(m *launchv1.Launch) { m.Folders.CacheBytes = 4711 }))
	_, r := k.agent.state(t, "t1", mesos.TaskRunning)
	require.NoError(t, syscall.Kill(int(r.GetPid()), syscall.SIGKILL))
	s, r := k.agent.state(t, "t1", mesos.TaskFailed)
	require.Regexp(t, `^the master was killed by SIGKILL from outside \([^)]*\)$`, s.Message, "and not what it happened to write last")
	require.False(t, r.GetPermanent())
	require.True(t, r.GetRamdiskMounted(), "the blocks stay")
	require.Contains(t, strings.Join(r.GetLogTail(), "\n"), "alluxio.master.AlluxioMaster starts")

	k.launch("t2", k.master(func(m *launchv1.Launch) { m.Journal.Expected = true }))
	k.agent.state(t, "t2", mesos.TaskRunning)
	require.Equal(t, 2, k.host.Fetches())
	require.Len(t, k.made, 1, "one host for all tasks")
	require.True(t, strings.HasPrefix(k.made[0].TempDir, k.node))
	require.Equal(t, filepath.Join(k.node, "cache"), k.made[0].CacheDir)
	require.Equal(t, int64(4711), k.made[0].CacheBytes)
	require.Equal(t, filepath.Join(k.node, "cache-"+strconv.Itoa(os.Geteuid())), k.made[0].PrivateCacheDir)
}

func TestWhyAProcessEndedIsToldWithoutSecrets(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.launch("t1", k.master(behave(standin.Crash)))
	s, r := k.agent.state(t, "t1", mesos.TaskFailed)
	require.Contains(t, s.Message, "the master ended with exit code 255: ERROR AlluxioMaster - cannot go on")
	require.Len(t, r.GetLogTail(), 3)
	require.Equal(t, launchv1.Report_ENDED, r.GetPhase())
	require.Contains(t, k.everything(), "fs.s3a.secret.key:***")
	require.NotContains(t, k.everything(), "hush-hush")
}

func TestAProcessThatNeverServesIsEnded(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.launch("t1", k.master(func(m *launchv1.Launch) {
		behave(standin.Deaf)(m)
		m.StartTimeoutMillis = 700
	}))
	s, _ := k.agent.state(t, "t1", mesos.TaskFailed)
	require.Contains(t, s.Message, "the master did not serve within 700ms: no answer on port "+k.ports[1])
	require.NotContains(t, k.agent.states("t1"), mesos.TaskRunning)
}

func TestKill(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		task, event time.Duration
		behaviour   string
		want        string
	}{
		"gently":                     {30 * time.Second, 0, "", "stopped as asked"},
		"the event's grace wins":     {time.Hour, 100 * time.Millisecond, standin.Stubborn, "SIGTERM had no effect within 100ms"},
		"the task's grace otherwise": {100 * time.Millisecond, 0, standin.Stubborn, "SIGTERM had no effect within 100ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			m := k.master(behave(c.behaviour))
			k.launchWithGrace("t1", m, c.task)
			k.agent.state(t, "t1", mesos.TaskRunning)
			k.tell(mesos.KillTask{Task: "t1", Grace: c.event})
			s, _ := k.agent.last(t, "t1")
			require.Equal(t, mesos.TaskKilled, s.State)
			require.Contains(t, s.Message, c.want)
			require.Contains(t, k.agent.states("t1"), mesos.TaskKilling)
			require.Len(t, k.host.Disk.Mounted(), 1, "a kill keeps the ramdisk")
			k.tell(mesos.KillTask{Task: "t1"}) // too late, and harmless
		})
	}
}

func (k *kit) launchWithGrace(id mesos.TaskID, m *launchv1.Launch, grace time.Duration) {
	k.t.Helper()
	k.tell(mesos.LaunchTask{Task: mesos.TaskInfo{ID: id, Data: marshal(k.t, m), KillGrace: grace}})
}

func TestASecondKillMayBeLessPatient(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.launch("t1", k.master(behave(standin.Stubborn)))
	k.agent.state(t, "t1", mesos.TaskRunning)
	k.tell(mesos.KillTask{Task: "t1", Grace: time.Hour})
	k.tell(mesos.KillTask{Task: "t1", Grace: time.Millisecond})
	k.agent.await(t, "t1", func(s mesos.Status) bool { return s.State == mesos.TaskKilled })
}

func TestKillWhileFetching(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.host.ArtifactFunc = func(ctx context.Context, w host.Want, progress func(host.Progress)) (host.Artifact, error) {
		progress(host.Progress{Bytes: 120 << 20, Total: 200 << 20, Phase: host.PhaseFetching})
		<-ctx.Done()
		return host.Artifact{}, ctx.Err()
	}
	k.launch("t1", k.master(nil))
	s := k.agent.await(t, "t1", func(s mesos.Status) bool {
		return strings.Contains(s.Message, "fetching alluxio 60% (120 of 200 MB), jdk 60% (120 of 200 MB)")
	})
	require.Equal(t, mesos.TaskStarting, s.State)
	require.Equal(t, int64(120<<20), report(t, s).GetTransfers()[1].GetBytes())
	k.tell(mesos.KillTask{Task: "t1"})
	s, _ = k.agent.last(t, "t1")
	require.Equal(t, mesos.TaskKilled, s.State)
	require.Equal(t, "stopped as asked, before it was started", s.Message)
}

func TestShutdownWhileFetching(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.host.ArtifactFunc = func(ctx context.Context, _ host.Want, _ func(host.Progress)) (host.Artifact, error) {
		<-ctx.Done()
		return host.Artifact{}, ctx.Err()
	}
	k.launch("t1", k.master(nil))
	k.agent.state(t, "t1", mesos.TaskStarting)
	k.tell(mesos.ExecutorShutdown{})
	require.NoError(t, k.end())
	s, _ := k.agent.last(t, "t1")
	require.Equal(t, mesos.TaskKilled, s.State)
}

func TestShutdownWithoutATask(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.tell(mesos.ExecutorShutdown{Grace: time.Second})
	require.NoError(t, k.end())
}

func TestAStubbornProcessDoesNotOutliveTheGrace(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.launch("t1", k.master(behave(standin.Stubborn)))
	_, r := k.agent.state(t, "t1", mesos.TaskRunning)
	began := time.Now()
	k.tell(mesos.ExecutorShutdown{Grace: 2 * time.Second})
	require.NoError(t, k.end())
	require.Less(t, time.Since(began), 2*time.Second)
	require.ErrorIs(t, syscall.Kill(int(r.GetPid()), 0), syscall.ESRCH)
	require.Empty(t, k.host.Disk.Mounted())
}

func TestARamdiskThatCannotBeUnmountedIsTold(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.launch("t1", k.master(nil))
	k.agent.state(t, "t1", mesos.TaskRunning)
	k.host.Disk.Err = errors.New("target is busy")
	k.tell(mesos.ExecutorShutdown{Grace: 10 * time.Second})
	require.ErrorContains(t, k.end(), "target is busy")
	s, r := k.agent.last(t, "t1")
	require.Contains(t, s.Message, "cannot unmount the ramdisk")
	require.True(t, r.GetRamdiskMounted())
}

func TestOrphaned(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.launch("t1", k.master(nil))
	_, r := k.agent.state(t, "t1", mesos.TaskRunning)
	k.tell(mesos.ExecutorOrphaned{Err: errors.New("15m0s without the agent")})
	require.ErrorIs(t, k.end(), ErrOrphaned)
	require.ErrorIs(t, syscall.Kill(int(r.GetPid()), 0), syscall.ESRCH)
	require.Len(t, k.host.Disk.Mounted(), 1, "the next executor finds the blocks")
	require.True(t, k.host.Closed)
}

func TestASignalEndsTheProcessesButKeepsTheRamdisk(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.launch("t1", k.master(nil))
	k.agent.state(t, "t1", mesos.TaskRunning)
	k.cancel()
	require.ErrorContains(t, k.end(), "told to end")
	s, _ := k.agent.last(t, "t1")
	require.Equal(t, mesos.TaskFailed, s.State)
	require.Len(t, k.host.Disk.Mounted(), 1)
}

func TestTheConversationEnds(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	close(k.agent.events)
	require.ErrorContains(t, k.end(), "the conversation with the Mesos agent ended")
}

func TestWhatCannotBeAccepted(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*launchv1.Launch)
		want   string
	}{
		"newer contract":  {func(m *launchv1.Launch) { m.Contract = 2 }, "speaks version 2 of the launch message, this executor version 1: restart the scheduler"},
		"no node folder":  {func(m *launchv1.Launch) { m.Folders = nil }, "names no node folder"},
		"unknown process": {func(m *launchv1.Launch) { m.Process = "fuse" }, `the process "fuse" is not known`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			k.launch("t1", k.master(c.change))
			s, r := k.agent.state(t, "t1", mesos.TaskFailed)
			require.Contains(t, s.Message, c.want)
			require.True(t, r.GetPermanent())
		})
	}
	k := newKit(t)
	k.tell(mesos.LaunchTask{Task: mesos.TaskInfo{ID: "junk", Data: []byte("junk")}})
	s, _ := k.agent.state(t, "junk", mesos.TaskFailed)
	require.Contains(t, s.Message, "cannot read the task's launch message")
}

// The plugin host keeps its cache in the node folder, and is made first: its error would not name the folder's key.
func TestANodeFolderThatCannotBeIsToldByItsName(t *testing.T) {
	t.Parallel()
	k := startKit(t, &kit{}, func(c host.Config) (Host, error) { return host.New(c) })
	k.launch("t1", k.master(func(m *launchv1.Launch) { m.Folders = &launchv1.Folders{Node: "/proc/x", Cache: "/proc/x/cache"} }))
	s, r := k.agent.state(t, "t1", mesos.TaskFailed)
	require.Contains(t, s.Message, "cannot use the node folder /proc/x")
	require.Contains(t, s.Message, "alluxio.integration.mesos.node.dir")
	require.True(t, r.GetPermanent())

	k.launch("t2", k.master(func(m *launchv1.Launch) { m.Folders.Cache = "/proc/x/cache" }))
	s, _ = k.agent.state(t, "t2", mesos.TaskFailed)
	require.Contains(t, s.Message, "or let alluxio.integration.mesos.cache.dir name another folder")
}

func TestOneInstanceOnly(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.launch("t1", k.master(nil))
	k.agent.state(t, "t1", mesos.TaskRunning)
	k.launch("t2", k.master(func(m *launchv1.Launch) { m.Instance = "master-1" }))
	s, _ := k.agent.state(t, "t2", mesos.TaskFailed)
	require.Contains(t, s.Message, "this executor runs master-0 of alluxio and cannot run master-1")
	k.launch("t3", k.master(func(m *launchv1.Launch) { m.Process = "sweep" }))
	s, _ = k.agent.state(t, "t3", mesos.TaskFailed)
	require.Contains(t, s.Message, "still runs here and cannot be swept")
	k.launch("t1", k.master(nil)) // a second delivery changes nothing
	require.Equal(t, mesos.TaskRunning, k.agent.states("t1")[len(k.agent.states("t1"))-1])
}

func TestAPortInUse(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	listener, err := net.Listen("tcp4", ":"+k.ports[0])
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	k.launch("t1", k.master(nil))
	s, r := k.agent.state(t, "t1", mesos.TaskFailed)
	require.Contains(t, s.Message, "port "+k.ports[0]+" is already taken by pid ")
	require.Equal(t, "check", r.GetStep())
	require.False(t, r.GetPermanent())
}

func TestAFailedStepIsNamedWithItsKind(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.host.ArtifactFunc = func(context.Context, host.Want, func(host.Progress)) (host.Artifact, error) {
		return host.Artifact{}, plugins.AsPermanent(errors.New("digest mismatch (key hush-hush)"))
	}
	k.launch("t1", k.master(nil))
	s, r := k.agent.state(t, "t1", mesos.TaskFailed)
	require.Equal(t, "fetch", r.GetStep())
	require.True(t, r.GetPermanent())
	require.Contains(t, s.Message, "digest mismatch (key ***)")
}

func TestSweepFinishesAndTheExecutorGoes(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.launch("t1", k.master(func(m *launchv1.Launch) { m.Process = "sweep" }))
	require.NoError(t, k.end())
	s, _ := k.agent.last(t, "t1")
	require.Equal(t, mesos.TaskFinished, s.State)
	require.True(t, k.host.Closed)
	require.NoDirExists(t, filepath.Join(k.node, "alluxio"))
}

func TestProgressWaitsForAcknowledgements(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	acknowledged, flushed := make(chan struct{}), make(chan struct{}, 100)
	k.agent.flush = func(ctx context.Context) error {
		flushed <- struct{}{}
		select {
		case <-acknowledged:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	told := make(chan struct{})
	k.host.ArtifactFunc = func(ctx context.Context, w host.Want, progress func(host.Progress)) (host.Artifact, error) {
		if w.Artifact == "alluxio" {
			<-flushed
			for i := range 1000 {
				progress(host.Progress{Bytes: int64(i), Phase: host.PhaseFetching})
			}
			close(told)
		}
		<-ctx.Done()
		return host.Artifact{}, ctx.Err()
	}
	k.launch("t1", k.master(nil))
	<-told
	all, _ := k.agent.all()
	require.Len(t, all, 1, "nothing piles up while the agent is away")
	close(acknowledged)
	k.agent.await(t, "t1", func(s mesos.Status) bool { return strings.Contains(s.Message, "fetching") })
}

func TestNoticesArePassedOn(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.host.Disk.Notice = "mounting is not allowed here: a folder of /dev/shm stands in"
	k.launch("t1", k.master(nil))
	_, r := k.agent.state(t, "t1", mesos.TaskRunning)
	require.Equal(t, []string{k.host.Disk.Notice}, r.GetNotices())
}

func TestTwoProcessesOfAnInstanceShareThePreparation(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.launch("t1", k.master(nil))
	k.launch("t2", k.master(func(m *launchv1.Launch) {
		m.Process, m.Journal = "job-master", nil
	}))
	k.agent.state(t, "t1", mesos.TaskRunning)
	k.agent.state(t, "t2", mesos.TaskRunning)
	k.tell(mesos.ExecutorShutdown{Grace: 20 * time.Second})
	require.NoError(t, k.end())
	require.Equal(t, 2, k.host.Fetches())
}

func TestMinimalEnv(t *testing.T) {
	t.Parallel()
	env := MinimalEnv(func(name string) string {
		return map[string]string{"HOME": "/h", "LIBPROCESS_IP": "x", "MESOS_EXECUTOR_AUTHENTICATION_TOKEN": "y"}[name]
	})
	text := strings.Join(env, "\n")
	require.Contains(t, text, "HOME=/h")
	require.Contains(t, text, "PATH=/usr/local/sbin:")
	require.NotContains(t, text, "MESOS")
	require.Len(t, env, 4)
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, Run(t.Context(), Config{}), "needs Mesos and a plugin host")
	require.ErrorContains(t, Run(t.Context(), Config{
		Mesos: newAgent(), NewHost: func(host.Config) (Host, error) { return nil, nil },
	}), "no sandbox")
}
