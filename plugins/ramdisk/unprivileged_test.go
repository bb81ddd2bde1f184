package ramdisk_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// nobody is the user that may do nothing.
const nobody = 65534

// TestUnprivileged runs its parts as a user that may not mount: as root in a process of
// user nobody.
func TestUnprivileged(t *testing.T) {
	if os.Geteuid() == 0 {
		asNobody(t)
		return
	}
	shm := os.Getenv("RAMDISK_TEST_SHM")
	if shm == "" {
		dir, err := os.MkdirTemp("/dev/shm", "ramdisk-test")
		require.NoError(t, err)
		defer os.RemoveAll(dir)
		shm = dir
	}
	t.Run("a folder stands in", func(t *testing.T) { folderStandsIn(t, shm) })
	t.Run("what is in the way", func(t *testing.T) { inTheWay(t, shm) })
	t.Run("not enough space", func(t *testing.T) { notEnough(t, shm) })
	t.Run("after a restart of the node", func(t *testing.T) { afterRestart(t, shm) })
	t.Run("no place for the link", func(t *testing.T) { noPlace(t, shm) })
	t.Run("a base of another user", func(t *testing.T) { foreignBase(t) })
}

func asNobody(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "ramdisk-nobody")
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	shm, err := os.MkdirTemp("/dev/shm", "ramdisk-nobody")
	require.NoError(t, err)
	defer os.RemoveAll(shm)
	require.NoError(t, os.Chmod(dir, 0o777))
	require.NoError(t, os.Chmod(shm, 0o1777))
	binary := filepath.Join(dir, "test")
	copyExecutable(t, binary)
	cmd := exec.CommandContext(t.Context(), binary, "-test.run=^TestUnprivileged$", "-test.v")
	cmd.Dir = dir
	cmd.Env = []string{"TMPDIR=" + dir, "RAMDISK_TEST_SHM=" + shm}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.True(t, bytes.Contains(out, []byte("--- PASS: TestUnprivileged/a_folder_stands_in")), "%s", out)
	require.False(t, bytes.Contains(out, []byte("--- SKIP")), "%s", out)
}

func copyExecutable(t *testing.T, to string) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	from, err := os.Open(self)
	require.NoError(t, err)
	defer from.Close()
	f, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	require.NoError(t, err)
	_, err = io.Copy(f, from)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

func folderStandsIn(t *testing.T, shm string) {
	d := driver(t, map[string]string{"shm.dir": shm})
	r := place(t, d)
	want := plugins.Disk{Path: r.Path, Size: size, Framework: "test", Instance: "worker-0", Kind: "folder"}
	result, err := d.Mount(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, want, result.Disk)
	require.False(t, result.Reused)
	require.Contains(t, result.Notice, "mounting is not permitted for this user")
	require.Contains(t, result.Notice, shm)
	require.NoError(t, os.WriteFile(filepath.Join(r.Path, "block"), []byte("kept"), 0o600))
	real, err := filepath.EvalSymlinks(r.Path)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(real, shm+"/alluxio-mesos-"), real)

	other := driver(t, map[string]string{"shm.dir": shm})
	result, err = other.Mount(t.Context(), r)
	require.NoError(t, err)
	require.True(t, result.Reused)
	require.Equal(t, want, result.Disk)
	require.Equal(t, []plugins.Disk{want}, listed(t, other, r.Path))

	require.NoError(t, os.Remove(r.Path)) // the link alone is lost
	result, err = other.Mount(t.Context(), r)
	require.NoError(t, err)
	require.True(t, result.Reused)
	require.FileExists(t, filepath.Join(r.Path, "block"))

	require.NoError(t, other.Unmount(t.Context(), r.Path))
	requireGone(t, filepath.Dir(filepath.Dir(r.Path)))
	requireGone(t, filepath.Dir(filepath.Dir(real)))
	require.NoError(t, other.Unmount(t.Context(), r.Path))
	require.Empty(t, listed(t, d, r.Path))
}

func inTheWay(t *testing.T, shm string) {
	d := driver(t, map[string]string{"shm.dir": shm})
	r := place(t, d)
	_, err := d.Mount(t.Context(), r)
	require.NoError(t, err)
	otherInstance, otherSize, elsewhere := r, r, r
	otherInstance.Instance, otherSize.Size = "worker-1", 2*size
	elsewhere.Path = filepath.Join(filepath.Dir(r.Path), "elsewhere")
	_, err = d.Mount(t.Context(), otherInstance)
	requirePermanent(t, err, "it should be that of test/worker-1, but the ramdisk of test/worker-0 is there")
	_, err = d.Mount(t.Context(), otherSize)
	requirePermanent(t, err, "one of 4 MB is there, not of 8 MB")
	_, err = d.Mount(t.Context(), elsewhere)
	requirePermanent(t, err, "test/worker-0 has its ramdisk at "+r.Path+" already")
	require.NoError(t, d.Unmount(t.Context(), r.Path))

	require.NoError(t, os.MkdirAll(r.Path, 0o755)) // an empty folder makes way
	_, err = d.Mount(t.Context(), r)
	require.NoError(t, err)
	require.NoError(t, d.Unmount(t.Context(), r.Path))

	require.NoError(t, os.MkdirAll(filepath.Join(r.Path, "data"), 0o755))
	_, err = d.Mount(t.Context(), r)
	requirePermanent(t, err, "something is there")
	require.DirExists(t, filepath.Join(r.Path, "data"))
	left, err := os.ReadDir(shm)
	require.NoError(t, err)
	require.Empty(t, left)
}

func notEnough(t *testing.T, shm string) {
	d := driver(t, map[string]string{"shm.dir": shm, "overcommit": "yes"})
	total, free := space(t, shm)
	r := place(t, d)
	if memory := physical(t); total < memory {
		r.Size = total + 1<<20
		_, err := d.Mount(t.Context(), r)
		requirePermanent(t, err, "which stands in for a mount, has only")
	}
	// What one was promised, another cannot have, although it is not used yet.
	first := place(t, d)
	first.Size, first.Instance = free*3/4, "worker-1"
	_, err := d.Mount(t.Context(), first)
	require.NoError(t, err)
	r.Size = free * 3 / 4
	_, err = d.Mount(t.Context(), r)
	require.ErrorContains(t, err, "free and promised to nobody")
	require.Equal(t, plugins.Retryable, plugins.KindOf(err))
	requireGone(t, r.Path)
	require.NoError(t, d.Unmount(t.Context(), first.Path))

	onDisk := driver(t, map[string]string{"shm.dir": t.TempDir()})
	r.Size = size
	if _, err := onDisk.Mount(t.Context(), r); err != nil { // the temporary folder may itself be a tmpfs
		requirePermanent(t, err, "is not in memory")
	}
}

func afterRestart(t *testing.T, shm string) {
	d := driver(t, map[string]string{"shm.dir": shm})
	r := place(t, d)
	_, err := d.Mount(t.Context(), r)
	require.NoError(t, err)
	real, err := filepath.EvalSymlinks(r.Path)
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(filepath.Dir(filepath.Dir(real))))
	result, err := d.Mount(t.Context(), r)
	require.NoError(t, err)
	require.False(t, result.Reused)
	require.NoError(t, d.Unmount(t.Context(), r.Path))
}

func noPlace(t *testing.T, shm string) {
	d := driver(t, map[string]string{"shm.dir": shm})
	r := place(t, d)
	r.Path = "/alluxio-mesos-test-of-no-place/test/worker-0"
	_, err := d.Mount(t.Context(), r)
	requirePermanent(t, err, "may not make the folder /alluxio-mesos-test-of-no-place/test", "alluxio.integration.mesos.ramdisk.dir")
	closed := filepath.Join(filepath.Dir(filepath.Dir(place(t, d).Path)), "closed")
	require.NoError(t, os.MkdirAll(closed, 0o755))
	require.NoError(t, os.Chmod(closed, 0o555))
	r.Path = filepath.Join(closed, "worker-0")
	_, err = d.Mount(t.Context(), r)
	requirePermanent(t, err, "may not make the folder "+r.Path, "alluxio.integration.mesos.ramdisk.dir")
}

// In a folder that everyone can write to, someone may have been there first.
func foreignBase(t *testing.T) {
	shm, err := os.MkdirTemp("/dev/shm", "ramdisk-foreign")
	require.NoError(t, err)
	defer os.RemoveAll(shm)
	base := filepath.Join(shm, fmt.Sprintf("alluxio-mesos-%d", os.Geteuid()))
	require.NoError(t, os.Mkdir(base, 0o777))
	require.NoError(t, os.Chmod(base, 0o777))
	d := driver(t, map[string]string{"shm.dir": shm})
	r := place(t, d)
	_, err = d.Mount(t.Context(), r)
	requirePermanent(t, err, base+" is not a folder that only this user")
	require.Empty(t, listed(t, d, r.Path))
	require.NoError(t, d.Unmount(t.Context(), r.Path))
}

// listed are the ramdisks at a path: others' may be on this node at the same time.
func listed(t *testing.T, d plugins.Ramdisk, path string) (at []plugins.Disk) {
	t.Helper()
	disks, err := d.List(t.Context())
	require.NoError(t, err)
	for _, disk := range disks {
		if disk.Path == path {
			at = append(at, disk)
		}
	}
	return at
}

func space(t *testing.T, dir string) (total, free int64) {
	t.Helper()
	var st unix.Statfs_t
	require.NoError(t, unix.Statfs(dir, &st))
	return int64(st.Blocks) * st.Bsize, int64(st.Bavail) * st.Bsize
}

func physical(t *testing.T) int64 {
	t.Helper()
	var info unix.Sysinfo_t
	require.NoError(t, unix.Sysinfo(&info))
	return int64(info.Totalram) * int64(info.Unit)
}
