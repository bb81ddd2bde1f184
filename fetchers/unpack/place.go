package unpack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

var (
	errFolder   = errors.New("a folder of this name is there already")
	errNoFolder = errors.New("what is no folder has this name already")
)

// place makes a file or link. An earlier one of the same name gives way, as tar has it.
func (t *tree) place(name string, make func() error) error {
	err := t.below(name, make)
	if errors.Is(err, fs.ErrExist) {
		err = t.replace(name, make)
	}
	return t.wrap(name, err)
}

// below makes something, and the folders above it if they are not there.
func (t *tree) below(name string, make func() error) error {
	err := make()
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dir := path.Dir(name)
	if err := t.count(strings.Count(dir, "/") + 1); err != nil {
		return err
	}
	if err := t.root.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return make()
}

func (t *tree) replace(name string, make func() error) error {
	info, err := t.root.Lstat(name)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return errFolder
	}
	if err := t.root.Remove(name); err != nil {
		return err
	}
	return make()
}

// wrap names the entry. What the kernel says of the name itself is the archive's fault;
// a full disk, say, is not.
func (t *tree) wrap(name string, err error) error {
	var known *plugins.Error
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.ENAMETOOLONG),
		errors.Is(err, errFolder), errors.Is(err, errNoFolder), errors.Is(err, fs.ErrExist), isEscape(err):
		return refuse("entry %s cannot be made: %w", quote(name), cause(err))
	}
	return fmt.Errorf("cannot make %s: %w", quote(name), cause(err))
}

// isEscape knows os.Root's refusal, for which package os has no name.
func isEscape(err error) bool { return strings.Contains(err.Error(), "path escapes from parent") }

// cause is err without the path, which the message names already.
func cause(err error) error {
	var pathErr *fs.PathError
	var linkErr *os.LinkError
	switch {
	case errors.As(err, &pathErr):
		return pathErr.Err
	case errors.As(err, &linkErr):
		return linkErr.Err
	}
	return err
}

// quote makes a name safe and short enough for a message.
func quote(name string) string {
	const most = 200
	if len(name) > most {
		return strconv.Quote(name[:most]) + "..."
	}
	return strconv.Quote(name)
}
