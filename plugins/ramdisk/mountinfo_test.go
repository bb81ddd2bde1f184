package ramdisk

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadMounts(t *testing.T) {
	t.Parallel()
	const table = `22 27 0:21 / /proc rw,nosuid shared:12 - proc proc rw
100 22 0:50 / /mnt/a\040b\134c rw,nosuid,nodev shared:5 master:7 - tmpfs alluxio-mesos:alluxio:worker-0 rw,size=1024k
101 22 0:51 / /mnt/x rw - tmpfs alluxio-mesos:alluxio:worker-0 rw
102 101 0:52 /a\040b /mnt/x rw - ext4 /dev/sda\0431 rw
103 22 0:53 / /mnt/y rw - ext4 alluxio-mesos:alluxio:worker-1 rw
104 22 0:54 / /mnt/z rw - tmpfs alluxio-mesos:no:such:label rw
no mount at all
105 22 0:54 / - tmpfs
`
	got, err := readMounts(strings.NewReader(table))
	require.NoError(t, err)
	require.Equal(t, []mount{
		{"/", "rw", "/proc", "proc", "proc", 0},
		{"/", "rw,size=1024k", `/mnt/a b\c`, "tmpfs", "alluxio-mesos:alluxio:worker-0", 1 << 20},
		{"/a b", "rw", "/mnt/x", "ext4", "/dev/sda#1", 0},
		{"/", "rw", "/mnt/y", "ext4", "alluxio-mesos:alluxio:worker-1", 0},
		{"/", "rw", "/mnt/z", "tmpfs", "alluxio-mesos:no:such:label", 0},
	}, got)
	var owners []string
	for _, m := range got {
		if o, ok := m.owner(); ok {
			owners = append(owners, o.String())
		}
	}
	require.Equal(t, []string{"alluxio/worker-0"}, owners)
}

func TestLabel(t *testing.T) {
	t.Parallel()
	o := owner{"my-alluxio_2.9", "worker-0"}
	got, ok := parseLabel(o.label())
	require.True(t, ok)
	require.Equal(t, o, got)
	for _, bad := range []string{"tmpfs", "alluxio-mesos", "alluxio-mesos:", "alluxio-mesos:a", "alluxio-mesos::b", "alluxio-mesos:a:", "alluxio-mesos:../x:b"} {
		_, ok := parseLabel(bad)
		require.False(t, ok, bad)
	}
}

func TestMeminfo(t *testing.T) {
	t.Parallel()
	total, free := meminfo("MemTotal:       16384 kB\nMemFree: 1 kB\nMemAvailable:   1024 kB\nBad\nHugePages_Total: x\n")
	require.EqualValues(t, 16<<20, total)
	require.EqualValues(t, 1<<20, free)
}

func TestHuman(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{512: "0.5 KB", 1 << 20: "1 MB", 1536 << 20: "1.5 GB", 3 << 40: "3 TB", 5000 << 40: "5000 TB"} {
		require.Equal(t, want, human(n))
	}
}

func FuzzReadMounts(f *testing.F) {
	f.Add(`100 22 0:50 / /mnt/a\040b rw shared:5 - tmpfs alluxio-mesos:a:b rw`)
	f.Fuzz(func(t *testing.T, table string) {
		mounts, _ := readMounts(strings.NewReader(table))
		for _, m := range mounts {
			m.owner()
		}
	})
}
