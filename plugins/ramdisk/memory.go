package ramdisk

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// room is the memory that a ramdisk could have. A tmpfs reserves nothing: it can be made
// larger than what there is, and then whoever needs memory next is killed when it fills.
type room struct {
	total    int64  // of the node
	free     int64  // of the node, without what other ramdisks of this plugin may still grow by
	limit    int64  // of the control group that what is written will count against
	limitsBy string // the file that says so
}

func lookAround() (room, error) {
	total, free, err := memory()
	if err != nil {
		return room{}, err
	}
	mounted, err := ours()
	if err != nil {
		return room{}, err
	}
	r := room{total: total, free: max(0, free-growth(mounted))}
	r.limit, r.limitsBy, err = groupLimit()
	return r, err
}

// growth is what mounts may still grow by. That of another user may not tell.
func growth(mounted []mount) (bytes int64) {
	for _, m := range mounted {
		var st unix.Statfs_t
		if unix.Statfs(m.point, &st) == nil {
			bytes += int64(st.Bfree) * st.Bsize
		}
	}
	return bytes
}

// fits says why the size cannot be had, or not now. Where overcommit is set, what is only
// not free now makes a notice.
func (r room) fits(size int64, overcommit bool) (notice string, err error) {
	switch {
	case size > r.total:
		return "", permanent("it should have %s, but this node has %s of memory; lower alluxio.worker.ramdisk.size", human(size), human(r.total))
	case size > r.limit:
		return "", permanent("it should have %s, but the task's container may have %s of memory (%s), and what is in a ramdisk counts; "+
			"lower alluxio.worker.ramdisk.size", human(size), human(r.limit), r.limitsBy)
	case size <= r.free:
		return "", nil
	}
	text := fmt.Sprintf("it should have %s, but only %s of the node's memory are free and promised to no other ramdisk", human(size), human(r.free))
	if overcommit {
		return text, nil
	}
	return "", errors.New(text + "; lower alluxio.worker.ramdisk.size, end what else runs there, or set overcommit=yes for the " +
		"ramdisk plugin, which then only says so")
}

// memory tells how much the node has, and how much of it is free.
func memory() (total, free int64, err error) {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, 0, err
	}
	total, free = meminfo(string(data))
	if total == 0 {
		return 0, 0, errors.New("/proc/meminfo does not tell the memory of this node")
	}
	return total, free, nil
}

func meminfo(text string) (total, free int64) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		kb, err := strconv.ParseInt(fields[1], 10, 64)
		switch {
		case err != nil:
		case fields[0] == "MemTotal:":
			total = kb << 10
		case fields[0] == "MemAvailable:":
			free = kb << 10
		}
	}
	return total, free
}

// groupLimit is the least that this process' control group and those above it may have of
// memory; the largest number if nothing limits it.
func groupLimit() (limit int64, file string, err error) {
	groups, err := os.ReadFile("/proc/self/cgroup")
	if os.IsNotExist(err) {
		return math.MaxInt64, "", nil // a kernel without control groups
	}
	if err != nil {
		return 0, "", err
	}
	all, err := mounts()
	if err != nil {
		return 0, "", err
	}
	limit, file = leastLimit(string(groups), all)
	return limit, file, nil
}

// leastLimit reads the limits of version 1 (cgroups(7): the group of the controller
// "memory", memory.limit_in_bytes) and of version 2 (the group "0::", memory.max).
func leastLimit(groups string, all []mount) (limit int64, file string) {
	limit = math.MaxInt64
	for line := range strings.Lines(groups) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) < 3 {
			continue
		}
		for _, m := range all {
			name := "memory.max"
			switch {
			case m.fstype == "cgroup2" && fields[0] == "0" && fields[1] == "":
			case m.fstype == "cgroup" && has(fields[1], "memory") && has(m.options, "memory"):
				name = "memory.limit_in_bytes"
			default:
				continue
			}
			if is, at := limitBelow(m, fields[2], name); is < limit {
				limit, file = is, at
			}
		}
	}
	return limit, file
}

// limitBelow goes up from a group to the mount. In a container the mount may show only a
// part of the tree (its root), or the group lie outside of what it shows.
func limitBelow(m mount, group, name string) (limit int64, file string) {
	limit = math.MaxInt64
	inside, err := filepath.Rel(m.root, group)
	if err != nil || inside == ".." || strings.HasPrefix(inside, "../") {
		inside = "."
	}
	for {
		at := filepath.Join(m.point, inside, name)
		data, err := os.ReadFile(at)
		if n, parseErr := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64); err == nil && parseErr == nil && n > 0 && n < limit {
			limit, file = n, at
		}
		if inside == "." {
			return limit, file
		}
		inside = filepath.Dir(inside)
	}
}

func has(list, word string) bool {
	for item := range strings.SplitSeq(list, ",") {
		if item == word {
			return true
		}
	}
	return false
}
