package mesostest

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// processOfSandbox finds the executor that an agent started in a sandbox: of the
// processes with this MESOS_SANDBOX the one whose parent has another or none.
func processOfSandbox(dir string) int {
	inside := map[int]bool{}
	eachProcess(func(pid int) {
		if environmentHas(pid, "MESOS_SANDBOX="+dir) {
			inside[pid] = true
		}
	})
	for pid := range inside {
		if !inside[parent(pid)] {
			return pid
		}
	}
	return 0
}

// killInside ends processes that work below a folder: what an executor left that
// its agent could not end, the agent being killed first.
func killInside(dir string) {
	eachProcess(func(pid int) {
		wd, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/cwd")
		if err == nil && strings.HasPrefix(wd, dir+"/") {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone by now
		}
	})
}

func eachProcess(f func(pid int)) {
	entries, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well-formed
	for _, entry := range entries {
		if pid, err := strconv.Atoi(filepath.Base(entry)); err == nil {
			f(pid)
		}
	}
}

func environmentHas(pid int, variable string) bool {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	for _, v := range strings.Split(string(text), "\x00") {
		if v == variable {
			return true
		}
	}
	return false
}

func parent(pid int) int {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 2 {
		return 0
	}
	ppid, _ := strconv.Atoi(fields[1])
	return ppid
}
