package v1

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestZooKeeperAddress(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]zooKeeper{
		"zk://h/mesos":              {servers: []string{"h:2181"}, path: "/mesos"},
		"zk://h:1,i:2/a/b/":         {servers: []string{"h:1", "i:2"}, path: "/a/b"},
		"zk://u:p@ss@h:1/mesos":     {servers: []string{"h:1"}, path: "/mesos", userinfo: "u:p@ss"},
		"zk://[::1]:7,[::2]/mesos":  {servers: []string{"[::1]:7", "[::2]:2181"}, path: "/mesos"},
		"zk://127.0.0.1:1, h/mesos": {servers: []string{"127.0.0.1:1", "h:2181"}, path: "/mesos"},
	} {
		got, err := newDirectory(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got, in)
	}
	for in, problem := range map[string]string{
		"zk://u:secret@h:1": `cannot use Mesos address "zk://***@h:1": it names no path`,
		"zk:///mesos":       "an empty host",
		"zk://h,,i/mesos":   "an empty host",
	} {
		_, err := newDirectory(in)
		require.ErrorContains(t, err, problem, in)
	}
}

func TestZooKeeperNodes(t *testing.T) {
	t.Parallel()
	got := contenders([]string{"log_replicas", "json.info_0000000010", "info_0000000001", "json.info_0000000009", "json.info_x"})
	require.Equal(t, []string{"json.info_0000000009", "json.info_0000000010"}, got)

	base, err := masterOf([]byte(`{"address":{"hostname":"m1","ip":"10.0.0.1","port":5050},"id":"x","ip":16777226,"pid":"master@10.0.0.1:5050","port":5050}`))
	require.NoError(t, err)
	require.Equal(t, "http://10.0.0.1:5050", base)
	for _, bad := range []string{"", "{}", `{"address":{"ip":"10.0.0.1"}}`} {
		_, err := masterOf([]byte(bad))
		require.Error(t, err, bad)
	}
}

func TestZooKeeperAway(t *testing.T) {
	t.Parallel()
	z := zooKeeper{servers: []string{"127.0.0.1:1"}, path: "/mesos"}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := z.masters(ctx)
	require.ErrorContains(t, err, "cannot find Mesos masters in ZooKeeper zk://127.0.0.1:1/mesos: ")
}
