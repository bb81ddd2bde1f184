package ramdisk

import (
	"strings"
)

// owner is whose a ramdisk is. As the source of a mount it stands in the mount table, for
// everyone to see and for the next process to find.
type owner struct{ framework, instance string }

const labelPrefix = "alluxio-mesos:"

func (o owner) label() string { return labelPrefix + o.framework + ":" + o.instance }

func (o owner) String() string { return o.framework + "/" + o.instance }

func parseLabel(source string) (owner, bool) {
	rest, ok := strings.CutPrefix(source, labelPrefix)
	framework, instance, both := strings.Cut(rest, ":")
	if !ok || !both || checkName("", framework) != nil || checkName("", instance) != nil {
		return owner{}, false
	}
	return owner{framework, instance}, true
}
