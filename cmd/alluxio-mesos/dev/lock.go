package dev

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// lock makes sure that one dev runs at a time. The kernel drops the lock with the
// process, however it ends; the file stays, since removing it would let two in.
func lock(root string) (unlock func(), err error) {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make the folder of dev: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(root, "dev.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cannot open the lock of dev: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer file.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			holder, _ := io.ReadAll(file)
			return nil, fmt.Errorf("another dev runs already (process %s): end it first, with Ctrl-C where it runs "+
				"or \"alluxio-mesos stop --name %s\"", strings.TrimSpace(string(holder)), Name)
		}
		return nil, fmt.Errorf("cannot lock %s: %w", file.Name(), err)
	}
	if err := file.Truncate(0); err == nil {
		_, _ = fmt.Fprintf(file, "%d\n", os.Getpid())
	}
	return func() { file.Close() }, nil
}

// usualPortsName is a socket's in the abstract namespace, which ends with its process and, as
// ports are, is one for all users of a network namespace (unix(7)).
const usualPortsName = "@alluxio-mesos-dev-usual-ports"

// claimUsualPorts says whether this run may have the usual ports: another user's may look
// for free ones at the same moment, some time before either opens them.
func claimUsualPorts() (mine bool, release func()) {
	listener, err := net.Listen("unix", usualPortsName)
	if err != nil {
		return false, func() {}
	}
	return true, func() { listener.Close() }
}
