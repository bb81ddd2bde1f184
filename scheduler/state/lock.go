package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// LockedError says that another process holds a state folder.
type LockedError struct {
	Path string
	PID  int // 0: unknown
}

func (e *LockedError) Error() string {
	who := "another process"
	if e.PID != 0 {
		who = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("cannot run a second scheduler on %s: %s is running it; end that one first (kill -TERM leaves Alluxio running), "+
		"or give this deployment another alluxio.integration.mesos.framework.name", e.Path, who)
}

// takeLock locks the file for the life of the process: the kernel frees it whatever end the process takes.
func takeLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open the state folder's lock: %w", err)
	}
	err = flock(file)
	if errors.Is(err, unix.EWOULDBLOCK) {
		_ = file.Close()
		pid, _ := Holder(filepath.Dir(path))
		return nil, &LockedError{filepath.Dir(path), pid}
	}
	if err == nil {
		err = writePID(file)
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("cannot lock %s: %w", path, err)
	}
	return file, nil
}

// flock tries for a moment, since Holder takes the lock for an instant to look at it.
func flock(file *os.File) error {
	var err error
	for range 20 {
		if err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
	return err
}

func writePID(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// Holder says whether a process holds the folder, and which (0: unknown).
func Holder(dir string) (pid int, held bool) {
	path := filepath.Join(dir, lockFile)
	file, err := os.Open(path)
	if err != nil {
		return 0, !errors.Is(err, fs.ErrNotExist)
	}
	defer func() { _ = file.Close() }()
	if err := unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB); err == nil {
		return 0, false
	}
	data, _ := os.ReadFile(path)
	pid, _ = strconv.Atoi(strings.TrimSpace(string(data)))
	return pid, true
}
