package spec

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

func TestBindMaster(t *testing.T) {
	t.Parallel()
	d := read(t, "alluxio.master.hostname=elsewhere", "alluxio.work.dir=/w", "alluxio.home=/h", "alluxio.integration.mesos.secret=hush", "my.key=${a}")
	launch, notes := Bind(d, Target{
		Instance: "master-0", Process: alluxio.Master, Host: "h1", Ports: map[string]int{"rpc": 31000, "web": 31001},
		Masters: []Address{{Host: "h1", Ports: map[string]int{"rpc": 31000, "web": 31001}}}, JournalExpected: true,
	})
	require.Equal(t, map[string]string{
		"alluxio.master.hostname": "h1", "alluxio.master.rpc.port": "31000", "alluxio.master.web.port": "31001",
		"alluxio.master.journal.type": "UFS", "alluxio.master.mount.table.root.ufs": "/var/lib/alluxio-mesos/alluxio/underFSStorage",
		"alluxio.master.update.check.enabled":                    "false",
		"alluxio.master.journal.tailer.shutdown.quiet.wait.time": "0sec", "my.key": "${a}",
	}, launch.Properties)
	require.Equal(t, "/var/lib/alluxio-mesos/alluxio/underFSStorage", launch.Folders.RootUfs)
	require.Equal(t, int64(20<<30), launch.Folders.CacheBytes)
	require.Empty(t, launch.Ramdisk.Plugin)
	require.True(t, launch.Journal.Needed)
	require.True(t, launch.Journal.Expected)
	require.Equal(t, []string{"-Xmx640m", "-XX:MaxDirectMemorySize=160m"}, launch.JvmOptions)
	require.Contains(t, strings.Join(notes, "\n"), "alluxio.master.hostname=elsewhere of the site file is not used here, it is h1")
	require.Contains(t, strings.Join(notes, "\n"), "alluxio.work.dir=/w of the site file is not used")
}

func TestBindWorker(t *testing.T) {
	t.Parallel()
	d := read(t, "alluxio.worker.ramdisk.size=256MB", "alluxio.worker.tieredstore.level0.dirs.path=/mnt/ramdisk", "alluxio.integration.mesos.framework.name=two")
	launch, notes := Bind(d, Target{
		Instance: "worker-3", Process: alluxio.Worker, Host: "h2", Ports: map[string]int{"rpc": 29999, "web": 30000},
		Masters: []Address{{Host: "h1", Ports: map[string]int{"rpc": 19998, "web": 19999}}},
	})
	require.Empty(t, notes)
	for key, want := range map[string]string{
		"alluxio.master.hostname": "h1", "alluxio.master.rpc.port": "19998", "alluxio.worker.hostname": "h2",
		"alluxio.worker.rpc.port": "29999", "alluxio.worker.web.port": "30000", "alluxio.worker.ramdisk.size": "256MB",
		"alluxio.worker.tieredstore.level0.alias": "MEM", "alluxio.worker.tieredstore.level0.dirs.path": "/mnt/alluxio-mesos/two/worker-3",
		"alluxio.worker.tieredstore.level0.dirs.quota": "256MB",
	} {
		require.Equal(t, want, launch.Properties[key], key)
	}
	require.Equal(t, int64(256*MB), launch.Ramdisk.SizeBytes)
	require.Equal(t, "/mnt/alluxio-mesos/two/worker-3", launch.Ramdisk.Path)
	require.False(t, launch.Journal.Needed)
	require.Empty(t, launch.Folders.RootUfs)
	require.Contains(t, strings.Join(d.Notes, "\n"), "level0.dirs.path=/mnt/ramdisk is not used")

	sweep := BindSweep(d, "worker-3", alluxio.Worker)
	require.Equal(t, SweepProcess, sweep.Process)
	require.Equal(t, launch.Ramdisk.Path, sweep.Ramdisk.Path)
	require.Empty(t, BindSweep(d, "master-0", alluxio.Master).Ramdisk.Plugin)
}

func TestNoRamdiskWhereTierZeroIsTheOperators(t *testing.T) {
	t.Parallel()
	d := read(t, "alluxio.worker.tieredstore.level0.alias=SSD", "alluxio.worker.tieredstore.level0.dirs.path=/ssd")
	launch, _ := Bind(d, Target{Instance: "worker-0", Process: alluxio.Worker, Host: "h"})
	require.Empty(t, launch.Ramdisk.Plugin)
	require.Equal(t, "/ssd", launch.Properties["alluxio.worker.tieredstore.level0.dirs.path"])
}
