package cache

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// filesHead begins a list of files, and filesEnd ends it: a list that was cut short is none.
const (
	filesHead = "alluxio-mesos cache 1\n"
	filesEnd  = "end "
)

// listed is one file of an entry, as it was put there.
type listed struct {
	path     string
	kind     byte   // one of - d l
	mode     uint32 // permission bits; 0 for links, which have none
	size     int64  // of a regular file
	modified int64  // in nanoseconds; 0 for a folder, which changes with what comes and goes in it
}

// look makes the line of what is at a path.
func look(path string, stat *unix.Stat_t) listed {
	f := listed{path: path, kind: '?', mode: stat.Mode & 0o7777}
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		f.kind = 'd'
	case unix.S_IFLNK:
		f.kind, f.mode, f.modified = 'l', 0, stat.Mtim.Nano()
	case unix.S_IFREG:
		f.kind, f.size, f.modified = '-', stat.Size, stat.Mtim.Nano()
	}
	return f
}

// differs says how what is there is not what was put there; empty: it does not.
func (f listed) differs(now listed) string {
	switch {
	case f.kind != now.kind:
		return "is not what it was unpacked as"
	case f.size != now.size:
		return fmt.Sprintf("has %d bytes, not %d", now.size, f.size)
	case f.modified != now.modified:
		return "was changed after it was unpacked"
	case f.mode&^now.mode != 0 || now.mode&^f.mode&0o7000 != 0:
		return fmt.Sprintf("has mode %04o, not %04o", now.mode, f.mode)
	}
	return ""
}

// formatList writes a list. A path goes to the end of its line, quoted only if it must be.
func formatList(files []listed) []byte {
	out := []byte(filesHead)
	for _, f := range files {
		out = append(out, f.kind, ' ')
		out = strconv.AppendUint(out, uint64(f.mode), 8)
		out = append(out, ' ')
		out = strconv.AppendInt(out, f.size, 10)
		out = append(out, ' ')
		out = strconv.AppendInt(out, f.modified, 10)
		out = append(out, ' ')
		out = append(out, quotePath(f.path)...)
		out = append(out, '\n')
	}
	out = append(out, filesEnd...)
	out = strconv.AppendInt(out, int64(len(files)), 10)
	return append(out, '\n')
}

func quotePath(path string) string {
	if strings.ContainsAny(path, "\n\"") {
		return strconv.Quote(path)
	}
	return path
}

func unquotePath(text string) (string, error) {
	if strings.HasPrefix(text, `"`) {
		return strconv.Unquote(text)
	}
	return text, nil
}

var errList = errors.New("its list of files is damaged")

// parseList reads a list.
func parseList(data []byte) ([]listed, error) {
	text, ok := strings.CutPrefix(string(data), filesHead)
	if !ok {
		return nil, errors.New("its list of files is damaged, or of another version")
	}
	files := make([]listed, 0, bytes.Count(data, []byte("\n")))
	for {
		line, rest, ok := strings.Cut(text, "\n")
		if !ok {
			return nil, errList
		}
		if count, isEnd := strings.CutPrefix(line, filesEnd); isEnd {
			if count != strconv.Itoa(len(files)) || rest != "" {
				return nil, errList
			}
			return files, nil
		}
		f, err := parseLine(line)
		if err != nil {
			return nil, errList
		}
		files = append(files, f)
		text = rest
	}
}

func parseLine(line string) (f listed, err error) {
	kind, rest, ok1 := strings.Cut(line, " ")
	mode, rest, ok2 := strings.Cut(rest, " ")
	size, rest, ok3 := strings.Cut(rest, " ")
	modified, path, ok4 := strings.Cut(rest, " ")
	if !ok1 || !ok2 || !ok3 || !ok4 || len(kind) != 1 {
		return f, errList
	}
	f.kind = kind[0]
	bits, err1 := strconv.ParseUint(mode, 8, 32)
	f.mode = uint32(bits)
	var err2, err3, err4 error
	f.size, err2 = strconv.ParseInt(size, 10, 64)
	f.modified, err3 = strconv.ParseInt(modified, 10, 64)
	f.path, err4 = unquotePath(path)
	if !filepath.IsLocal(f.path) {
		return f, errList
	}
	return f, errors.Join(err1, err2, err3, err4)
}

const (
	// checkers look at files side by side, each at as many as are worth it: a system call a
	// file is nearly all that a check costs.
	checkers   = 4
	worthwhile = 200
)

// check compares what lies below tree with the list, and says whether somebody else could
// have written there: a *DamagedError's reason.
func (c *Cache) check(tree string, files []listed) (damage string) {
	root, err := unix.Open(tree, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Sprintf("cannot look at %s: %v", tree, err)
	}
	defer unix.Close(root)
	var (
		all     sync.WaitGroup
		damages [checkers]string
		chunk   = max(worthwhile, (len(files)+checkers-1)/checkers)
	)
	for i := range checkers {
		part := files[min(i*chunk, len(files)):min((i+1)*chunk, len(files))]
		if len(part) > 0 {
			all.Go(func() { damages[i] = c.checkPart(root, tree, part) })
		}
	}
	all.Wait()
	return cmp.Or(damages[:]...)
}

func (c *Cache) checkPart(root int, tree string, files []listed) (damage string) {
	var stat unix.Stat_t
	for i := range files {
		f := &files[i]
		if err := fstatat(root, f.path, &stat); err != nil {
			return fmt.Sprintf("cannot look at %s: %v", filepath.Join(tree, f.path), err)
		}
		if err := c.judge(tree, f.path, &stat); err != nil {
			return err.Error()
		}
		if how := f.differs(look(f.path, &stat)); how != "" {
			return filepath.Join(tree, f.path) + " " + how
		}
	}
	return ""
}

func fstatat(root int, path string, stat *unix.Stat_t) error {
	for {
		err := unix.Fstatat(root, path, stat, unix.AT_SYMLINK_NOFOLLOW)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// judge is trust.Judge, but for what is as it should be far cheaper, and for a cache of
// the user who owns it.
func (c *Cache) judge(tree, path string, stat *unix.Stat_t) error {
	link := stat.Mode&unix.S_IFMT == unix.S_IFLNK
	trusted := stat.Uid == 0 || int(stat.Uid) == c.owner
	if trusted && (link || stat.Mode&0o022 == 0) {
		return nil
	}
	full := filepath.Join(tree, path)
	if !trusted {
		return fmt.Errorf("%s belongs to user %d, not to root or user %d, whose cache it is", full, stat.Uid, c.owner)
	}
	return fmt.Errorf("others may write to %s (%s)", full, fs.FileMode(stat.Mode&0o777))
}

// block is what a file takes on most disks at least.
const block = 4096

// seal takes away all rights to write below tree, lists what is there, and adds up the
// room that it takes. A file with several names counts once.
func seal(tree string) (files []listed, bytes int64, err error) {
	seen := map[uint64]bool{}
	err = filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(tree, path)
		if err != nil {
			return err
		}
		var stat unix.Stat_t
		if err := fstatat(unix.AT_FDCWD, path, &stat); err != nil {
			return &fs.PathError{Op: "lstat", Path: path, Err: err}
		}
		if mode := stat.Mode & 0o7777; entry.Type()&fs.ModeSymlink == 0 && mode&0o7222 != 0 {
			stat.Mode = stat.Mode&^0o7777 | mode&0o555
			if err := syscall.Chmod(path, mode&0o555); err != nil {
				return &fs.PathError{Op: "chmod", Path: path, Err: err}
			}
		}
		files = append(files, look(name, &stat))
		if stat.Nlink == 1 || entry.IsDir() || !seen[stat.Ino] {
			seen[stat.Ino] = stat.Nlink > 1 && !entry.IsDir()
			bytes += max(1, (stat.Size+block-1)/block) * block
		}
		return nil
	})
	return files, bytes, err
}
