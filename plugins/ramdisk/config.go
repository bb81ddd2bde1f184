package ramdisk

import (
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
)

// config is what can be set below alluxio.integration.mesos.ramdisk.tmpfs.
type config struct {
	// mode of the ramdisk's top folder, in octal (0755). Alluxio makes its own folder
	// inside it, with alluxio.worker.data.folder.permissions.
	mode fs.FileMode
	// shm.dir is the memory file system for where mounting is not allowed (/dev/shm).
	shm string
	// overcommit (no): mount also what the node's free memory does not suffice for now.
	overcommit bool
}

func defaultConfig() config { return config{mode: 0o755, shm: "/dev/shm"} }

func readConfig(values map[string]string) (config, error) {
	c := defaultConfig()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value := values[key]
		switch key {
		case "mode":
			mode, err := strconv.ParseUint(value, 8, 32)
			if err != nil || mode > 0o1777 || mode&0o700 != 0o700 {
				return config{}, fmt.Errorf("cannot configure ramdisk tmpfs: mode is %q; it takes octal digits from 0700 to 1777", value)
			}
			c.mode = fs.FileMode(mode & 0o777)
			if mode&0o1000 != 0 {
				c.mode |= fs.ModeSticky
			}
		case "shm.dir":
			if !filepath.IsAbs(value) {
				return config{}, fmt.Errorf("cannot configure ramdisk tmpfs: shm.dir is %q; it takes an absolute path", value)
			}
			c.shm = filepath.Clean(value)
		case "overcommit":
			if value != "yes" && value != "no" {
				return config{}, fmt.Errorf("cannot configure ramdisk tmpfs: overcommit is %q; it takes yes or no", value)
			}
			c.overcommit = value == "yes"
		default:
			return config{}, fmt.Errorf("cannot configure ramdisk tmpfs: unknown key %q; it has mode, overcommit and shm.dir", key)
		}
	}
	return c, nil
}
