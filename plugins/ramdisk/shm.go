package ramdisk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// labelFile stands in a folder that serves as a ramdisk and says whose it is.
const labelFile = ".alluxio-mesos.json"

// shm makes folders of a memory file system serve as ramdisks, where mounting is not
// allowed: BASE/FRAMEWORK/INSTANCE, with a link to it at the ramdisk's path.
type shm struct {
	dir  string // the memory file system
	base string // this user's folder in it
	mode fs.FileMode
}

// label is the content of a label file.
type label struct {
	Path      string `json:"path"`
	Size      int64  `json:"size"`
	Framework string `json:"framework"`
	Instance  string `json:"instance"`
}

func (l label) disk() plugins.Disk {
	return plugins.Disk{Path: l.Path, Size: l.Size, Framework: l.Framework, Instance: l.Instance, Kind: "folder"}
}

func labelOf(r plugins.MountRequest) label {
	return label{Path: r.Path, Size: r.Size, Framework: r.Framework, Instance: r.Instance}
}

func (d *driver) shm() shm {
	c := d.config.Load()
	return shm{dir: c.shm, base: filepath.Join(c.shm, fmt.Sprintf("alluxio-mesos-%d", os.Geteuid())), mode: c.mode}
}

func (s shm) folder(l label) string { return filepath.Join(s.base, l.Framework, l.Instance) }

// reuse takes over the folder that the link at the ramdisk's path leads to.
func (s shm) reuse(link string, r plugins.MountRequest) (plugins.MountResult, error) {
	if filepath.Dir(filepath.Dir(link)) != s.base {
		return plugins.MountResult{}, permanent("a link to %s is there, which is no ramdisk of this user (uid %d); remove it",
			link, os.Geteuid())
	}
	err := s.checkOwn(s.base)
	var is label
	if err == nil {
		is, err = readLabel(link)
	}
	if errors.Is(err, fs.ErrNotExist) { // /dev/shm is emptied by a restart of the node, the link is not
		if err := os.Remove(r.Path); err != nil {
			return plugins.MountResult{}, forbidden(r.Path, err)
		}
		return s.make(r, errNotPermitted)
	}
	want := labelOf(r)
	if err == nil {
		err = is.fits(want)
	}
	if err != nil {
		return plugins.MountResult{}, err
	}
	return s.result(want, true, errNotPermitted), nil
}

// fits says why a folder is not the ramdisk that is wanted.
func (l label) fits(want label) error {
	is, asked := owner{l.Framework, l.Instance}, owner{want.Framework, want.Instance}
	switch {
	case is != asked:
		return permanent("it should be that of %s, but the ramdisk of %s is there", asked, is)
	case l.Path != want.Path:
		return permanent("%s has its ramdisk at %s already", asked, l.Path)
	case l.Size != want.Size:
		return otherSize(l.Size, want.Size)
	}
	return nil
}

// make makes the folder, its label and the link, or takes over a folder whose link is gone.
func (s shm) make(r plugins.MountRequest, why error) (plugins.MountResult, error) {
	want := labelOf(r)
	dir := s.folder(want)
	if err := s.makeOwn(s.base, filepath.Dir(dir), dir); err != nil {
		return plugins.MountResult{}, err
	}
	is, err := readLabel(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = is.fits(want)
		}
		if err == nil {
			err = s.link(dir, r.Path)
		}
		return s.result(want, true, why), err
	}
	if err = s.enough(r.Size); err == nil {
		err = writeLabel(dir, want, s.mode)
	}
	if err == nil {
		err = s.link(dir, r.Path)
	}
	if err != nil {
		return plugins.MountResult{}, errors.Join(err, s.discard(dir))
	}
	return s.result(want, false, why), nil
}

func (s shm) result(l label, reused bool, why error) plugins.MountResult {
	return plugins.MountResult{Disk: l.disk(), Reused: reused, Notice: fmt.Sprintf("%v for this user (uid %d): the folder %s "+
		"stands in for a ramdisk at %s; the kernel does not limit it to its size", why, os.Geteuid(), s.folder(l), l.Path)}
}

// link puts the link where the ramdisk should be, in place of nothing or an empty folder.
func (s shm) link(dir, path string) error {
	removeEmpty(path)
	err := os.Symlink(dir, path)
	if errors.Is(err, fs.ErrExist) {
		return permanent("something is there already (not an empty folder); move it away, or set " +
			"alluxio.integration.mesos.ramdisk.dir to another folder")
	}
	var linkErr *os.LinkError
	if errors.As(err, &linkErr) {
		return forbidden(path, linkErr.Err)
	}
	return err
}

// makeOwn makes folders, outermost first, that no other user may write to. Everyone can
// make files in /dev/shm, so what is there already is not trusted before it was looked at.
func (s shm) makeOwn(dirs ...string) error {
	for _, dir := range dirs {
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return forbidden(dir, err)
		}
		if err := s.checkOwn(dir); err != nil {
			return err
		}
	}
	return nil
}

func (s shm) checkOwn(dir string) error {
	var st unix.Stat_t
	if err := unix.Lstat(dir, &st); err != nil {
		return &fs.PathError{Op: "lstat", Path: dir, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR || int(st.Uid) != os.Geteuid() || (dir == s.base && st.Mode&0o022 != 0) {
		return permanent("%s is not a folder that only this user (uid %d) can write to; have it removed", dir, os.Geteuid())
	}
	return nil
}

// enough checks that the size fits beside what the other folders were promised.
func (s shm) enough(size int64) error {
	var st unix.Statfs_t
	if err := unix.Statfs(s.dir, &st); err != nil {
		return fmt.Errorf("cannot tell the size of %s: %w", s.dir, err)
	}
	if st.Type != unix.TMPFS_MAGIC {
		return permanent("mounting is not permitted for this user (uid %d), and %s is not in memory", os.Geteuid(), s.dir)
	}
	total, free := int64(st.Blocks)*st.Bsize, int64(st.Bavail)*st.Bsize
	if size > total {
		return permanent("it should have %s, but %s, which stands in for a mount, has only %s; lower "+
			"alluxio.worker.ramdisk.size, or let this user (uid %d) mount", human(size), s.dir, human(total), os.Geteuid())
	}
	promised, err := s.promised()
	if err != nil {
		return err
	}
	if size > free-promised {
		return fmt.Errorf("it should have %s, but of %s, which stands in for a mount, only %s are free and promised to nobody; "+
			"lower alluxio.worker.ramdisk.size, or free what others keep there", human(size), s.dir, human(max(free-promised, 0)))
	}
	return nil
}

// promised is what the folders may still grow by.
func (s shm) promised() (int64, error) {
	labels, err := s.list()
	var sum int64
	for _, l := range labels {
		sum += max(0, l.Size-used(s.folder(l)))
	}
	return sum, err
}

func used(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // gone meanwhile
		}
		if info, err := d.Info(); err == nil && d.Type().IsRegular() {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}

// list reads the labels of all folders of this user. A folder that another user put in
// their place holds none.
func (s shm) list() ([]label, error) {
	if s.checkOwn(s.base) != nil {
		return nil, nil
	}
	files, err := filepath.Glob(filepath.Join(s.base, "*", "*", labelFile))
	if err != nil {
		return nil, err
	}
	var labels []label
	for _, file := range files {
		dir := filepath.Dir(file)
		l, err := readLabel(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed just now
		}
		if err != nil {
			return nil, err
		}
		if s.folder(l) == dir {
			labels = append(labels, l)
		}
	}
	return labels, nil
}

// remove removes the folders that serve at the path, with their content, and the link.
func (s shm) remove(path string) error {
	labels, err := s.list()
	if err != nil {
		return err
	}
	for _, l := range labels {
		if l.Path != path {
			continue
		}
		dir := s.folder(l)
		if to, err := os.Readlink(path); err == nil && to == dir {
			if err := os.Remove(path); err != nil {
				return forbidden(path, err)
			}
		}
		if err := s.discard(dir); err != nil {
			return err
		}
		removeFolders(path, l.Framework)
	}
	return nil
}

// discard removes a folder; its label goes last, so that one half removed is found again.
func (s shm) discard(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == labelFile {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	removeEmpty(filepath.Dir(dir), s.base)
	return nil
}

func readLabel(dir string) (label, error) {
	file := filepath.Join(dir, labelFile)
	data, err := os.ReadFile(file)
	if err != nil {
		return label{}, err
	}
	var l label
	if err := json.Unmarshal(data, &l); err != nil {
		return label{}, permanent("%s cannot be read (%v); remove the folder", file, err)
	}
	return l, nil
}

// writeLabel makes the folder a ramdisk: the label appears whole or not at all.
func writeLabel(dir string, l label, mode fs.FileMode) error {
	data, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if err := os.Chmod(dir, mode); err != nil {
		return err
	}
	file := filepath.Join(dir, labelFile)
	if err := os.WriteFile(file+".new", data, 0o644); err != nil {
		return fmt.Errorf("cannot write %s: %w", file, cause(err))
	}
	return os.Rename(file+".new", file)
}
