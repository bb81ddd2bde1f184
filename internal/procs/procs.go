// Package procs finds processes of this machine by what they run, and ends exactly
// those: a process is known by its id and its start time, and is signalled through a
// pidfd, so a process id that was given to somebody else in between is left alone.
//
// It starts nothing; children are supervised by executor/supervise.
package procs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Process is a process as /proc showed it.
type Process struct {
	PID int
	// Start is in clock ticks since boot; with PID it names a process for good.
	Start uint64
	// Exe is the file it runs, empty where it belongs to another user.
	Exe  string
	Args []string
}

// List gives all processes of this machine, in the order of /proc. Those that end
// while it looks are left out.
func List() ([]Process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("cannot list processes: %w", err)
	}
	var all []Process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if p, err := Find(pid); err == nil {
			all = append(all, p)
		}
	}
	return all, nil
}

// Find looks at one process. One that has ended and only waits to be collected by its
// parent counts as gone.
func Find(pid int) (Process, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	start, err := startTime(dir)
	if err != nil {
		return Process{}, fmt.Errorf("cannot find process %d: %w", pid, err)
	}
	p := Process{PID: pid, Start: start}
	// Both fail for processes of other users and for kernel threads.
	exe, _ := os.Readlink(filepath.Join(dir, "exe"))
	p.Exe = strings.TrimSuffix(exe, " (deleted)")
	line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
	for _, arg := range bytes.Split(bytes.TrimSuffix(line, []byte{0}), []byte{0}) {
		p.Args = append(p.Args, string(arg))
	}
	return p, nil
}

var errZombie = errors.New("it has ended")

// startTime reads field 22 of /proc/PID/stat (proc(5)). The second field is the
// command in parentheses and may hold anything, so counting begins after it.
func startTime(dir string) (uint64, error) {
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 {
		return 0, fmt.Errorf("unknown format of %s/stat", dir)
	}
	if fields[0] == "Z" || fields[0] == "X" {
		return 0, errZombie
	}
	return strconv.ParseUint(fields[19], 10, 64)
}

// Alive says whether this very process still runs.
func (p Process) Alive() bool {
	now, err := Find(p.PID)
	return err == nil && now.Start == p.Start
}

// End signals the process and waits until it is gone, or until ctx ends. One that is
// gone already is no error.
func (p Process) End(ctx context.Context, signal unix.Signal) error {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot open process %d: %w", p.PID, err)
	}
	defer unix.Close(fd)
	// From here on the descriptor cannot come to mean another process.
	if !p.Alive() {
		return nil
	}
	if err := unix.PidfdSendSignal(fd, signal, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("cannot end process %d (%s): %w", p.PID, p.Exe, err)
	}
	for p.Alive() {
		if ctx.Err() != nil {
			return fmt.Errorf("process %d (%s) has not ended: %w", p.PID, p.Exe, ctx.Err())
		}
		// Readable once the process has ended (pidfd_open(2)).
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if _, err := unix.Poll(poll, 50); err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("cannot wait for process %d: %w", p.PID, err)
		}
	}
	return nil
}
