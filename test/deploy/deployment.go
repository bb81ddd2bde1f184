package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
)

// Prefix of the properties of the framework.
const Prefix = "alluxio.integration.mesos."

const pollInterval = 100 * time.Millisecond

// quickStart halves what the start of a JVM costs.
const quickStart = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"

// Deployment is one deployment under test.
type Deployment struct {
	Name  string
	Mesos string // the master's address
	// Home is the operator's home folder, Dir what belongs to the deployment on the agents.
	Home, Dir string
	// Site is written to the site file before each command.
	Site map[string]string

	t testing.TB
}

// New describes a deployment with small JVMs, out of the built tarball and the Java of
// this machine; sites override that, and an empty value takes a property out.
func New(t testing.TB, mesos string, sites ...map[string]string) *Deployment {
	t.Helper()
	dir := tempDir(t)
	d := &Deployment{Name: strings.ToLower(filepath.Base(dir)), Mesos: mesos, Home: filepath.Join(dir, "home"), Dir: dir, t: t}
	d.Site = map[string]string{
		Prefix + "framework.name":       d.Name,
		Prefix + "alluxio.jar.url":      Tarball(t),
		Prefix + "alluxio.jar.checksum": Checksum(t),
		Prefix + "jdk.url":              "LOCAL",
		Prefix + "port.source":          "offer",
		Prefix + "ufs.shared":           "true",
		Prefix + "node.dir":             filepath.Join(dir, "node"),
		Prefix + "cache.dir":            SharedCache(t),
		Prefix + "ramdisk.dir":          filepath.Join(dir, "ram"),
		Prefix + "artifact.host":        "127.0.0.1",
		Prefix + "artifact.bind":        "127.0.0.1",
		"alluxio.worker.ramdisk.size":   "128MB",
		Prefix + "master.java.opts":     quickStart,
		Prefix + "worker.java.opts":     quickStart,
		// How long a new master waits for workers before it serves.
		"alluxio.master.worker.connect.wait.time": "1sec",
	}
	for _, site := range sites {
		maps.Copy(d.Site, site)
	}
	for key, value := range d.Site {
		if value == "" {
			delete(d.Site, key)
		}
	}
	require.NoError(t, os.MkdirAll(d.Home, 0o755))
	t.Cleanup(func() { d.end() })
	return d
}

// Result of a command.
type Result struct {
	Code           int
	Stdout, Stderr string
}

func (r Result) String() string {
	return fmt.Sprintf("exit code %d\n--- stdout\n%s--- stderr\n%s", r.Code, r.Stdout, r.Stderr)
}

// Run runs a verb of alluxio-mesos ("status", "plugins list") with the deployment's site file and waits for its end.
func (d *Deployment) Run(verb string, args ...string) Result {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := d.Command(ctx, verb, args...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		require.NoError(d.t, err)
	}
	return Result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// Command is alluxio-mesos with the deployment's site file, not started.
func (d *Deployment) Command(ctx context.Context, verb string, args ...string) *exec.Cmd {
	d.t.Helper()
	file := filepath.Join(d.Home, "alluxio-site.properties")
	require.NoError(d.t, os.WriteFile(file, alluxio.FromMap(d.Site).Bytes(), 0o600))
	cmd := exec.CommandContext(ctx, Binary(d.t), append(append(strings.Fields(verb), "--conf", file), args...)...)
	cmd.Env = append(os.Environ(), "HOME="+d.Home)
	// The files of the deployment may lie on a slow disk: give output time after a kill.
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// Start runs "alluxio-mesos start", which must succeed.
func (d *Deployment) Start(args ...string) {
	d.t.Helper()
	r := d.Run("start", append([]string{d.Mesos}, args...)...)
	require.Zero(d.t, r.Code, "start: %s\n%s", r, d.Log())
}

// Status asks for the status, also of a dead scheduler (running is false then).
func (d *Deployment) Status() (s client.Status, running bool) {
	d.t.Helper()
	r := d.Run("status", "-o", "json")
	require.Contains(d.t, []int{0, 3, 4}, r.Code, "status: %s\n%s", r, d.Log())
	require.NoError(d.t, json.Unmarshal([]byte(r.Stdout), &s), r)
	return s, r.Code != 3
}

// Serving waits until n instances are there and all of them serve.
func (d *Deployment) Serving(n int, limit time.Duration) client.Status {
	d.t.Helper()
	return d.Until(limit, fmt.Sprintf("%d instances serve", n), func(s client.Status) bool {
		return len(Serving(s)) == n
	})
}

// Until waits for a status.
func (d *Deployment) Until(limit time.Duration, what string, is func(client.Status) bool) client.Status {
	d.t.Helper()
	deadline := time.Now().Add(limit)
	for {
		s, _ := d.Status()
		if is(s) {
			return s
		}
		if time.Now().After(deadline) {
			r := d.Run("status")
			require.FailNow(d.t, "not in time", "%s: not within %v\n%s\n%s", what, limit, r, d.Log())
		}
		pause()
	}
}

// pause between two looks at something that does not tell when it changes.
func pause() { <-time.After(pollInterval) }

// Serving gives the ids of the tasks that serve, by "instance process".
func Serving(s client.Status) map[string]string {
	ids := map[string]string{}
	for _, instance := range s.Instances {
		for _, task := range instance.Tasks {
			if task.Serving {
				ids[instance.Name+" "+task.Process] = task.ID
			}
		}
	}
	return ids
}

// Stop runs "alluxio-mesos stop", which must succeed.
func (d *Deployment) Stop() {
	d.t.Helper()
	r := d.Run("stop")
	require.Zero(d.t, r.Code, "stop: %s\n%s", r, d.Log())
}

// Log is the end of the scheduler's log.
func (d *Deployment) Log() string {
	text, _ := os.ReadFile(d.LogFile())
	lines := strings.Split(string(text), "\n")
	return "--- framework.out\n" + strings.Join(lines[max(0, len(lines)-60):], "\n")
}

// LogFile is the scheduler's log.
func (d *Deployment) LogFile() string {
	return filepath.Join(d.Home, ".alluxio-mesos", d.Name, "logs", "framework.out")
}

// end leaves nothing behind, and lets a test fail that left something.
func (d *Deployment) end() {
	if d.t.Failed() {
		d.keep()
	}
	if _, err := os.Stat(filepath.Join(d.Home, ".alluxio-mesos", d.Name)); err == nil && len(d.Processes()) > 0 {
		d.Run("stop", "--timeout", "1m")
	}
	left := d.Leftovers()
	d.sweep()
	if !d.t.Failed() {
		require.Empty(d.t, left, "something is left running or mounted after the test")
	}
}

// keep copies what explains a failure out of the folders that go with the test.
func (d *Deployment) keep() {
	folder := os.Getenv("KEEP_LOGS")
	if folder == "" {
		return
	}
	target := filepath.Join(folder, d.Name)
	if err := os.CopyFS(target, os.DirFS(d.Home)); err != nil {
		d.t.Logf("cannot keep the logs in %s: %v", target, err)
	}
}

// Instances gives the names of the instances, sorted.
func Instances(s client.Status) []string {
	var names []string
	for _, instance := range s.Instances {
		names = append(names, instance.Name)
	}
	slices.Sort(names)
	return names
}
