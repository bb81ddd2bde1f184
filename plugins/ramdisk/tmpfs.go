package ramdisk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// errNotPermitted stands for: this user may not mount here.
var errNotPermitted = errors.New("mounting is not permitted")

// reuseMount takes over what is mounted at the place, if it is the one asked for.
func reuseMount(m mount, r plugins.MountRequest) (plugins.MountResult, error) {
	is, labelled := m.owner()
	want := owner{r.Framework, r.Instance}
	switch {
	case !labelled:
		return plugins.MountResult{}, permanent("a %s that is no ramdisk of ours is mounted there (%s); unmount it, or set "+
			"alluxio.integration.mesos.ramdisk.dir to another folder", m.fstype, m.source)
	case is != want:
		return plugins.MountResult{}, permanent("it should be that of %s, but the ramdisk of %s is there", want, is)
	}
	disk, err := m.disk()
	if err != nil {
		return plugins.MountResult{}, err
	}
	if disk.Size != pages(r.Size) {
		return plugins.MountResult{}, otherSize(disk.Size, r.Size)
	}
	disk.Path = r.Path
	return plugins.MountResult{Disk: disk, Reused: true}, nil
}

func otherSize(is, want int64) error {
	return permanent("one of %s is there, not of %s; its content would be lost with another size: stop the instance, "+
		"which unmounts it, and start it again", human(is), human(want))
}

// pages is the size that the kernel makes of n: whole pages.
func pages(n int64) int64 {
	page := int64(os.Getpagesize())
	return (n + page - 1) / page * page
}

// mountTmpfs mounts onto a new or empty folder at the path.
func mountTmpfs(r plugins.MountRequest, mode fs.FileMode) (plugins.MountResult, error) {
	made, err := mountPoint(r.Path)
	if err != nil {
		return plugins.MountResult{}, err
	}
	o := owner{r.Framework, r.Instance}
	if err := mountSized(o.label(), r.Path, r.Size, mode); err != nil {
		if made {
			removeEmpty(r.Path)
		}
		return plugins.MountResult{}, err
	}
	size, err := sizeOf(r.Path)
	return plugins.MountResult{Disk: plugins.Disk{
		Path: r.Path, Size: size, Framework: r.Framework, Instance: r.Instance, Kind: "tmpfs",
	}}, err
}

// mountPoint makes the folder, or accepts an empty one that is there.
func mountPoint(path string) (made bool, err error) {
	err = os.Mkdir(path, 0o755)
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, fs.ErrExist) {
		return false, forbidden(path, err)
	}
	entries, err := os.ReadDir(path)
	if err != nil || len(entries) > 0 {
		return false, permanent("something is there that a mount would hide (not an empty folder); move it away, or set " +
			"alluxio.integration.mesos.ramdisk.dir to another folder")
	}
	return false, nil
}

func mountSized(label, path string, size int64, mode fs.FileMode) error {
	bits := mode.Perm()
	if mode&fs.ModeSticky != 0 {
		bits |= 0o1000
	}
	options := fmt.Sprintf("size=%d,mode=%04o", size, bits)
	flags := uintptr(unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC)
	err := unix.Mount(label, path, "tmpfs", flags, options+",noswap")
	if errors.Is(err, unix.EINVAL) { // noswap came with Linux 6.4
		err = unix.Mount(label, path, "tmpfs", flags, options)
	}
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return errNotPermitted
	}
	if err != nil {
		return fmt.Errorf("mounting a tmpfs failed: %w", err)
	}
	return nil
}

// unmountAll unmounts what of ours is mounted at the path, and says whose it was.
func unmountAll(path string) (framework string, err error) {
	const most = 100 // mounts on top of each other; in truth there is one
	for range most {
		m, err := mountAt(path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) || (err == nil && m == nil) {
			return framework, nil
		}
		if err != nil {
			return framework, err
		}
		o, labelled := m.owner()
		if !labelled {
			return framework, permanent("what is mounted there (a %s, %s) is no ramdisk of ours", m.fstype, m.source)
		}
		framework = o.framework
		if err := unmountOne(path); err != nil {
			return framework, err
		}
	}
	return framework, permanent("it stays mounted however often it is unmounted")
}

// unmountOne unmounts; a mount in use is detached: it leaves the tree now, and memory when
// its last user ends.
func unmountOne(path string) error {
	err := unix.Unmount(path, unix.UMOUNT_NOFOLLOW)
	if errors.Is(err, unix.EBUSY) {
		err = unix.Unmount(path, unix.UMOUNT_NOFOLLOW|unix.MNT_DETACH)
	}
	switch {
	case errors.Is(err, unix.EPERM):
		return permanent("this user (uid %d) may not unmount", os.Geteuid())
	case errors.Is(err, unix.EINVAL): // someone else was faster; the mount table tells
		return nil
	}
	return err
}
