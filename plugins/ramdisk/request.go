package ramdisk

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

func check(r plugins.MountRequest) error {
	if err := checkPath(r.Path); err != nil {
		return err
	}
	if r.Size <= 0 {
		return fmt.Errorf("its size is %d bytes; set alluxio.worker.ramdisk.size", r.Size)
	}
	if err := checkName("framework", r.Framework); err != nil {
		return err
	}
	return checkName("instance", r.Instance)
}

func checkPath(path string) error {
	if !filepath.IsAbs(path) || filepath.Clean(path) != path || path == "/" || strings.ContainsRune(path, 0) {
		return fmt.Errorf("%q is not a plain absolute path; set alluxio.integration.mesos.ramdisk.dir to one", path)
	}
	return nil
}

// checkName takes names that can stand in a label and be a folder.
func checkName(what, name string) error {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`).MatchString(name) {
		return fmt.Errorf("the %s's name %q cannot stand in its label; it takes up to 100 letters, digits, dots, "+
			"dashes and underscores, and begins with a letter or digit", what, name)
	}
	return nil
}

// human is a size as people read it, and exact where it is even.
func human(n int64) string {
	unit, size := "KB", float64(n)/(1<<10)
	for _, larger := range []string{"MB", "GB", "TB"} {
		if size < 1024 {
			break
		}
		unit, size = larger, size/1024
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", size), ".0") + " " + unit
}
