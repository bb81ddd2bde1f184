package devcluster

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// spawner starts processes from one thread that lives as long as the cluster:
// the parent-death signal of a child follows the thread that started it.
type spawner struct {
	requests chan func()
	done     chan struct{}
}

func newSpawner() *spawner {
	s := &spawner{requests: make(chan func()), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for f := range s.requests {
			f()
		}
	}()
	return s
}

func (s *spawner) close() {
	close(s.requests)
	<-s.done
}

// process is a started executor: the leader of its own session.
type process struct {
	pid int
	os  *os.Process

	mu     sync.Mutex
	reaped bool
}

// start runs argv in dir. Should this program die, so does the process.
func (s *spawner) start(argv []string, dir string, env []string, out [2]*os.File, credential *syscall.Credential) (*process, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	attr := &os.ProcAttr{
		Dir: dir, Env: env, Files: []*os.File{null, out[0], out[1]},
		Sys: &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL, Credential: credential},
	}
	var p *os.Process
	started := make(chan struct{})
	s.requests <- func() {
		defer close(started)
		p, err = os.StartProcess(argv[0], argv, attr)
	}
	<-started
	if err != nil {
		return nil, err
	}
	return &process{pid: p.Pid, os: p}, nil
}

// wait waits for the end of the process, ends what it left behind in its session,
// and returns the wait status as wait(2) gives it.
func (p *process) wait() int {
	// Not reaped yet, so neither its pid nor its session id can be anyone else's.
	for {
		if err := unix.Waitid(unix.P_PID, p.pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != unix.EINTR {
			break
		}
	}
	killAll(func() []int { return p.members(false) })
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaped = true
	state, err := p.os.Wait()
	if err != nil {
		return -1
	}
	status, _ := state.Sys().(syscall.WaitStatus)
	return int(status)
}

// kill ends the process, its session and all their descendants.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		killAll(func() []int { return p.members(true) })
	}
}

// killAll stops what find gives until it gives nothing new, so that nobody forks
// away, then kills all.
func killAll(find func() []int) {
	stopped := map[int]bool{}
	for range 20 {
		grown := false
		for _, pid := range find() {
			if !stopped[pid] {
				stopped[pid], grown = true, true
				_ = syscall.Kill(pid, syscall.SIGSTOP) // it may be gone by now
			}
		}
		if !grown {
			break
		}
	}
	for pid := range stopped {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	// They die at once, but not in no time; nothing of them must be seen afterwards.
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline) && len(find()) > 0; {
		time.Sleep(5 * time.Millisecond)
	}
}

// members lists the living processes of the session, and with all, those that
// descend from them.
func (p *process) members(all bool) []int {
	table := processTable()
	member := map[int]bool{}
	for _, q := range table {
		member[q.pid] = q.session == p.pid
	}
	for grown := all; grown; {
		grown = false
		for _, q := range table {
			if !member[q.pid] && member[q.parent] {
				member[q.pid], grown = true, true
			}
		}
	}
	var out []int
	for _, q := range table {
		if member[q.pid] && !q.dead {
			out = append(out, q.pid)
		}
	}
	return out
}

type processEntry struct {
	pid, parent, session int
	dead                 bool
}

func processTable() []processEntry {
	var out []processEntry
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well-formed
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil {
			if entry, err := parseStat(string(text)); err == nil {
				out = append(out, entry)
			}
		}
	}
	return out
}

// parseStat reads proc(5) stat: "pid (name) state ppid pgrp session ...".
func parseStat(text string) (processEntry, error) {
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return processEntry{}, fmt.Errorf("not a stat line: %.40q", text)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(text[:open]))
	fields := strings.Fields(text[end+1:])
	if err != nil || len(fields) < 4 {
		return processEntry{}, fmt.Errorf("not a stat line: %.40q", text)
	}
	parent, _ := strconv.Atoi(fields[1])
	session, _ := strconv.Atoi(fields[3])
	return processEntry{pid: pid, parent: parent, session: session, dead: fields[0] == "Z" || fields[0] == "X"}, nil
}
