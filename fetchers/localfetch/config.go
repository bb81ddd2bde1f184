package localfetch

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// config is what can be set below alluxio.integration.mesos.fetcher.local.
type config struct {
	// search holds the patterns of folders in which a JDK may lie, best first.
	// Key jdk.search: patterns with commas between them.
	search []string
}

// defaultConfig looks where Debian, Red Hat, SUSE, Oracle's packages and people put JDKs.
// Mesos passes neither PATH nor JAVA_HOME on, so places are all there is to go by.
func defaultConfig() config {
	return config{search: []string{
		"/usr/lib/jvm/default-java", "/usr/lib/jvm/default", "/usr/lib/jvm/*", "/usr/lib64/jvm/*",
		"/usr/java/*", "/opt/java", "/opt/java*", "/opt/java/*", "/opt/jdk", "/opt/jdk*", "/opt/jdk/*",
		"/opt/jre*", "/usr/local/java", "/usr/local/java/*", "/usr/local/jdk*", "/usr/local/openjdk-*",
	}}
}

func readConfig(values map[string]string) (config, error) {
	c := defaultConfig()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if key != "jdk.search" {
			return config{}, plugins.AsPermanent(fmt.Errorf(
				"cannot configure fetcher local: unknown key %q; it has only jdk.search", key))
		}
		c.search = nil
		for pattern := range strings.SplitSeq(values[key], ",") {
			pattern = strings.TrimSpace(pattern)
			if _, err := filepath.Match(pattern, ""); err != nil || !filepath.IsAbs(pattern) {
				return config{}, plugins.AsPermanent(fmt.Errorf(
					"cannot configure fetcher local: jdk.search holds %q, which is no absolute path or pattern", pattern))
			}
			c.search = append(c.search, pattern)
		}
	}
	return c, nil
}
