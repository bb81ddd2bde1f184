package main

import (
	"fmt"
	"net"
	"regexp"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// reference is a source, taken apart.
type reference struct {
	host, repository string
	version          string // a tag, or sha256:DIGEST
}

// As the distribution specification has them
// (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests).
var (
	validRepository = regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
	validVersion    = regexp.MustCompile(`^([a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}|sha256:[0-9a-f]{64})$`)
	validHost       = regexp.MustCompile(`^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?$`)
)

func parseReference(source string) (reference, error) {
	rest, ok := strings.CutPrefix(source, "oci://")
	host, path, hasPath := strings.Cut(rest, "/")
	r := reference{host: host, repository: path, version: "latest"}
	if name, digest, found := strings.Cut(path, "@"); found {
		r.repository, r.version = name, digest
	} else if name, tag, found := strings.Cut(path, ":"); found {
		r.repository, r.version = name, tag
	}
	if !ok || !hasPath || !validHost.MatchString(r.host) || !validRepository.MatchString(r.repository) || !validVersion.MatchString(r.version) {
		return reference{}, plugins.AsPermanent(fmt.Errorf(
			"%.100q is no artifact of a registry: write oci://HOST/REPOSITORY:TAG or oci://HOST/REPOSITORY@sha256:DIGEST", source))
	}
	return r, nil
}

// loopback hosts speak plain HTTP, as docker and oras have it, too.
func (r reference) loopback() bool {
	host := r.host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
