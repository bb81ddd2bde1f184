package ramdisk

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// mount is a line of /proc/self/mountinfo, as far as it matters here (proc(5)).
type mount struct {
	root    string // the folder of the file system that is mounted
	options string // of the file system, separated by commas
	point   string
	fstype  string
	source  string
	size    int64 // as the kernel shows it; 0: it does not, where the size is that of half the memory
}

// owner is whose ramdisk the mount is, if it is one.
func (m mount) owner() (owner, bool) {
	if m.fstype != "tmpfs" {
		return owner{}, false
	}
	return parseLabel(m.source)
}

// disk describes the ramdisk. The size stands in the mount table, since a user may not be
// allowed to look at the ramdisk of another.
func (m mount) disk() (disk plugins.Disk, err error) {
	o, _ := m.owner()
	disk = plugins.Disk{Path: m.point, Size: m.size, Framework: o.framework, Instance: o.instance, Kind: "tmpfs"}
	if disk.Size == 0 {
		disk.Size, err = sizeOf(m.point)
	}
	return disk, err
}

func sizeOf(path string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, err
	}
	return int64(st.Blocks) * st.Bsize, nil
}

// readMounts gives the mounts that are on top of their folder: of several at one place the
// last line is the one that is seen.
func readMounts(r io.Reader) ([]mount, error) {
	var mounts []mount
	at := map[string]int{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		m, ok := parseMount(lines.Text())
		if !ok {
			continue
		}
		if i, again := at[m.point]; again {
			mounts[i] = m
			continue
		}
		at[m.point] = len(mounts)
		mounts = append(mounts, m)
	}
	return mounts, lines.Err()
}

// parseMount reads "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [FIELD...] - TYPE SOURCE OPTIONS".
func parseMount(line string) (mount, bool) {
	before, after, ok := strings.Cut(line, " - ")
	left, right := strings.Fields(before), strings.Fields(after)
	if !ok || len(left) < 6 || len(right) < 2 {
		return mount{}, false
	}
	m := mount{root: unescape(left[3]), options: strings.Join(right[2:], ","), point: unescape(left[4]), fstype: right[0], source: unescape(right[1])}
	for option := range strings.SplitSeq(m.options, ",") {
		if kb, ok := strings.CutPrefix(option, "size="); ok {
			if n, err := strconv.ParseInt(strings.TrimSuffix(kb, "k"), 10, 64); err == nil && n > 0 && n < 1<<52 {
				m.size = n << 10
			}
		}
	}
	return m, true
}

// unescape undoes the octal escapes of space, tab, newline, backslash and hash.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && octal(s[i+1]) && octal(s[i+2]) && octal(s[i+3]) {
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func octal(c byte) bool { return c >= '0' && c <= '7' }

func mounts() ([]mount, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readMounts(f)
}

func ours() ([]mount, error) {
	all, err := mounts()
	var found []mount
	for _, m := range all {
		if _, ok := m.owner(); ok {
			found = append(found, m)
		}
	}
	return found, err
}

// mountAt is what is mounted right at path, or nil. The mount table holds no links, so
// those on the way to path are followed first.
func mountAt(path string) (*mount, error) {
	parent, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	real := filepath.Join(parent, filepath.Base(path))
	all, err := mounts()
	for _, m := range all {
		if m.point == real {
			return &m, err
		}
	}
	return nil, err
}
