// Package trust tells whether a path is one that nobody else can change: what is
// executed or cached must lie where only root and this process' own user can write.
//
// It looks and reports; it mends nothing.
package trust

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	writableByOthers = 0o022
	maxSteps         = 10_000
)

// Path resolves the links in path and checks what it leads to, and every folder above:
// each must belong to root or to this process' user, and nobody else may write there. A
// sticky folder like /tmp may lie above, but is not good enough by itself, since others
// can put things there; a link that another user made is not followed, wherever it leads.
// It returns the resolved path, which is the one to use then.
func Path(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("cannot trust %s: %w", path, err)
	}
	resolved, err := filepath.EvalSymlinks(absolute)
	if err != nil {
		return "", fmt.Errorf("cannot trust %s: %w", path, err)
	}
	if err := checkLinks(absolute); err != nil {
		return "", fmt.Errorf("cannot trust %s: %w", path, err)
	}
	for at := resolved; ; at = filepath.Dir(at) {
		if err := check(at, at != resolved); err != nil {
			return "", fmt.Errorf("cannot trust %s: %w", path, err)
		}
		if at == "/" {
			return resolved, nil
		}
	}
}

// checkLinks goes along a path that was resolved already, and judges who made the links in it.
func checkLinks(path string) error {
	at, left := "/", strings.Split(path, "/")
	for steps := 0; len(left) > 0; steps++ {
		if steps > maxSteps { // somebody changes links meanwhile
			return fmt.Errorf("%s leads through too many links", path)
		}
		next := filepath.Join(at, left[0])
		left = left[1:]
		info, err := os.Lstat(next)
		if err != nil {
			return err
		}
		if info.Mode()&os.ModeSymlink == 0 {
			at = next
			continue
		}
		if err := Judge(next, info, true); err != nil {
			return err
		}
		target, err := os.Readlink(next)
		if err != nil {
			return err
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		left = append(strings.Split(target, "/"), left...)
	}
	return nil
}

func check(path string, above bool) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	return Judge(path, info, above)
}

// Judge applies the rules of Path to one file that was looked at already. Above says that
// it is a folder above the thing in question, which may be sticky.
func Judge(path string, info os.FileInfo, above bool) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("cannot tell who owns %s", path)
	}
	if uid := int(stat.Uid); uid != 0 && uid != os.Geteuid() {
		return fmt.Errorf("%s belongs to user %d, not to root or user %d who runs this; chown it, or choose another place",
			path, uid, os.Geteuid())
	}
	mode := info.Mode()
	if mode.Perm()&writableByOthers == 0 || mode&os.ModeSymlink != 0 {
		return nil
	}
	if above && mode&os.ModeSticky != 0 {
		return nil
	}
	return fmt.Errorf("others may write to %s (%s); chmod go-w %s, or choose another place",
		path, mode, quote(path))
}

func quote(path string) string {
	if strings.ContainsAny(path, " '\"$&;()<>|*?[]\\`") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

// Owner is the user that a file belongs to.
func Owner(info os.FileInfo) (int, error) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, fmt.Errorf("cannot tell who owns %s", info.Name())
	}
	return int(stat.Uid), nil
}
