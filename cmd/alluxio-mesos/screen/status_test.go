package screen

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	require.NoError(t, Status(&text, client.Status{
		Framework: client.Framework{ID: "f-1", Name: "alluxio", Mesos: "10.0.0.1:5050", State: "registered"},
		Instances: []client.Instance{
			{Name: "master-0", Host: "a", Message: "serves", Tasks: []client.Task{{
				Process: "master", State: "TASK_RUNNING", Serving: true, Addresses: client.Addresses{RPC: "a:19998", Web: "a:19999"},
			}}},
			{Name: "worker-0", Host: "b", Notices: []string{"a folder of /dev/shm stands in for the ramdisk"}, Tasks: []client.Task{{
				Process: "worker", State: "TASK_STARTING", Progress: &client.Progress{Phase: "preparing", Step: "fetch", Transfers: []client.Transfer{
					{Artifact: "alluxio", Bytes: 50 << 20, Total: 200 << 20},
					{Artifact: "jdk", Bytes: 7 << 20, Done: true},
				}},
			}}},
			{Name: "worker-1", Message: "waits for an offer that fits\nthe last one did not"},
		},
		Declines: []client.Decline{
			{Instance: "worker-1", Agent: "S2", Host: "c", Reason: "port 29999 is not offered", Advice: "set port.source=offer", Count: 3},
		},
		Notes:   []string{"the ramdisk has 1GB"},
		Journal: "UFS", RootUFS: "hdfs://n/alluxio", RamdiskBytes: 1 << 30,
	}))
	require.Equal(t, `alluxio: registered, Mesos 10.0.0.1:5050, framework f-1
  journal UFS, root UFS hdfs://n/alluxio, ramdisk 1GB per worker

INSTANCE  HOST  PROCESS  STATE                                   RPC      WEB
master-0  a     master   serving                                 a:19998  a:19999
worker-0  b     worker   starting: fetch, alluxio 25% of 200 MB
worker-1  -     -        not running

worker-0: a folder of /dev/shm stands in for the ramdisk
worker-1: waits for an offer that fits
  the last one did not
the ramdisk has 1GB

worker-1 is not on c: port 29999 is not offered (3 offers)
  set port.source=offer
`, text.String())
}

func TestTaskStep(t *testing.T) {
	t.Parallel()
	for want, task := range map[string]client.Task{
		"serving":         {State: "TASK_RUNNING", Serving: true},
		"running":         {State: "TASK_RUNNING"},
		"killing":         {State: "TASK_KILLING", Progress: &client.Progress{Phase: "stopping", Step: "start"}},
		"starting: fetch": {State: "TASK_STARTING", Progress: &client.Progress{Step: "fetch", Transfers: []client.Transfer{{Artifact: "jdk", Bytes: 1}}}},
	} {
		require.Equal(t, want, TaskStep(task))
	}
}

func TestWhole(t *testing.T) {
	t.Parallel()
	serving := client.Instance{Tasks: []client.Task{{Serving: true}}}
	require.True(t, Whole(client.Status{Instances: []client.Instance{serving, serving}}))
	require.False(t, Whole(client.Status{Instances: []client.Instance{serving, {}}}))
	require.False(t, Whole(client.Status{}))
}
