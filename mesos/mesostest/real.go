package mesostest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/devcluster"
)

// real is a Mesos that test/realmesos/run.sh runs, with ports and a state folder
// of its own.
type real struct {
	script string
	dir    string
	port   int
	env    []string
	agents []devcluster.Agent
}

// startLimit bounds one start of a master or agent; setUpLimit the first build.
const (
	startLimit = 30 * time.Second
	setUpLimit = 5 * time.Minute
)

func startReal(t testing.TB, o Options) (*real, error) {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		return nil, errors.New("libmesos is to be had for x86-64 only")
	}
	script, err := findScript()
	if err != nil {
		return nil, err
	}
	ports := Ports(t, len(o.Agents)+1)
	r := &real{script: script, dir: t.TempDir(), port: int(ports.Begin), agents: o.Agents}
	r.env = append(os.Environ(), "VERSION="+o.Version, "DIR="+r.dir, fmt.Sprintf("PORT=%d", r.port))
	if o.Version == DefaultVersion {
		r.env = append(r.env, "VERSION=") // the one in the folder without a version
	}
	if o.Auth {
		r.env = append(r.env, "AUTH=1")
	}
	if o.ZooKeeper != "" {
		r.env = append(r.env, "ZK="+o.ZooKeeper)
	}
	r.env = append(append(r.env, timingEnv(o.Timing)...), o.Env...)
	if err := r.run(setUpLimit, filepath.Join(filepath.Dir(script), "setup.sh")); err != nil {
		return nil, err
	}
	// From here on it is no question of what this machine has: a failure is one.
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("cannot stop Mesos: %v", err)
		}
		if t.Failed() {
			r.showLogs(t)
		}
	})
	if err := r.start(); err != nil {
		t.Fatalf("cannot start a real Mesos %s: %v", o.Version, err)
	}
	return r, nil
}

// timingEnv tells a real Mesos what it can be told.
func timingEnv(t devcluster.Timing) []string {
	var out []string
	for _, v := range []struct {
		name string
		d    time.Duration
	}{
		{"MESOS_ALLOCATION_INTERVAL", t.Allocation},
		{"MESOS_EXECUTOR_REGISTRATION_TIMEOUT", t.Registration},
		{"MESOS_EXECUTOR_REREGISTRATION_TIMEOUT", t.Reregistration},
		{"MESOS_RECOVERY_TIMEOUT", t.Recovery},
		{"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", t.ExecutorGrace},
		{"MESOS_FETCHER_STALL_TIMEOUT", t.FetchStall},
	} {
		if v.d > 0 {
			out = append(out, fmt.Sprintf("%s=%dms", v.name, v.d.Milliseconds()))
		}
	}
	if t.AgentTimeout > 0 {
		// The shortest ping that Mesos takes is a second.
		pings := max(1, int((t.AgentTimeout+time.Second-1)/time.Second))
		out = append(out, "MESOS_AGENT_PING_TIMEOUT=1secs", fmt.Sprintf("MESOS_MAX_AGENT_PING_TIMEOUTS=%d", pings))
	}
	return out
}

// findScript looks for test/realmesos from the test's folder upwards.
func findScript() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		script := filepath.Join(dir, "test", "realmesos", "run.sh")
		if _, err := os.Stat(script); err == nil {
			return script, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no test/realmesos/run.sh above the test's folder")
		}
		dir = filepath.Dir(dir)
	}
}

func (r *real) run(limit time.Duration, program string, args ...string) error {
	return r.runWith(limit, nil, program, args...)
}

func (r *real) runWith(limit time.Duration, env []string, program string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	// Daemons inherit the output, so it goes to a file: nothing waits for its end.
	out, err := os.CreateTemp(r.dir, "out-")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(append([]string(nil), r.env...), env...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%s %s: %w: %s", filepath.Base(program), strings.Join(args, " "), err, bytes.TrimSpace(text))
	}
	return nil
}

func (r *real) start() error {
	if err := r.StartMaster(); err != nil {
		return err
	}
	for n := range r.agents {
		if err := r.StartAgent(n + 1); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	if err := awaitAgents(ctx, r.Address(), len(r.agents)); err != nil {
		return fmt.Errorf("%w\n%s", err, r.logTail("master"))
	}
	return nil
}

func (r *real) stop() error {
	err := r.run(startLimit, r.script, "stop")
	killInside(r.dir)
	return err
}

func (r *real) Address() string { return fmt.Sprintf("127.0.0.1:%d", r.port) }

func (r *real) Sandbox(framework mesos.FrameworkID, executor mesos.ExecutorID) string {
	links, _ := filepath.Glob(filepath.Join(r.dir, "agent*", "work", "agents", "0", "work", "slaves", "*",
		"frameworks", string(framework), "executors", string(executor), "runs", "latest"))
	for _, link := range links {
		if dir, err := filepath.EvalSymlinks(link); err == nil {
			return dir
		}
	}
	return ""
}

func (r *real) KillAgent(n int) error { return r.run(startLimit, r.script, "kill9", strconv.Itoa(n)) }

func (r *real) StartAgent(n int) error {
	a := r.agents[n-1]
	env := []string{"MESOS_HOSTNAME=" + a.Host, "MESOS_RESOURCES=" + formatResources(a.Resources), "MESOS_ATTRIBUTES=" + formatAttributes(a.Attributes)}
	return r.runWith(startLimit, env, r.script, "agent", strconv.Itoa(n))
}

func (r *real) KillMaster() error { return r.run(startLimit, r.script, "kill9", "master") }

func (r *real) StartMaster() error { return r.run(startLimit, r.script, "master") }

// startSecondMaster has another master contend for leadership, which wants a
// ZooKeeper, and gives its address. It ends with the cluster.
func (r *real) startSecondMaster() (string, error) {
	return fmt.Sprintf("127.0.0.1:%d", r.port+100), r.run(startLimit, r.script, "master", "2")
}

// formatResources writes resources as the agent's flag wants them. Reservations are
// static; refined ones cannot be written so.
func formatResources(in []mesos.Resource) string {
	var out []string
	for _, res := range in {
		name, value := res.Name, strconv.FormatFloat(res.Scalar, 'f', -1, 64)
		if role := res.Role(); role != "*" {
			name += "(" + role + ")"
		}
		if len(res.Ranges) > 0 {
			var spans []string
			for _, s := range res.Ranges {
				spans = append(spans, fmt.Sprintf("%d-%d", s.Begin, s.End))
			}
			value = "[" + strings.Join(spans, ",") + "]"
		}
		out = append(out, name+":"+value)
	}
	return strings.Join(out, ";")
}

func formatAttributes(in []mesos.Attribute) string {
	var out []string
	for _, a := range in {
		out = append(out, a.Name+":"+a.Value)
	}
	return strings.Join(out, ";")
}

func (r *real) logTail(name string) string {
	text, _ := os.ReadFile(filepath.Join(r.dir, name, "log"))
	if len(text) > 4000 {
		text = text[len(text)-4000:]
	}
	return fmt.Sprintf("--- end of the log of %s:\n%s", name, text)
}

func (r *real) showLogs(t testing.TB) {
	t.Log(r.logTail("master"))
	for n := range r.agents {
		t.Log(r.logTail(fmt.Sprintf("agent%d", n+1)))
	}
}
