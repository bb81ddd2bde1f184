package acceptance

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
	"github.com/alluxio-mesos/alluxio-mesos/test/deploy"
)

// A scheduler that start waits for may run longer than registering may take. Nothing is
// offered here, so that no JVM starts; and the address comes by stdin.
func TestStartWaits(t *testing.T) {
	t.Parallel()
	const registering = 10 * time.Second
	c := mesostest.Embedded(t, mesostest.Options{Agents: agents(t, 1)})
	d := deploy.New(t, c.Address(), map[string]string{deploy.Prefix + "constraints": "rack==nowhere"})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	start := d.Command(ctx, "start", "-w", "--timeout", registering.String(), "-")
	start.Stdin = strings.NewReader(c.Address() + "\n")
	var said bytes.Buffer
	start.Stdout, start.Stderr = &said, &said
	require.NoError(t, start.Start())
	ended := make(chan error, 1)
	go func() { ended <- start.Wait() }()

	select {
	case err := <-ended:
		require.Fail(t, "start ended before its scheduler", "%v\n%s\n%s", err, said.String(), d.Log())
	case <-time.After(registering + time.Second): // nothing happens, which can only be waited for
	}
	require.Positive(t, d.Scheduler().PID)
	require.NoError(t, start.Process.Signal(unix.SIGTERM))
	require.NoError(t, <-ended, said.String())
	d.Stop()
}
