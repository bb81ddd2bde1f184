// Package landlock confines one OS thread, and with it each process that the thread starts
// from then on: what they may write to is named, all else on the node they can only read.
// The rest of the process that calls it stays as free as it was, so that a host can confine
// what it starts without being confined, and without a helper program.
//
// It needs Landlock in the kernel (Linux 5.13, landlock(7)); newer kernels confine more. Who
// is to be confined, and where it must write, is left to the caller.
package landlock

import (
	"errors"
	"fmt"
	"io/fs"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ErrNone says that the kernel has no Landlock, or that it is turned off.
var ErrNone = errors.New("this kernel has no Landlock (it came with Linux 5.13, and must be among the lsm= of the boot)")

// Rules say what stays allowed.
type Rules struct {
	// Write names files and folders: all may be done to them and to what is below.
	Write []string
	// WriteIfThere is the same for paths that a node may not have.
	WriteIfThere []string
}

// ABI is the version of the kernel's Landlock; 0: it has none.
func ABI() int {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(version)
}

// RestrictThread confines the calling thread for the rest of its life, and what it starts.
// Neither can then write outside of the rules, gain rights by executing (no_new_privs), and
// where the kernel is new enough: truncate files, command devices, listen on TCP ports,
// reach abstract sockets of and send signals to those outside.
//
// The caller has locked the goroutine to its thread, which must not be the main one, and
// ends the goroutine without unlocking it, so that no other goroutine gets the thread. An
// error leaves the thread as it was.
func RestrictThread(r Rules) error {
	abi := ABI()
	if abi == 0 {
		return ErrNone
	}
	attr := handled(abi)
	ruleset, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if errno != 0 {
		return fmt.Errorf("cannot make a Landlock ruleset: %w", errno)
	}
	defer unix.Close(int(ruleset))
	for _, path := range r.Write {
		if err := allow(int(ruleset), path, attr.Handled_access_fs); err != nil {
			return err
		}
	}
	for _, path := range r.WriteIfThere {
		if err := allow(int(ruleset), path, attr.Handled_access_fs); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("cannot give up gaining rights (no_new_privs): %w", err)
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0, 0); errno != 0 {
		return fmt.Errorf("cannot confine a thread with Landlock: %w", errno)
	}
	return nil
}

// onFiles are the rights that make sense for what is no folder.
const onFiles = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV

// handled is all that is forbidden unless a rule allows it, as far as the kernel knows it.
// A kernel accepts a structure that is larger than its own if the rest is zero.
func handled(abi int) unix.LandlockRulesetAttr {
	attr := unix.LandlockRulesetAttr{Handled_access_fs: unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
		unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_MAKE_CHAR |
		unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK | unix.LANDLOCK_ACCESS_FS_MAKE_SYM}
	if abi >= 2 { // Before, moving to another folder is always forbidden.
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi >= 3 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if abi >= 4 {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP
	}
	if abi >= 5 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if abi >= 6 {
		attr.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	return attr
}

func allow(ruleset int, path string, rights uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("cannot allow writing to %s: %w", path, err)
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return fmt.Errorf("cannot allow writing to %s: %w", path, err)
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= onFiles
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("cannot allow writing to %s: %w", path, errno)
	}
	return nil
}
