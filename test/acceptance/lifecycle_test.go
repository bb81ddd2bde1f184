package acceptance

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
	"github.com/alluxio-mesos/alluxio-mesos/test/deploy"
)

// The life of a deployment on a real Mesos 1.11 with three agents.
func TestLifeOnARealMesos(t *testing.T) {
	t.Parallel()
	c := mesostest.Real(t, mesostest.Options{Agents: agents(t, 3)})
	d := deploy.New(t, c.Address(), map[string]string{"alluxio.worker.ramdisk.size": "256MB", "s3a.secretKey": secret})
	d.Start()
	s := d.Serving(4, startLimit)
	require.Equal(t, []string{"master-0", "worker-0", "worker-1", "worker-2"}, deploy.Instances(s))
	require.Len(t, hosts(s)[1:], 3, "one worker on each agent")
	written := d.Write("/file", nil)
	require.Equal(t, written, d.Read("/file"))
	first := deploy.Serving(s)
	requireSecretKept(t, d)

	failOver(t, d)
	d.Start()
	require.Equal(t, first, deploy.Serving(d.Serving(4, startLimit)), "a new scheduler takes over the same tasks")

	d.Stop()
	require.Empty(t, d.Leftovers())
	require.Empty(t, activeFrameworks(t, c.Address()))
	requireOnlyWorkFolders(t, d)

	d.Start()
	require.Equal(t, hosts(s), hosts(d.Serving(4, startLimit)), "instances come back to their agents")
	require.Equal(t, written, d.Read("/file"), "the old namespace is served")
	d.Stop()
}

// secret is a value that nobody may see but Alluxio.
const secret = "a-secret-that-is-nowhere-else"

func requireSecretKept(t *testing.T, d *deploy.Deployment) {
	t.Helper()
	requireKept(t, d, secret)
}

// requireKept looks where everybody on an agent, or in Mesos' pages, can look.
func requireKept(t *testing.T, d *deploy.Deployment, secret string) {
	t.Helper()
	for _, p := range d.Processes() {
		require.NotContains(t, strings.Join(p.Args, " "), secret)
		environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.PID))
		require.NoError(t, err)
		require.NotContains(t, string(environment), secret, p.Args)
	}
	require.NotContains(t, d.Run("status", "-o", "json").Stdout, secret)
	log, err := os.ReadFile(d.LogFile())
	require.NoError(t, err)
	require.NotContains(t, string(log), secret)
	for _, executor := range d.Executors() {
		// The executor's working folder is its sandbox.
		requireNotBelow(t, fmt.Sprintf("/proc/%d/cwd/", executor.PID), secret)
	}
}

func requireNotBelow(t *testing.T, dir, text string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		require.NotContains(t, string(content), text, path)
		return err
	}))
}

// Older releases of Mesos, from start to serving.
func TestStartOnOlderMesos(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.4.3", "1.8.1"} {
		t.Run(version, func(t *testing.T) {
			c := mesostest.Real(t, mesostest.Options{Version: version, Agents: agents(t, 1)})
			d := deploy.New(t, c.Address())
			d.Start()
			d.Serving(2, startLimit)
			d.Stop()
			require.Empty(t, activeFrameworks(t, c.Address()))
		})
	}
}

// failOver ends the scheduler as systemd would: its tasks run on, and status says that it
// is dead and what it knew.
func failOver(t *testing.T, d *deploy.Deployment) {
	t.Helper()
	scheduler := d.Scheduler()
	end, cancel := deadline(t, 20*time.Second)
	defer cancel()
	require.NoError(t, scheduler.End(end, unix.SIGTERM))
	r := d.Run("status")
	require.Equal(t, 3, r.Code, r)
	require.Contains(t, r.Stderr, "no scheduler is running")
	require.Contains(t, r.Stdout, "master-0", "the last known state")
	require.NotEmpty(t, d.Java("master"), "tasks run on")
}

// hosts of the instances, in their order.
func hosts(s client.Status) []string {
	var all []string
	for _, instance := range s.Instances {
		all = append(all, instance.Name+" "+instance.Host)
	}
	return all
}

// requireOnlyWorkFolders checks what is left of a stopped deployment on the agents.
func requireOnlyWorkFolders(t *testing.T, d *deploy.Deployment) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(d.Site[deploy.Prefix+"node.dir"], d.Name))
	require.NoError(t, err)
	for _, entry := range entries {
		require.Regexp(t, `^(underFSStorage|(master|worker)-\d)$`, entry.Name())
	}
	master := filepath.Join(d.Site[deploy.Prefix+"node.dir"], d.Name, "master-0", "work")
	require.DirExists(t, filepath.Join(master, "journal"))
}

// activeFrameworks asks the Mesos master for the names of the frameworks that are not over.
func activeFrameworks(t *testing.T, master string) []string {
	t.Helper()
	answer, err := http.Get("http://" + master + "/master/state")
	require.NoError(t, err)
	defer answer.Body.Close()
	var state struct {
		Frameworks []struct {
			Name string `json:"name"`
		} `json:"frameworks"`
	}
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&state))
	var names []string
	for _, framework := range state.Frameworks {
		names = append(names, framework.Name)
	}
	return names
}
