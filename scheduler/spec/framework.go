package spec

import (
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/offer"
)

// framework names become folder names, parts of Mesos ids and parts of mount labels.
var frameworkName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)

var roleName = regexp.MustCompile(`^(\*|[^-./\s][^\s/]*(/[^-./\s][^\s/]*)*)$`)

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$`)

func (r *reader) framework() {
	d := &r.d
	d.Name = r.text(Prefix+"framework.name", "alluxio")
	if !frameworkName.MatchString(d.Name) {
		r.refuse(Prefix+"framework.name", "it becomes a folder name and a part of Mesos ids",
			"use letters, digits, _ and -, at most 63, beginning with a letter or digit")
	}
	d.User = r.text(Prefix+"user", "")
	d.Role = r.text(Prefix+"role", "*")
	if !roleName.MatchString(d.Role) {
		r.refuse(Prefix+"role", "this is no role of Mesos", "leave it out for *, or give one role")
	}
	d.Principal = r.text(Prefix+"principal", "alluxio")
	d.Secret = NewSecret(r.text(Prefix+"secret", ""))
	d.FailoverTimeout = r.duration(Prefix+"failover.timeout", 14*24*time.Hour)
	d.State = r.folderState()
	r.constraints()
	r.ports()
	r.folders()
	r.listeners()
}

func (r *reader) folderState() string {
	key := Prefix + "state"
	if strings.HasPrefix(r.text(key, ""), "zk://") {
		r.refuse(key, "state in ZooKeeper is not supported by this release", "leave it out, or name a folder on the scheduler's host")
		return ""
	}
	return r.folder(key, "")
}

func (r *reader) constraints() {
	key := Prefix + "constraints"
	constraints, err := offer.ParseConstraints(r.text(key, ""))
	if err != nil {
		r.refuse(key, err.Error(), "for example rack==r1,disk!=slow")
	}
	r.d.Constraints = constraints
}

func (r *reader) ports() {
	key := Prefix + "port.source"
	r.d.PortSource = PortSource(r.text(key, string(PortsFixed)))
	if r.d.PortSource != PortsFixed && r.d.PortSource != PortsOffer {
		r.refuse(key, "there is no such source of ports", "write fixed (the configured ports) or offer (ports out of the offer)")
	}
}

// defaultCacheBytes is what the node cache keeps at most: room for some thirty releases with their JDKs.
const defaultCacheBytes = 20 << 30

// minCacheBytes is less than a release takes, and still more than nobody means by mistake.
const minCacheBytes = 256 * MB

func (r *reader) folders() {
	f := &r.d.Folders
	f.Node = r.folder(Prefix+"node.dir", "/var/lib/alluxio-mesos")
	f.Cache = r.folder(Prefix+"cache.dir", f.Node+"/cache")
	f.Plugins = r.folder(Prefix+"node.plugin.dir", "")
	r.d.PluginDir = r.folder(Prefix+"plugin.dir", "")
	f.CacheBytes = r.size(Prefix+"cache.size", defaultCacheBytes)
	switch {
	case f.CacheBytes == 0:
		r.refuse(Prefix+"cache.size", "a cache without a size holds nothing", "write at least as much as Alluxio and a JDK take unpacked, such as 1GB")
	case f.CacheBytes < minCacheBytes:
		r.refuse(Prefix+"cache.size", "Alluxio and a JDK take some 700MB unpacked, and a smaller cache evicts what the next task needs",
			"write at least "+alluxio.FormatSize(minCacheBytes)+", better 1GB or more")
	}
}

func (r *reader) listeners() {
	d := &r.d
	d.Web.Port = r.port(Prefix+"web.port", 0, 0)
	d.Web.Bind = r.text(Prefix+"web.bind", "127.0.0.1")
	if net.ParseIP(d.Web.Bind) == nil && d.Web.Bind != "localhost" {
		r.refuse(Prefix+"web.bind", "this is no address", "write an IP address of the scheduler's host, such as 127.0.0.1")
	}
	d.Web.TokenFile = r.folder(Prefix+"web.token.file", "")
	d.Artifacts.Bind = r.text(Prefix+"artifact.bind", "")
	if d.Artifacts.Bind != "" && net.ParseIP(d.Artifacts.Bind) == nil {
		r.refuse(Prefix+"artifact.bind", "this is no address", "write an IP address of the scheduler's host, or 0.0.0.0 for all")
	}
	d.Artifacts.Host = r.text(Prefix+"artifact.host", "")
	if !hostName.MatchString(d.Artifacts.Host) && net.ParseIP(d.Artifacts.Host) == nil && d.Artifacts.Host != "" {
		r.refuse(Prefix+"artifact.host", "this is no host", "write a host name or address that the agents can reach, without port or scheme")
	}
}
