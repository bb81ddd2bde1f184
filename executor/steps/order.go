package steps

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// Order is what the scheduler wants to run.
type Order struct {
	Framework, Instance string
	Process             alluxio.Process
	// Sweep asks only for the removal of what the instance left on this node.
	Sweep bool

	Alluxio, JDK Software
	// VendorJDK is downloaded where JDK names no source and no Java on the node fits; none
	// if its Source is empty.
	VendorJDK Software
	// Version that the deployment is meant for; what the archive holds wins.
	Version string

	Properties alluxio.Properties // with secrets
	JVMOptions []string
	ConfFiles  map[string][]byte

	Node    string // the node folder
	RootUFS string // a local folder to make, or empty
	Ramdisk Ramdisk
	Journal Journal

	StartTimeout time.Duration
}

// Software names an artifact and where it comes from.
type Software struct{ Source, Checksum, Path string }

// Ramdisk that the process needs; none if Plugin is empty.
type Ramdisk struct {
	Plugin, Path string
	Size         int64
}

// Journal says whether the process keeps one, and whether one must exist already.
type Journal struct{ Needed, Expected bool }

// Validate finds what no step could work with. Names become folders, so they must be
// plain.
func (o Order) Validate() error {
	var problems []error
	for what, name := range map[string]string{"framework": o.Framework, "instance": o.Instance} {
		if !plainName(name) {
			problems = append(problems, fmt.Errorf("the %s name %q cannot be the name of a folder", what, name))
		}
	}
	if !filepath.IsAbs(o.Node) {
		problems = append(problems, fmt.Errorf("the node folder %q is not an absolute path (alluxio.integration.mesos.node.dir)", o.Node))
	}
	for name := range o.ConfFiles {
		if !plainName(name) || name == siteFile {
			problems = append(problems, fmt.Errorf("%q cannot be a file of the conf folder (alluxio.integration.mesos.conf.files)", name))
		}
	}
	if o.Ramdisk.Plugin != "" && !filepath.IsAbs(o.Ramdisk.Path) {
		problems = append(problems, fmt.Errorf("the ramdisk path %q is not absolute (alluxio.integration.mesos.ramdisk.dir)", o.Ramdisk.Path))
	}
	if !o.Sweep && !known(o.Process) {
		problems = append(problems, fmt.Errorf("the process %q is not known to this executor", o.Process))
	}
	return errors.Join(problems...)
}

func plainName(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\x00\n")
}

func known(p alluxio.Process) bool {
	switch p {
	case alluxio.Master, alluxio.JobMaster, alluxio.Worker, alluxio.JobWorker, alluxio.Proxy:
		return true
	}
	return false
}
