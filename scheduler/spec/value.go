package spec

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// text is the value of a key with ${...} expanded and blanks cut off, or the default where it is unset or empty.
func (r *reader) text(key, missing string) string {
	if _, set := r.site.Get(key); !set {
		return missing
	}
	site := r.site
	// A site file may not hold alluxio.version, yet old ones use it in the URL of the tarball.
	if _, set := site.Get("alluxio.version"); !set {
		site = site.Clone()
		site.Set("alluxio.version", r.d.versionOrDefault())
	}
	value, _, err := site.Resolve(key)
	if err != nil {
		r.refuse(key, err.Error(), "write the value out")
		return missing
	}
	if value = strings.TrimSpace(value); value == "" {
		return missing
	}
	return value
}

func (d Deployment) versionOrDefault() string {
	if d.Version == (alluxio.Version{}) {
		return DefaultVersion
	}
	return d.Version.String()
}

func (r *reader) size(key string, missing int64) int64 {
	text := r.text(key, "")
	if text == "" {
		return missing
	}
	size, err := alluxio.ParseSize(text)
	switch {
	case err != nil || size < 0:
		r.refuse(key, "this is no size", "write a number and a unit, such as "+alluxio.FormatSize(missing))
	case size > maxSize:
		r.refuse(key, "no machine has as much memory", "write at most "+alluxio.FormatSize(maxSize))
	default:
		return size
	}
	return missing
}

// maxSize keeps sums of sizes far from overflowing.
const maxSize = 1 << 50

func (r *reader) cpus(key string, missing float64) float64 {
	text := r.text(key, "")
	if text == "" {
		return missing
	}
	cpus, err := strconv.ParseFloat(text, 64)
	if err != nil || !(cpus >= 0.01 && cpus <= 1<<20) {
		r.refuse(key, "this is no number of cpus", "write a number such as 1 or 0.5 (at least 0.01, which Mesos wants)")
		return missing
	}
	return cpus
}

func (r *reader) count(key string, missing, low int) int {
	text := r.text(key, "")
	if text == "" {
		return missing
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > 1<<20 {
		r.refuse(key, "this is no count", fmt.Sprintf("write a whole number from %d on", low))
		return missing
	}
	return n
}

func (r *reader) port(key string, missing, low int) int {
	text := r.text(key, "")
	if text == "" {
		return missing
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > 65535 {
		r.refuse(key, "this is no port", fmt.Sprintf("write a number from %d to 65535", low))
		return missing
	}
	return n
}

func (r *reader) duration(key string, missing time.Duration) time.Duration {
	text := r.text(key, "")
	if text == "" {
		return missing
	}
	d, err := alluxio.ParseDuration(text)
	if err != nil || d < 0 {
		r.refuse(key, "this is no duration", "write a number and a unit, such as 30s, 5min, 1hour or 2weeks")
		return missing
	}
	return d
}

func (r *reader) boolean(key string) bool {
	switch strings.ToLower(r.text(key, "false")) {
	case "true":
		return true
	case "false":
	default:
		r.refuse(key, "this is neither true nor false", "write true or false")
	}
	return false
}

// folder is an absolute path without the likes of "..".
func (r *reader) folder(key, missing string) string {
	text := r.text(key, missing)
	if text == "" {
		return ""
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		r.refuse(key, "there are control characters in this path", "write an absolute path, such as "+example(missing))
		return missing
	}
	if !path.IsAbs(text) || path.Clean(text) == "/" {
		r.refuse(key, "this is no folder of its own", "write an absolute path below /, such as "+example(missing))
		return missing
	}
	return path.Clean(text)
}

func example(folder string) string {
	if folder == "" {
		return "/opt/alluxio-mesos"
	}
	return folder
}
