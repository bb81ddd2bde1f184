package steps

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/executor/supervise"
)

// leftoverGrace is what a JVM of a former executor gets to end by itself.
const leftoverGrace = 5 * time.Second

// check makes sure of the node before anything is fetched: a node folder that can be
// written, no other executor of the same instance, and free ports.
func check(ctx context.Context, j *Job) error {
	if err := claim(ctx, j); err != nil {
		return err
	}
	if err := checkUser(ctx, j, strconv.Itoa(os.Geteuid())); err != nil {
		return err
	}
	version, err := alluxio.ParseVersion(j.Order.Version)
	if err != nil {
		return nil // Process looks again, with the version that was found
	}
	return checkPorts(ctx, j.Order, version)
}

// claim makes the instance's folder and locks it; then whatever else runs under its mark
// has no owner any more, and is ended.
func claim(ctx context.Context, j *Job) error {
	if j.Instance.lock != nil {
		return nil
	}
	paths := j.paths()
	if err := makeWritable(j.Order.Node, paths.Instance); err != nil {
		return err
	}
	held, err := acquire(ctx, paths.Lock)
	if err != nil {
		return fmt.Errorf("cannot take over %s: %w", j.Order.Instance, err)
	}
	j.Instance.lock = held
	clearTemp(paths)
	pids, err := supervise.EndLeftovers(ctx, paths.Instance, leftoverGrace)
	if len(pids) > 0 {
		j.Tools.Logger.Warn("ended what a former executor left running", "pids", pids)
	}
	return err
}

// clearTemp removes the temporary folders of executors before this one.
func clearTemp(paths Paths) {
	found, _ := filepath.Glob(filepath.Join(paths.Instance, tempPrefix+"*"))
	for _, dir := range found {
		if dir != paths.Temp {
			_ = os.RemoveAll(dir)
		}
	}
}

// Leave gives the instance's folder back to whoever comes next, and removes it if nothing
// that must stay is in it. Call it when nothing of the instance runs any more, the
// plugins included. One that was never claimed keeps all but this executor's own.
func Leave(j *Job) (err error) {
	paths := j.paths()
	_ = os.RemoveAll(paths.Temp)
	if j.Instance.lock != nil {
		err = j.Instance.lock.release()
		j.Instance.lock = nil
		_ = os.Remove(paths.Work) // only if empty, as all these
	}
	for _, dir := range []string{paths.Instance, filepath.Dir(paths.Instance)} {
		_ = os.Remove(dir)
	}
	return err
}

// CheckNode makes sure of the instance's folder, in which everything of it lies.
func CheckNode(o Order) error {
	return makeWritable(o.Node, PathsOf(o.Node, o.Framework, o.Instance).Instance)
}

// makeWritable makes the folder below the node folder. There is no other place to fall
// back on: a sandbox or a temporary folder would lose the journal sooner or later.
func makeWritable(node, dir string) error {
	err := os.MkdirAll(dir, 0o755)
	for range 3 { // an executor that leaves may remove the empty folder above at that moment
		if errors.Is(err, fs.ErrNotExist) {
			err = os.MkdirAll(dir, 0o755)
		}
	}
	if err == nil {
		var probe *os.File
		if probe, err = os.CreateTemp(dir, ".write-*"); err == nil {
			err = errors.Join(probe.Close(), os.Remove(probe.Name()))
		}
	}
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("cannot use the node folder %s: %w", node, err)
	}
	return permanentf("cannot use the node folder %s: %w: make it writable for the user %s on this agent, "+
		"or name another folder with alluxio.integration.mesos.node.dir", node, bare(err), userName())
}

// bare is the reason within a path error, with the path.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path
	}
	return err
}

func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return strconv.Itoa(os.Getuid())
}

// checkUser wants a name for the user: Java's login module throws without one, and Alluxio
// then comes up and answers nothing. What /etc/passwd lacks, a name service may know.
func checkUser(ctx context.Context, j *Job, uid string) error {
	if _, err := user.LookupId(uid); err == nil {
		return nil
	}
	id, err := exec.LookPath("id")
	if err != nil {
		return nil // nobody to ask; Java will tell
	}
	out, err := j.Tools.Run(ctx, supervise.Config{Name: "id", Argv: []string{id, "-un", uid}, Env: j.env(), Logger: j.Tools.Logger})
	if err != nil || out.Exit.OK() {
		return err
	}
	return permanentf("the user with the number %s has no name on this agent, and Java cannot log in without: "+
		"give it an entry in /etc/passwd, or let alluxio.integration.mesos.user name another", uid)
}

// checkPorts wants every port that the process will open to be free.
func checkPorts(ctx context.Context, o Order, version alluxio.Version) error {
	var problems []error
	for _, port := range alluxio.Ports(o.Process, version, o.Properties) {
		number, err := portNumber(o.Properties, port)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if number == 0 {
			continue // any
		}
		err = supervise.CheckPort(ctx, bindHost(o.Properties, port), number)
		if err != nil {
			problems = append(problems, fmt.Errorf("%w: end that process, or set %s to a free port "+
				"(or alluxio.integration.mesos.port.source=offer)", err, port.Property))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("cannot start %s: %w", o.Process, err)
	}
	return nil
}

func portNumber(p alluxio.Properties, port alluxio.Port) (int, error) {
	text, set, err := p.Resolve(port.Property)
	if err != nil {
		return 0, permanent(err)
	}
	if !set {
		return port.Default, nil
	}
	number, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || number < 0 || number > 65535 {
		return 0, permanentf("%s=%s is not a port", port.Property, text)
	}
	return number, nil
}

// bindHost is the address at which a port is opened: alluxio.master.rpc.port goes with
// alluxio.master.bind.host, alluxio.master.web.port with alluxio.master.web.bind.host.
func bindHost(p alluxio.Properties, port alluxio.Port) string {
	name := strings.TrimSuffix(port.Property, ".port")
	if port.Name == "rpc" {
		name = strings.TrimSuffix(name, ".rpc")
	}
	host, set, err := p.Resolve(name + ".bind.host")
	if err != nil || !set || host == "0.0.0.0" {
		return ""
	}
	return host
}
