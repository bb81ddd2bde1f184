package alluxio

import (
	"fmt"
	"regexp"
	"strconv"
)

// Version is a version of Alluxio, such as 2.9.6 or 2.10.0-SNAPSHOT. The zero value is no version.
type Version struct {
	Major, Minor, Patch int
	Suffix              string // what follows, with its separator: "-SNAPSHOT"
}

// ParseVersion reads a version: two or three numbers, and perhaps a suffix.
func ParseVersion(s string) (Version, error) {
	parts := regexp.MustCompile(`^(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?([-.+][0-9A-Za-z][-.+0-9A-Za-z]*)?$`).FindStringSubmatch(s)
	if parts == nil {
		return Version{}, fmt.Errorf("%q is not a version of Alluxio: write it like 2.9.6", s)
	}
	var v Version
	for i, number := range []*int{&v.Major, &v.Minor, &v.Patch} {
		*number, _ = strconv.Atoi(parts[i+1]) // at most four digits, or none for the patch
	}
	v.Suffix = parts[4]
	return v, nil
}

// String returns the version as releases write it.
func (v Version) String() string {
	return fmt.Sprintf("%d.%d.%d%s", v.Major, v.Minor, v.Patch, v.Suffix)
}

// AtLeast says whether v is of the line major.minor or a later one.
func (v Version) AtLeast(major, minor int) bool {
	return v.Major > major || v.Major == major && v.Minor >= minor
}
