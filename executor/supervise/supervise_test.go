package supervise

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// roleVariable makes the test binary play another program.
const roleVariable = "SUPERVISE_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		play(role)
		return
	}
	goleak.VerifyTestMain(m)
}

func play(role string) {
	switch role {
	case "serve": // answers 503, then 200 on $PORT, until SIGTERM
		listener, err := net.Listen("tcp4", "127.0.0.1:"+os.Getenv("PORT"))
		if err != nil {
			fmt.Println(err)
			os.Exit(3)
		}
		asked := 0
		_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if asked++; asked < 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}))
	case "parent": // starts a child by a Launcher, tells its pid, waits to be killed
		l := NewLauncher()
		p, err := l.Start(Config{Name: "child", Argv: shell("exec sleep 600"), Env: []string{MarkVariable + "=" + os.Getenv("MARK")}})
		if err != nil {
			fmt.Println(err)
			os.Exit(3)
		}
		fmt.Println(p.PID())
		<-p.Done()
	}
}

func shell(script string) []string { return []string{"/bin/sh", "-c", script} }

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return path
}

func launcher(t *testing.T) *Launcher {
	t.Helper()
	l := NewLauncher()
	t.Cleanup(l.Close)
	return l
}

func run(t *testing.T, cfg Config) *Process {
	t.Helper()
	p, err := launcher(t).Start(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Kill()) })
	return p
}

func wait(t *testing.T, what <-chan struct{}) {
	t.Helper()
	select {
	case <-what:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing happened for 30 s")
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}

func TestHowProcessesEnd(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, script, want string
		ok                 bool
	}{
		{"well", "exit 0", "ended with exit code 0", true},
		{"badly", "exit 255", "ended with exit code 255", false},
		{"by a signal", "kill -SEGV $$", "signal 11", false},
		{"by kill -9", "kill -KILL $$", "SIGKILL from outside", false},
		{"in the manner of kill -9", "exit 137", "137", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := run(t, Config{Name: "it", Argv: shell("echo out; echo err >&2; " + c.script)})
			wait(t, p.Done())
			require.Contains(t, p.Exit().String(), c.want)
			require.Equal(t, c.ok, p.Exit().OK())
			require.False(t, p.Exit().Asked)
			require.Equal(t, Ended, p.State())
			require.Equal(t, []string{"out", "err"}, p.Tail())
		})
	}
}

func TestStopIsGentleFirst(t *testing.T) {
	t.Parallel()
	p := run(t, Config{Name: "it", Argv: shell("trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.05; done")})
	require.Eventually(t, func() bool { return len(p.Tail()) > 0 }, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, p.Stop(t.Context(), 20*time.Second))
	require.Equal(t, Exit{Code: 7, Asked: true}, p.Exit())
	require.Contains(t, p.Tail(), "bye")
	require.NoError(t, p.Stop(t.Context(), time.Second), "stopping what is gone is no error")
}

func TestStopKillsTheWholeGroupWhenItMust(t *testing.T) {
	t.Parallel()
	p := run(t, Config{Name: "it", Argv: shell("trap '' TERM; sh -c 'trap \"\" TERM; echo $$; while :; do sleep 0.05; done' & wait; wait")})
	require.Eventually(t, func() bool { return len(p.Tail()) > 0 }, 10*time.Second, 5*time.Millisecond)
	grandchild, err := strconv.Atoi(p.Tail()[0])
	require.NoError(t, err)
	require.NoError(t, p.Stop(t.Context(), 50*time.Millisecond))
	require.True(t, p.Exit().Forced)
	require.Equal(t, syscall.SIGKILL, p.Exit().Signal)
	requireGone(t, grandchild)
}

func TestTheGroupEndsWithItsLeader(t *testing.T) {
	t.Parallel()
	p := run(t, Config{Name: "it", Argv: shell("sleep 600 & echo $!")})
	wait(t, p.Done())
	grandchild, err := strconv.Atoi(p.Tail()[0])
	require.NoError(t, err)
	requireGone(t, grandchild)
}

// requireGone accepts a zombie: who reaps orphans is not ours to say.
func requireGone(t *testing.T, pid int) {
	t.Helper()
	require.Eventually(t, func() bool {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err != nil || strings.Contains(string(data), ") Z ")
	}, 10*time.Second, 5*time.Millisecond)
}

func TestServingOnceItAnswers(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	p := run(t, Config{
		Name: "it", Argv: []string{self(t)}, Env: []string{roleVariable + "=serve", "PORT=" + strconv.Itoa(port)},
		Ready: HTTPReady(http.DefaultClient, "127.0.0.1", port, "/"), ProbeInterval: time.Millisecond, StartTimeout: time.Minute,
	})
	wait(t, p.Serving())
	require.Equal(t, Serving, p.State())
	require.NoError(t, TCPReady("127.0.0.1", port)(t.Context(), p.PID()))
	require.NoError(t, p.Stop(t.Context(), 10*time.Second))
	http.DefaultClient.CloseIdleConnections()
}

func TestSomebodyElsesAnswerDoesNotCount(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(other.Close)
	port := other.Listener.Addr().(*net.TCPAddr).Port
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	p := run(t, Config{
		Name: "it", Argv: shell("sleep 600"), Ready: HTTPReady(client, "127.0.0.1", port, "/"),
		ProbeInterval: time.Millisecond, StartTimeout: 300 * time.Millisecond, StopGrace: 10 * time.Second,
	})
	wait(t, p.Done())
	select {
	case <-p.Serving():
		t.Fatal("served by another process")
	default:
	}
	want := fmt.Sprintf("did not serve within 300ms: port %d is already taken by pid %d", port, os.Getpid())
	require.Contains(t, p.Exit().String(), want)
	require.False(t, p.Exit().Asked)
	require.ErrorContains(t, AnyReady(TCPReady("127.0.0.1", port))(t.Context(), p.PID()), "already taken")
}

func TestCheckPortNamesTheHolder(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	port := listener.Addr().(*net.TCPAddr).Port
	var taken *PortTaken
	require.ErrorAs(t, CheckPort(t.Context(), "", port), &taken)
	require.Contains(t, taken.Error(), fmt.Sprintf("port %d is already taken by pid %d (supervise.test)", port, os.Getpid()))
	require.NoError(t, listener.Close())
	require.NoError(t, CheckPort(t.Context(), "", port))
}

func TestShortCommandHidesOptions(t *testing.T) {
	t.Parallel()
	require.Equal(t, "java alluxio.master.AlluxioMaster", shortCommand([]string{"/x/java", "-Dsecret=1", "alluxio.master.AlluxioMaster"}))
	require.Equal(t, "nginx", shortCommand([]string{"nginx", "--password=1"}))
}

func TestLogIsBoundedRotatedAndRedacted(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "logs", "it.out")
	p := run(t, Config{
		Name: "it", Argv: shell("for i in 1 2 3 4 5 6 7 8 9; do echo line $i hush; done; printf tail"), Log: log,
		LogBytes: 30, LogFiles: 2, TailLines: 3, Redact: strings.NewReplacer("hush", "***").Replace,
	})
	wait(t, p.Done())
	require.Equal(t, []string{"line 8 ***", "line 9 ***", "tail"}, p.Tail())
	files, err := filepath.Glob(log + "*")
	require.NoError(t, err)
	require.Equal(t, []string{log, log + ".1", log + ".2"}, files)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		require.LessOrEqual(t, len(data), 30)
		require.NotContains(t, string(data), "hush")
	}
}

func TestLongLinesAreCutAndAFullDiskHarmless(t *testing.T) {
	t.Parallel()
	log, err := openRotated(filepath.Join(t.TempDir(), "x"), 1<<20, 1)
	require.NoError(t, err)
	require.NoError(t, log.file.Close()) // each write fails now
	o := &output{redact: func(s string) string { return s }, tail: newRing(2), log: log}
	n, err := o.Write([]byte(strings.Repeat("x", maxLine+5) + "\r\nnext\n"))
	require.NoError(t, err)
	require.Equal(t, maxLine+12, n)
	require.Contains(t, o.tail.all()[0], "x ... (6 bytes more)")
	require.Equal(t, "next", o.tail.all()[1])
}

func TestStartErrors(t *testing.T) {
	t.Parallel()
	l := launcher(t)
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Argv: []string{"/bin/true"}}, "without a name"},
		{Config{Name: "it"}, "empty command line"},
		{Config{Name: "it", Argv: []string{"/no/such/java"}}, "cannot start it: fork/exec /no/such/java"},
		{Config{Name: "it", Argv: []string{"/bin/true"}, Log: "/proc/no/log"}, "cannot start it: cannot make the log folder"},
	} {
		_, err := l.Start(c.cfg)
		require.ErrorContains(t, err, c.want)
	}
}

func TestTheEnvironmentIsOnlyWhatIsGiven(t *testing.T) {
	t.Parallel()
	out, err := launcher(t).Run(t.Context(), Config{Name: "env", Argv: []string{"/usr/bin/env"}, Env: []string{"A=b"}})
	require.NoError(t, err)
	require.Equal(t, []string{"A=b"}, out.Lines)
	out, err = launcher(t).Run(t.Context(), Config{Name: "env", Argv: []string{"/usr/bin/env"}})
	require.NoError(t, err)
	require.Empty(t, out.Lines)
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := launcher(t).Run(ctx, Config{Name: "it", Argv: shell("sleep 600")})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	_, err = launcher(t).Run(ctx, Config{Name: "it", Argv: shell("sleep 600")})
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// startParent plays an executor in a process of its own; it returns it and its child.
func startParent(t *testing.T, mark string) (*exec.Cmd, int) {
	t.Helper()
	parent := exec.Command(self(t))
	parent.Env = append(os.Environ(), roleVariable+"=parent", "MARK="+mark)
	stdout, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	t.Cleanup(func() { _ = parent.Process.Kill(); _ = parent.Wait() })
	var child int
	_, err = fmt.Fscanln(stdout, &child)
	require.NoError(t, err)
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	return parent, child
}

func TestChildrenDieWithTheirParent(t *testing.T) {
	t.Parallel()
	parent, child := startParent(t, "")
	require.NoError(t, syscall.Kill(child, 0))
	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()
	requireGone(t, child)
}

func TestLeftoversAreFoundByTheirMark(t *testing.T) {
	t.Parallel()
	mark := t.TempDir()
	_, child := startParent(t, mark)
	_, other := startParent(t, mark+"-other")
	pids, err := EndLeftovers(t.Context(), mark, 10*time.Second)
	require.NoError(t, err)
	require.Equal(t, []int{child}, pids)
	requireGone(t, child)
	require.NoError(t, syscall.Kill(other, 0))
	pids, err = EndLeftovers(t.Context(), mark, time.Second)
	require.NoError(t, err)
	require.Empty(t, pids)
}

func TestOutOfMemoryIsCounted(t *testing.T) {
	t.Parallel()
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	cases := map[string]struct {
		root fstest.MapFS
		want int64
	}{
		"nothing to read": {fstest.MapFS{}, 0},
		"v2":              {fstest.MapFS{"proc/self/cgroup": file("0::/mesos/a\n"), "sys/fs/cgroup/mesos/a/memory.events": file("low 0\noom 3\noom_kill 2\n")}, 2},
		"v1":              {fstest.MapFS{"proc/self/cgroup": file("5:cpu,cpuacct:/x\n4:memory:/mesos/b\n"), "sys/fs/cgroup/memory/mesos/b/memory.oom_control": file("oom_kill_disable 0\noom_kill 7\n")}, 7},
		"both":            {fstest.MapFS{"proc/self/cgroup": file("0::/\n4:memory:/b\n"), "sys/fs/cgroup/memory/b/memory.oom_control": file("oom_kill 1\n")}, 1},
	}
	for name, c := range cases {
		require.Equal(t, c.want, oomKills(c.root), name)
	}
	require.Contains(t, Exit{Code: -1, Signal: syscall.SIGKILL, OOM: true}.String(), "memory limit")
}
