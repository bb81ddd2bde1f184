package devcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	wire "github.com/mesos/mesos-go/api/v1/lib"
)

// The PATH that an executor gets; nothing of the agent's own environment is passed on.
const executorPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func sandboxPath(agentDir, agent, framework, executor, run string) string {
	return filepath.Join(agentDir, "work", "slaves", agent, "frameworks", framework, "executors", executor, "runs", run)
}

// launchPlan is all that is needed to launch an executor, taken while the lock was
// held.
type launchPlan struct {
	dir  string
	user string
	argv []string
	env  []string
	uris []wire.CommandInfo_URI
}

func (r *executorRun) plan() launchPlan {
	command := r.info.Command
	p := launchPlan{dir: r.dir, user: command.GetUser(), uris: command.URIs, env: r.environment(), argv: command.Arguments}
	if p.user == "" {
		p.user = r.framework.info.User
	}
	if command.Shell == nil || *command.Shell {
		p.argv = []string{"/bin/sh", "-c", command.GetValue()}
	} else if len(p.argv) == 0 {
		p.argv = []string{command.GetValue()}
	} else {
		p.argv = append([]string{command.GetValue()}, p.argv[1:]...)
	}
	return p
}

// environment is what a real agent gives, and the command's own variables.
func (r *executorRun) environment() []string {
	a, t := r.agent, r.agent.c.config.Timing
	env := map[string]string{
		"MESOS_FRAMEWORK_ID": r.key.framework, "MESOS_EXECUTOR_ID": r.id,
		"MESOS_SLAVE_ID": a.id, "MESOS_SLAVE_PID": a.pid(), "MESOS_AGENT_ENDPOINT": a.endpoint(),
		"MESOS_DIRECTORY": r.dir, "MESOS_SANDBOX": r.dir, "MESOS_CHECKPOINT": "0", "MESOS_HTTP_COMMAND_EXECUTOR": "0",
		"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": mesosDuration(r.grace()),
		"LIBPROCESS_PORT":                      "0", "LIBPROCESS_IP": "127.0.0.1", "PATH": executorPath,
	}
	if r.framework.info.GetCheckpoint() {
		env["MESOS_CHECKPOINT"] = "1"
		env["MESOS_RECOVERY_TIMEOUT"] = mesosDuration(t.Recovery)
		env["MESOS_SUBSCRIPTION_BACKOFF_MAX"] = mesosDuration(2 * time.Second)
	}
	for _, v := range r.info.Command.GetEnvironment().GetVariables() {
		env[v.Name] = v.GetValue()
	}
	out := make([]string, 0, len(env))
	for name, value := range env {
		out = append(out, name+"="+value)
	}
	return out
}

// mesosDuration prints as stout does: in the largest unit that divides it.
func mesosDuration(d time.Duration) string {
	for _, unit := range []struct {
		d    time.Duration
		name string
	}{{7 * 24 * time.Hour, "weeks"}, {24 * time.Hour, "days"}, {time.Hour, "hrs"}, {time.Minute, "mins"}, {time.Second, "secs"}, {time.Millisecond, "ms"}} {
		if d >= unit.d && d%unit.d == 0 {
			return strconv.FormatInt(int64(d/unit.d), 10) + unit.name
		}
	}
	return strconv.FormatInt(d.Nanoseconds(), 10) + "ns"
}

// prepareAndStart makes the sandbox, fetches into it, and starts the executor.
func prepareAndStart(ctx context.Context, s *spawner, cache *fetchCache, plan launchPlan) (*process, error) {
	owner, err := credential(plan.user)
	if err != nil {
		return nil, err
	}
	if err := makeSandbox(plan.dir, owner); err != nil {
		return nil, fmt.Errorf("cannot make sandbox: %w", err)
	}
	var logs [2]*os.File
	for i, name := range []string{"stdout", "stderr"} {
		if logs[i], err = openLog(filepath.Join(plan.dir, name), owner); err != nil {
			return nil, fmt.Errorf("cannot make sandbox: %w", err)
		}
		defer logs[i].Close()
	}
	for _, uri := range plan.uris {
		if err := cache.fetch(ctx, uri, plan.dir, owner); err != nil {
			fmt.Fprintf(logs[1], "Failed to fetch '%s': %v\n", uri.Value, err)
			return nil, fmt.Errorf("cannot fetch %s: %w", uri.Value, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	plan.argv[0] = findProgram(plan.argv[0], plan.dir, plan.env)
	p, err := s.start(plan.argv, plan.dir, plan.env, logs, owner)
	if err != nil {
		fmt.Fprintf(logs[1], "Failed to execute '%s': %v\n", plan.argv[0], err)
		return nil, errNotExecuted
	}
	return p, nil
}

// errNotExecuted says that all was prepared, but the program cannot be run. To Mesos
// that is a container which started and exited with 1.
var errNotExecuted = errors.New("cannot execute the command")

// makeSandbox makes the folder, and the link "latest" beside it.
func makeSandbox(dir string, owner *syscall.Credential) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o750); err != nil {
		return err
	}
	if owner != nil {
		if err := os.Chown(dir, int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	latest := filepath.Join(filepath.Dir(dir), "latest")
	if err := os.Remove(latest); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.Symlink(dir, latest)
}

func openLog(path string, owner *syscall.Credential) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err == nil && owner != nil {
		err = f.Chown(int(owner.Uid), int(owner.Gid))
	}
	return f, err
}

// credential to run as a user; nil where this process is that user already.
func credential(name string) (*syscall.Credential, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("cannot run as user %q: %w", name, err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil || uid == os.Geteuid() {
		return nil, err
	}
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("cannot run as user %q: this embedded Mesos does not run as root", name)
	}
	gid, err := strconv.Atoi(u.Gid)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

// findProgram looks for a name without slash in the sandbox, then in PATH.
func findProgram(name, dir string, env []string) string {
	if strings.Contains(name, "/") {
		return name
	}
	dirs := []string{dir}
	for _, v := range env {
		if path, ok := strings.CutPrefix(v, "PATH="); ok {
			dirs = append(dirs, filepath.SplitList(path)...)
		}
	}
	for _, d := range dirs {
		path := filepath.Join(d, name)
		if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			return path
		}
	}
	return name
}
