package spec

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// integration is the prefix of everything that is meant for a framework and never for Alluxio itself.
const integration = "alluxio.integration."

// DefaultVersion of Alluxio.
const DefaultVersion = "2.9.6"

// known are the keys of the Java framework and the new ones, without the prefix alluxio.integration.
func known() []string {
	keys := []string{"master.resource.cpu", "master.resource.mem", "worker.resource.cpu", "worker.resource.mem"}
	for _, key := range []string{
		"alluxio.jar.url", "alluxio.jar.checksum", "alluxio.version", "jdk.url", "jdk.checksum", "jdk.path",
		"master.name", "worker.name", "master.node.count", "worker.count", "constraints", "principal", "secret", "role", "user",
		"framework.name", "failover.timeout", "port.source", "ufs.shared", "ramdisk", "ramdisk.dir", "plugin.dir", "node.plugin.dir",
		"node.dir", "cache.dir", "cache.size", "conf.files", "state", "web.port", "web.bind", "web.token.file", "artifact.bind",
		"artifact.host", "master.java.opts", "worker.java.opts", "job-master.java.opts", "job-worker.java.opts", "proxy.java.opts",
	} {
		keys = append(keys, "mesos."+key)
	}
	return keys
}

// renamed are keys of old releases of the Java framework, with what stands in their place (Alluxio PR 3909, 3956).
func renamed() map[string]string {
	return map[string]string{
		"mesos.executor.dependency.path": Prefix + "alluxio.jar.url",
		"mesos.jre.url":                  Prefix + "jdk.url",
		"mesos.jre.path":                 Prefix + "jdk.path",
	}
}

// The scheme of a fetcher has no dot here, so that the two can be told apart.
var (
	fetcherKey = regexp.MustCompile(`^mesos\.fetcher\.([a-z][a-z0-9+-]*)$`)
	pluginKey  = regexp.MustCompile(`^mesos\.(fetcher|ramdisk)\.([a-z0-9][a-z0-9-]*)\.(.+)$`)
)

// keys refuses what is misspelt: Alluxio itself would keep such a key without a word.
func (r *reader) keys() {
	all := known()
	for _, key := range r.site.Keys() {
		name, ours := strings.CutPrefix(key, integration)
		switch {
		case !ours || slices.Contains(all, name) || fetcherKey.MatchString(name) || pluginKey.MatchString(name):
		case strings.HasPrefix(name, "yarn."):
			r.note("%s is for Alluxio on YARN and is not used here", key)
		case renamed()[name] != "":
			r.refuse(key, "this key was renamed", "use "+renamed()[name])
		default:
			r.unknown(key, nearest(name, all))
		}
	}
}

// unknown refuses a key, and names the one that was meant, if one is near. What was meant to be a secret is not shown.
func (r *reader) unknown(key, near string) {
	value, _ := r.site.Get(key)
	value = shown(key, value)
	if alluxio.IsSecret(near) {
		value = "(hidden)"
	}
	wayOut := "remove it; the README has a table of the keys"
	if distance(strings.TrimPrefix(key, integration), near) <= max(2, len(near)/3) {
		wayOut = "did you mean " + integration + near + "?"
	}
	r.problem(fmt.Errorf("%s=%s: there is no such key: %s", key, value, wayOut))
}

func nearest(name string, candidates []string) string {
	return slices.MinFunc(candidates, func(a, b string) int { return distance(name, a) - distance(name, b) })
}

// distance is Levenshtein's: how many letters to insert, remove or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
