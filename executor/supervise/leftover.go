package supervise

import (
	"context"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/shirou/gopsutil/v3/process"
)

// MarkVariable is set in the environment of each child, and so of its children. It
// tells whose they are, when whoever started them is gone.
const MarkVariable = "ALLUXIO_MESOS_INSTANCE"

// EndLeftovers ends every process whose environment carries the mark: what an executor
// of the same instance left behind. The caller makes sure (by a lock) that no such
// executor lives. Processes of other users are not seen. It returns the pids that it
// ended.
//
// Each process is opened before its mark is read (a pidfd, so the signal cannot reach
// another one that was given the same number meanwhile).
func EndLeftovers(ctx context.Context, mark string, grace time.Duration) ([]int, error) {
	found, err := marked(ctx, mark)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	defer release(found)
	var pids []int
	for _, p := range found {
		pids = append(pids, p.Pid)
		_ = p.Signal(syscall.SIGTERM)
	}
	if awaitGone(ctx, pids, mark, grace) {
		return pids, nil
	}
	for _, p := range found {
		_ = p.Kill()
	}
	if !awaitGone(ctx, pids, mark, hardStop) {
		return pids, fmt.Errorf("cannot end what a former executor left: processes %v are still there after SIGKILL", pids)
	}
	return pids, nil
}

func marked(ctx context.Context, mark string) ([]*os.Process, error) {
	pids, err := process.PidsWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot list processes: %w", err)
	}
	var found []*os.Process
	for _, pid := range pids {
		if int(pid) == os.Getpid() {
			continue
		}
		p, err := os.FindProcess(int(pid))
		if err != nil {
			continue
		}
		if hasMark(ctx, pid, mark) {
			found = append(found, p)
		} else {
			_ = p.Release()
		}
	}
	return found, nil
}

func hasMark(ctx context.Context, pid int32, mark string) bool {
	p := process.Process{Pid: pid}
	env, err := p.EnvironWithContext(ctx)
	return err == nil && slices.Contains(env, MarkVariable+"="+mark)
}

// awaitGone polls: these are not our children, so they cannot be waited for. One that is
// dead but not reaped has no environment any more, and so no mark.
func awaitGone(ctx context.Context, pids []int, mark string, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	there := func(pid int) bool { return hasMark(context.Background(), int32(pid), mark) }
	for {
		if !slices.ContainsFunc(pids, there) {
			return true
		}
		select {
		case <-ctx.Done():
			return !slices.ContainsFunc(pids, there)
		case <-tick.C:
		}
	}
}

func release(processes []*os.Process) {
	for _, p := range processes {
		_ = p.Release()
	}
}
