package ramdisk

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

func TestRoom(t *testing.T) {
	t.Parallel()
	const gb = 1 << 30
	r := room{total: 16 * gb, free: 4 * gb, limit: 8 * gb, limitsBy: "/sys/fs/cgroup/a/memory.max"}
	cases := map[int64]struct {
		kind plugins.Kind
		text string
	}{
		4 * gb:  {0, ""},
		5 * gb:  {plugins.Retryable, "it should have 5 GB, but only 4 GB of the node's memory are free and promised to no other ramdisk; lower"},
		9 * gb:  {plugins.Permanent, "it should have 9 GB, but the task's container may have 8 GB of memory (/sys/fs/cgroup/a/memory.max)"},
		17 * gb: {plugins.Permanent, "it should have 17 GB, but this node has 16 GB of memory; lower alluxio.worker.ramdisk.size"},
	}
	for size, c := range cases {
		notice, err := r.fits(size, false)
		require.Empty(t, notice)
		if c.text == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, c.text)
		require.Equal(t, c.kind, plugins.KindOf(err))
	}
	notice, err := r.fits(5*gb, true)
	require.NoError(t, err)
	require.Contains(t, notice, "only 4 GB of the node's memory are free")
	_, err = r.fits(9*gb, true)
	require.Error(t, err)
}

func TestLeastLimit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for file, text := range map[string]string{
		"2/memory.max": "max", "2/mesos/memory.max": "2000000", "2/mesos/a/memory.max": "max", "2/other/memory.max": "5",
		"1/memory.limit_in_bytes": "9223372036854771712", "1/mesos/a/memory.limit_in_bytes": "3000000",
		"part/memory.max": "1000",
	} {
		path := filepath.Join(dir, file)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text+"\n"), 0o644))
	}
	unified := mount{root: "/", point: dir + "/2", fstype: "cgroup2"}
	old := mount{root: "/", point: dir + "/1", fstype: "cgroup", options: "rw,memory"}
	part := mount{root: "/mesos/a", point: dir + "/part", fstype: "cgroup2"}
	cpu := mount{root: "/", point: dir + "/2", fstype: "cgroup", options: "rw,cpu"}
	cases := []struct {
		groups string
		mounts []mount
		limit  int64
		file   string
	}{
		{"0::/mesos/a\n", []mount{cpu, unified}, 2000000, "2/mesos/memory.max"},
		{"0::/\n", []mount{unified}, math.MaxInt64, ""},
		{"4:memory:/mesos/a\n1:cpu:/other\n0::/\n", []mount{unified, old}, 3000000, "1/mesos/a/memory.limit_in_bytes"},
		{"0::/mesos/a\n", []mount{part}, 1000, "part/memory.max"},
		{"0::/../../mesos/a\n", []mount{unified}, 2000000, "2/mesos/memory.max"},
		{"0::/elsewhere\n", []mount{part}, 1000, "part/memory.max"},
		{"nonsense\n", []mount{unified}, math.MaxInt64, ""},
	}
	for _, c := range cases {
		limit, file := leastLimit(c.groups, c.mounts)
		require.Equal(t, c.limit, limit, c.groups)
		if c.file != "" {
			c.file = filepath.Join(dir, c.file)
		}
		require.Equal(t, c.file, file, c.groups)
	}
}

// What another ramdisk may still grow by is not there for the next.
func TestOthersArePromisedTheirs(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount")
	}
	dir := t.TempDir()
	require.NoError(t, unix.Mount("alluxio-mesos:test:promised", dir, "tmpfs", 0, "size=8m"))
	t.Cleanup(func() { require.NoError(t, unix.Unmount(dir, 0)) })
	m := []mount{{point: dir}, {point: "/no/such/folder"}}
	require.EqualValues(t, 8<<20, growth(m))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "block"), make([]byte, 3<<20), 0o600))
	require.EqualValues(t, 5<<20, growth(m))
}
