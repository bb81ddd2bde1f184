package unpack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
)

// symlink makes a link that stays in the tree: vendors' JDKs hold such. That it does is
// first told from its text; where other links lie on the way, checkLinks tells.
func (t *tree) symlink(name, target string) error {
	switch {
	case name == "." || target == "" || len(target) > t.limits.Name || strings.ContainsRune(target, 0):
		return refuse("entry %s is no link that can be made", quote(name))
	case strings.HasPrefix(target, "/"), leadsOut(path.Join(path.Dir(name), target)):
		// Distributions' own JDKs have such, into /etc; vendors' archives do not.
		return refuse("entry %s is a link that leads out of the archive's folder, to %s; pack the archive anew with the file "+
			"itself (tar --dereference)", quote(name), quote(target))
	}
	t.links = append(t.links, name)
	return t.place(name, func() error { return t.root.Symlink(target, name) })
}

func leadsOut(p string) bool { return p == ".." || strings.HasPrefix(p, "../") }

// hardLink links to a file of the archive that came before. Only to a file: a second
// name for a symbolic link would make its text mean another place.
func (t *tree) hardLink(name, target string) error {
	target, err := t.clean(target)
	if err != nil {
		return fmt.Errorf("entry %s is a hard link: %w", quote(name), err)
	}
	info, err := t.root.Lstat(target)
	if err != nil || !info.Mode().IsRegular() {
		return refuse("entry %s is a hard link to %s, which is no file unpacked before it", quote(name), quote(target))
	}
	if name == target {
		return nil
	}
	return t.place(name, func() error { return t.root.Link(target, name) })
}

// checkLinks follows every link to its end. os.Root refuses what leads out; a link to
// nothing harms nobody.
func (t *tree) checkLinks() error {
	if err := follow(t.root, "", t.links); err != nil {
		return err
	}
	return t.checkTopLinks()
}

// checkTopLinks does the same within a single top folder, which may be taken out of the
// tree: a link to what lies beside it would then lead to what is none of the archive's.
func (t *tree) checkTopLinks() error {
	top, err := TopDir(t.root.Name())
	if err != nil || top == t.root.Name() {
		return err
	}
	root, err := t.root.OpenRoot(path.Base(top))
	if err != nil {
		return fmt.Errorf("cannot look at the unpacked archive: %w", cause(err))
	}
	defer root.Close()
	var below []string
	for _, name := range t.links {
		if name, found := strings.CutPrefix(name, path.Base(top)+"/"); found {
			below = append(below, name)
		}
	}
	return follow(root, path.Base(top)+"/", below)
}

// follow looks at links below root, whose own name in the archive is prefix.
func follow(root *os.Root, prefix string, links []string) error {
	for _, name := range links {
		_, err := root.Stat(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return refuse("entry %s is a link that leads out of the archive's folder, or in a circle: %w", quote(prefix+name), cause(err))
		}
	}
	return nil
}
