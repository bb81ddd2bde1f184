package acceptance

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
	"github.com/alluxio-mesos/alluxio-mesos/test/deploy"
	"github.com/alluxio-mesos/alluxio-mesos/test/repo"
)

// The drop-in scripts against a Mesos that has nothing to offer, so that no JVM starts:
// -w waits until the scheduler ends, and the log is logs/framework.out.
func TestDropInScripts(t *testing.T) {
	t.Parallel()
	c := mesostest.Embedded(t, mesostest.Options{Agents: agents(t, 1)})
	d := deploy.New(t, c.Address(), map[string]string{deploy.Prefix + "constraints": "rack==nowhere"})
	logs := filepath.Join(d.Home, "logs")
	script := func(name string, args ...string) *exec.Cmd {
		d.Status() // writes the site file
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		t.Cleanup(cancel)
		cmd := exec.CommandContext(ctx, filepath.Join(repo.Root(t), "integration", "mesos", "bin", name), args...)
		cmd.Env = append(cmd.Environ(), "HOME="+d.Home, "ALLUXIO_CONF_DIR="+d.Home, "ALLUXIO_LOGS_DIR="+logs)
		return cmd
	}
	start := script("alluxio-mesos-start.sh", "-w", c.Address(), "no-such-host")
	var said strings.Builder
	start.Stdout, start.Stderr = &said, &said
	require.NoError(t, start.Start())
	ended := make(chan error, 1)
	go func() { ended <- start.Wait() }()

	s := d.Until(30*time.Second, "the agent is declined", func(s client.Status) bool { return len(s.Declines) > 0 })
	require.Contains(t, s.Declines[0].Reason+s.Declines[0].Advice, "no-such-host", "HOST is where the master must run")
	require.FileExists(t, filepath.Join(logs, "framework.out"))

	stop, err := script("alluxio-mesos-stop.sh").CombinedOutput()
	require.NoError(t, err, string(stop))
	require.NoError(t, <-ended, said.String())
	require.Contains(t, said.String(), "is registered with Mesos at "+c.Address())
	require.Contains(t, said.String(), "has ended")
}
