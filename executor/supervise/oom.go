package supervise

import (
	"bufio"
	"bytes"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// oomKills counts what the kernel killed for want of memory in the memory cgroup of
// this process, where that can be read: memory.events of cgroup v2, memory.oom_control
// of v1 (since Linux 4.13). root is the root of the file system.
func oomKills(root fs.FS) int64 {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0
	}
	lines := bufio.NewScanner(bytes.NewReader(groups))
	for lines.Scan() {
		// hierarchy-ID:controller-list:cgroup-path, see cgroups(7).
		parts := strings.SplitN(lines.Text(), ":", 3)
		if len(parts) != 3 {
			continue
		}
		var file string
		switch {
		case parts[0] == "0" && parts[1] == "":
			file = path.Join("sys/fs/cgroup", parts[2], "memory.events")
		case strings.Contains(","+parts[1]+",", ",memory,"):
			file = path.Join("sys/fs/cgroup/memory", parts[2], "memory.oom_control")
		default:
			continue
		}
		if n, ok := oomCount(root, file); ok {
			return n
		}
	}
	return 0
}

func oomCount(root fs.FS, file string) (int64, bool) {
	data, err := fs.ReadFile(root, file)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name == "oom_kill" {
			n, err := strconv.ParseInt(value, 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
