package suite

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// kilobytes of memory of a process: what it has now, and the most that it ever had.
type kilobytes struct{ now, peak int }

// memory reads /proc/PID/status (proc(5)); zero if the process is gone.
func memory(pid int) kilobytes {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return kilobytes{}
	}
	var m kilobytes
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		n, _ := strconv.Atoi(fields[1])
		switch fields[0] {
		case "VmRSS:":
			m.now = n
		case "VmHWM:":
			m.peak = n
		}
	}
	return m
}

// processesOf are those of a process group, and those that work below a folder, with
// their command lines.
func processesOf(group int, dir string) map[int]string {
	found := map[int]string{}
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		of, _ := syscall.Getpgid(pid)
		cwd, _ := os.Readlink(filepath.Join("/proc", entry.Name(), "cwd"))
		if (group > 1 && of == group) || (dir != "" && strings.HasPrefix(cwd+"/", dir+"/")) {
			line, _ := os.ReadFile(filepath.Join("/proc", entry.Name(), "cmdline"))
			if len(line) > 0 { // a zombie has none
				found[pid] = strings.ReplaceAll(strings.TrimRight(string(line), "\x00"), "\x00", " ")
			}
		}
	}
	return found
}
