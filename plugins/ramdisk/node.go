package ramdisk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// lookAgain is how often a held lock is tried.
const lookAgain = 20 * time.Millisecond

// lock keeps other processes from mounting in the same folder at the same time. The
// kernel takes the lock back when the process ends.
func lock(ctx context.Context, dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, fmt.Errorf("cannot lock %s: %w", dir, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("another process mounts in %s: %w", dir, context.Cause(ctx))
		}
	}
}

// makeFolders is os.MkdirAll that tells which folders it made, innermost first.
func makeFolders(dir string) (made []string, err error) {
	for at := dir; at != "/"; at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		made = append(made, at)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		removeEmpty(made...)
		return nil, err
	}
	return made, nil
}

// removeEmpty removes folders that are empty; what is not stays, and so does nothing else.
func removeEmpty(dirs ...string) {
	for _, dir := range dirs {
		if unix.Rmdir(dir) != nil {
			return
		}
	}
}

// removeFolders takes away the ramdisk's empty folder and those above it that are this
// project's by their names: FRAMEWORK below ramdisk.dir, and ramdisk.dir by default.
func removeFolders(path, framework string) {
	const own = "alluxio-mesos"
	parent := filepath.Dir(path)
	above := filepath.Dir(parent)
	dirs := []string{path}
	if filepath.Base(parent) == framework || filepath.Base(above) == own {
		dirs = append(dirs, parent)
		if filepath.Base(above) == own {
			dirs = append(dirs, above)
		}
	}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		dirs = dirs[1:]
	}
	removeEmpty(dirs...)
}

// forbidden says what to do where a folder cannot be made.
func forbidden(dir string, err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) {
		return permanent("this user (uid %d) may not make the folder %s (%w); make the folder above it writable for this user, "+
			"or set alluxio.integration.mesos.ramdisk.dir to one that is", os.Geteuid(), dir, cause(err))
	}
	if errors.Is(err, unix.ENOTDIR) {
		return permanent("%s is no folder, or is below something that is none; set alluxio.integration.mesos.ramdisk.dir "+
			"to another", dir)
	}
	return fmt.Errorf("cannot make the folder %s: %w; alluxio.integration.mesos.ramdisk.dir can name another", dir, cause(err))
}

func cause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
