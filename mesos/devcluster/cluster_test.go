package devcluster

import (
	"context"
	"net"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

func TestStartThatFails(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, one := range []struct {
		ctx     context.Context
		config  Config
		problem string
	}{
		{t.Context(), Config{}, "bad folder"},
		{t.Context(), Config{Dir: "/dev/null/x"}, "not a directory"},
		{t.Context(), Config{Dir: t.TempDir(), Port: number}, "master: listen tcp 127.0.0.1:" + port},
		{t.Context(), Config{Dir: t.TempDir(), Agents: []Agent{{Resources: []mesos.Resource{{Name: "cpus", Scalar: -1}}}}}, "cannot start agent 1: Invalid resource cpus"},
		{ended, Config{Dir: t.TempDir()}, "context canceled"},
	} {
		_, err := Start(one.ctx, one.config)
		require.ErrorContains(t, err, "cannot start an embedded Mesos: ")
		require.ErrorContains(t, err, one.problem)
	}
}

func TestFaultsThatCannotBe(t *testing.T) {
	t.Parallel()
	c, err := Start(t.Context(), Config{Dir: filepath.Join(t.TempDir(), "new"), Agents: []Agent{{}}})
	require.NoError(t, err)
	defer c.Close()
	require.ErrorContains(t, c.KillAgent(2), "there is no agent 2, only 1 to 1")
	require.ErrorContains(t, c.StartAgent(1), "it runs")
	require.ErrorContains(t, c.StartMaster(), "it runs")
	require.NoError(t, c.KillAgent(1))
	require.NoError(t, c.KillAgent(1), "again")
	address := c.Address()
	c.KillMaster()
	c.KillMaster()
	require.NoError(t, c.StartMaster())
	require.Equal(t, address, c.Address())
	require.NoError(t, c.StartAgent(1))
	require.Empty(t, c.Sandbox("f", "e"))
	require.Zero(t, c.ExecutorPID("f", "e"))
}
