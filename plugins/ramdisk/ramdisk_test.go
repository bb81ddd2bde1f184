package ramdisk_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/ramdisk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const size = 4 << 20

func driver(t *testing.T, config map[string]string) plugins.Ramdisk {
	t.Helper()
	d := ramdisk.New("1.2.3")
	require.NoError(t, d.Init(t.Context(), config))
	return d
}

// place is a path for a ramdisk, in a folder that is left as it was found.
func place(t *testing.T, d plugins.Ramdisk) plugins.MountRequest {
	t.Helper()
	top, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	path := filepath.Join(top, "alluxio-mesos", "test", "worker-0")
	t.Cleanup(func() { _ = d.Unmount(context.WithoutCancel(t.Context()), path) })
	return plugins.MountRequest{Path: path, Size: size, Framework: "test", Instance: "worker-0"}
}

func needMounting(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("probe", dir, "tmpfs", 0, "size=4096"); err != nil {
		t.Skipf("mounting is not permitted here: %v", err)
	}
	require.NoError(t, unix.Unmount(dir, 0))
}

func requirePermanent(t *testing.T, err error, texts ...string) {
	t.Helper()
	for _, text := range texts {
		require.ErrorContains(t, err, text)
	}
	require.Equal(t, plugins.Permanent, plugins.KindOf(err))
}

func requireGone(t *testing.T, path string) {
	t.Helper()
	_, err := os.Lstat(path)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestInfo(t *testing.T) {
	t.Parallel()
	info, err := ramdisk.New("1.2.3").Info(t.Context())
	require.NoError(t, err)
	require.Equal(t, plugins.Info{Name: "tmpfs", Version: "1.2.3", Contract: 1}, info)
}

func TestInitRefuses(t *testing.T) {
	t.Parallel()
	for _, config := range []map[string]string{{"mode": "rwx"}, {"mode": "0077"}, {"mode": "7777"}, {"shm.dir": "shm"}, {"sice": "1"}} {
		requirePermanent(t, ramdisk.New("1").Init(t.Context(), config), "cannot configure ramdisk tmpfs")
	}
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	d := driver(t, nil)
	good := place(t, d)
	tests := map[string]func(*plugins.MountRequest){
		"absolute path": func(r *plugins.MountRequest) { r.Path = "x" },
		"plain":         func(r *plugins.MountRequest) { r.Path += "/../x" },
		`"/" is not`:    func(r *plugins.MountRequest) { r.Path = "/" },
		"size is 0":     func(r *plugins.MountRequest) { r.Size = 0 },
		"size is -1":    func(r *plugins.MountRequest) { r.Size = -1 },
		`name "a/b"`:    func(r *plugins.MountRequest) { r.Framework = "a/b" },
		`name ".."`:     func(r *plugins.MountRequest) { r.Instance = ".." },
		`name "a:b"`:    func(r *plugins.MountRequest) { r.Instance = "a:b" },
		`name ""`:       func(r *plugins.MountRequest) { r.Instance = "" },
		"of memory":     func(r *plugins.MountRequest) { r.Size = 1 << 60 },
	}
	for want, spoil := range tests {
		r := good
		spoil(&r)
		_, err := d.Mount(t.Context(), r)
		requirePermanent(t, err, "cannot make a ramdisk at "+r.Path, want)
	}
	requireGone(t, filepath.Dir(filepath.Dir(good.Path)))
	requirePermanent(t, d.Unmount(t.Context(), "x"), "absolute path")
}

func TestMount(t *testing.T) {
	t.Parallel()
	needMounting(t)
	d := driver(t, nil)
	r := place(t, d)
	want := plugins.Disk{Path: r.Path, Size: size, Framework: "test", Instance: "worker-0", Kind: "tmpfs"}
	result, err := d.Mount(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, plugins.MountResult{Disk: want}, result)

	// The kernel keeps it to its size.
	err = os.WriteFile(filepath.Join(r.Path, "block"), make([]byte, size+1), 0o600)
	require.ErrorIs(t, err, unix.ENOSPC)
	require.NoError(t, os.WriteFile(filepath.Join(r.Path, "block"), []byte("kept"), 0o600))
	info, err := os.Stat(r.Path)
	require.NoError(t, err)
	require.Equal(t, os.ModeDir|0o755, info.Mode())

	// Another process takes it over with its content, also through a link to its folder.
	other := driver(t, nil)
	result, err = other.Mount(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, plugins.MountResult{Disk: want, Reused: true}, result)
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(filepath.Dir(r.Path), link))
	linked := r
	linked.Path = filepath.Join(link, "worker-0")
	result, err = other.Mount(t.Context(), linked)
	require.NoError(t, err)
	require.True(t, result.Reused)
	require.Equal(t, []plugins.Disk{want}, listed(t, other, r.Path))
	content, err := os.ReadFile(filepath.Join(r.Path, "block"))
	require.NoError(t, err)
	require.Equal(t, "kept", string(content))

	require.NoError(t, other.Unmount(t.Context(), r.Path))
	requireGone(t, filepath.Dir(filepath.Dir(r.Path)))
	require.NoError(t, other.Unmount(t.Context(), r.Path))
	require.Empty(t, listed(t, d, r.Path))
}

func TestMode(t *testing.T) {
	t.Parallel()
	needMounting(t)
	d := driver(t, map[string]string{"mode": "1777"})
	r := place(t, d)
	_, err := d.Mount(t.Context(), r)
	require.NoError(t, err)
	info, err := os.Stat(r.Path)
	require.NoError(t, err)
	require.Equal(t, os.ModeDir|os.ModeSticky|0o777, info.Mode())
}

func TestOddSizeIsRoundedToPages(t *testing.T) {
	t.Parallel()
	needMounting(t)
	d := driver(t, nil)
	r := place(t, d)
	r.Size++
	first, err := d.Mount(t.Context(), r)
	require.NoError(t, err)
	second, err := d.Mount(t.Context(), r)
	require.NoError(t, err)
	require.True(t, second.Reused)
	require.Equal(t, first.Disk, second.Disk)
	require.EqualValues(t, size+os.Getpagesize(), first.Disk.Size)
}

func TestAnothersPlace(t *testing.T) {
	t.Parallel()
	needMounting(t)
	d := driver(t, nil)
	r := place(t, d)
	_, err := d.Mount(t.Context(), r)
	require.NoError(t, err)
	otherInstance, otherFramework, otherSize := r, r, r
	otherInstance.Instance, otherFramework.Framework, otherSize.Size = "worker-1", "prod", 2*size
	_, err = d.Mount(t.Context(), otherInstance)
	requirePermanent(t, err, "it should be that of test/worker-1, but the ramdisk of test/worker-0 is there")
	_, err = d.Mount(t.Context(), otherFramework)
	requirePermanent(t, err, "it should be that of prod/worker-0, but the ramdisk of test/worker-0 is there")
	_, err = d.Mount(t.Context(), otherSize)
	requirePermanent(t, err, "one of 4 MB is there, not of 8 MB", "stop the instance")

	foreign := place(t, d)
	require.NoError(t, os.MkdirAll(foreign.Path, 0o755))
	require.NoError(t, unix.Mount("scratch", foreign.Path, "tmpfs", 0, "size=4096"))
	t.Cleanup(func() { require.NoError(t, unix.Unmount(foreign.Path, 0)) })
	_, err = d.Mount(t.Context(), foreign)
	requirePermanent(t, err, "a tmpfs that is no ramdisk of ours is mounted there (scratch)", "alluxio.integration.mesos.ramdisk.dir")
	requirePermanent(t, d.Unmount(t.Context(), foreign.Path), "(a tmpfs, scratch) is no ramdisk of ours")

	full := place(t, d)
	require.NoError(t, os.MkdirAll(full.Path, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(full.Path, "data"), nil, 0o600))
	_, err = d.Mount(t.Context(), full)
	requirePermanent(t, err, "something is there that a mount would hide")
	require.FileExists(t, filepath.Join(full.Path, "data"))

	linked := place(t, d)
	require.NoError(t, os.MkdirAll(filepath.Dir(linked.Path), 0o755))
	require.NoError(t, os.Symlink("/etc", linked.Path))
	_, err = d.Mount(t.Context(), linked)
	requirePermanent(t, err, "a link to /etc is there")
	require.NoError(t, d.Unmount(t.Context(), linked.Path))
	_, err = os.Lstat(linked.Path)
	require.NoError(t, err)

	blocked := place(t, d)
	blocked.Path = "/proc/self/status/worker-0"
	_, err = d.Mount(t.Context(), blocked)
	requirePermanent(t, err, "alluxio.integration.mesos.ramdisk.dir")
	require.NoError(t, d.Unmount(t.Context(), blocked.Path))
}

func TestUnmountOfWhatIsInUse(t *testing.T) {
	t.Parallel()
	needMounting(t)
	d := driver(t, nil)
	r := place(t, d)
	_, err := d.Mount(t.Context(), r)
	require.NoError(t, err)
	f, err := os.Create(filepath.Join(r.Path, "block"))
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, d.Unmount(t.Context(), r.Path))
	requireGone(t, r.Path)
	_, err = f.WriteString("still usable")
	require.NoError(t, err)
}

// Folders that were there before stay.
func TestUnmountKeepsForeignFolders(t *testing.T) {
	t.Parallel()
	needMounting(t)
	d := driver(t, nil)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	r := plugins.MountRequest{Path: filepath.Join(dir, "test", "worker-0"), Size: size, Framework: "test", Instance: "worker-0"}
	_, err = d.Mount(t.Context(), r)
	require.NoError(t, err)
	require.NoError(t, d.Unmount(t.Context(), r.Path))
	requireGone(t, filepath.Dir(r.Path))
	require.DirExists(t, dir)
}

// Processes that mount at the same time make one ramdisk.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	needMounting(t)
	r := place(t, driver(t, nil))
	var all sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for range 8 {
		all.Go(func() {
			result, err := ramdisk.New("1").Mount(t.Context(), r)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && !result.Reused {
				made++
			}
			if err != nil && !strings.Contains(err.Error(), "cannot make the folder") {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, made)
	table, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(table), " "+r.Path+" "))
}

func TestLockedByAnother(t *testing.T) {
	t.Parallel()
	d := driver(t, nil)
	r := place(t, d)
	require.NoError(t, os.MkdirAll(filepath.Dir(r.Path), 0o755))
	f, err := os.Open(filepath.Dir(r.Path))
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, unix.Flock(int(f.Fd()), unix.LOCK_EX))
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	_, err = d.Mount(ctx, r)
	require.ErrorContains(t, err, "another process mounts in")
	require.ErrorContains(t, err, "enough")
}
