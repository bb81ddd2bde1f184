package dev

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/internal/freeports"
	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/devcluster"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/spec"
)

const (
	ramdiskPlugin = "tmpfs"
	masterHost    = "127.0.0.1"
	megabyte      = 1 << 20

	nameKey     = spec.Prefix + "framework.name"
	sourceKey   = spec.Prefix + "alluxio.jar.url"
	checksumKey = spec.Prefix + "alluxio.jar.checksum"
	jdkKey      = spec.Prefix + "jdk.url"
	jdkPathKey  = spec.Prefix + "jdk.path"
)

// quickStart makes a JVM serve in half the time, for less speed later on: right where it
// lives for minutes.
const quickStart = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"

// usualPorts are what people expect Alluxio at; the first agent offers them if free.
var usualPorts = []int{19998, 19999, 29999, 30000, 19200}

// deployment is what dev asks for, with the operator's properties on top.
func (c Config) deployment() (spec.Deployment, error) {
	site, err := c.properties()
	if err != nil {
		return spec.Deployment{}, err
	}
	return spec.Read(site, spec.Options{MasterHost: masterHost, ConfDir: c.ConfDir, ReadFile: c.ReadFile})
}

func (c Config) properties() (alluxio.Properties, error) {
	ours := alluxio.FromMap(map[string]string{
		spec.Prefix + "port.source":           string(spec.PortsOffer),
		spec.Prefix + "ufs.shared":            "true", // all agents are this machine
		spec.Prefix + "node.dir":              c.node(),
		spec.Prefix + "cache.dir":             c.cache(),
		spec.Prefix + "ramdisk.dir":           c.ramdisks(),
		spec.Prefix + "artifact.bind":         masterHost,
		spec.Prefix + "artifact.host":         masterHost,
		"alluxio.worker.ramdisk.size":         "256MB",
		"alluxio.master.update.check.enabled": "false", // a laptop may be offline
		spec.Prefix + "master.java.opts":      quickStart,
		spec.Prefix + "worker.java.opts":      quickStart,
		// How long a new master waits for workers before it serves: there are few here.
		"alluxio.master.worker.connect.wait.time": "1sec",
	})
	if _, chosen := c.Site.Get(sourceKey); !chosen {
		tarball, checksum, err := c.tarball()
		if err != nil {
			return ours, err
		}
		ours.Set(sourceKey, tarball)
		ours.Set(checksumKey, checksum)
	}
	_, source := c.Site.Get(jdkKey)
	_, path := c.Site.Get(jdkPathKey)
	if java := c.java(); java != "" && !source && !path {
		ours.Set(jdkPathKey, java)
	}
	site := alluxio.Merge(ours, c.Site)
	site.Set(nameKey, c.framework()) // a site file for another deployment may name that
	return site, nil
}

// tarball finds what "make alluxio" built, with its checksum.
func (c Config) tarball() (path, checksum string, err error) {
	pattern := filepath.Join(filepath.Dir(c.Bin), "build", "alluxio-*-bin.tar.gz")
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		return "", "", fmt.Errorf("cannot find an Alluxio tarball (%s): run \"make alluxio\", or name one with -D%s=SOURCE", pattern, sourceKey)
	}
	path = slices.Max(found)
	line, err := os.ReadFile(path + ".sha256")
	if err != nil {
		return "", "", fmt.Errorf("cannot read the checksum of the Alluxio tarball: %w; run \"make alluxio\"", err)
	}
	fields := bytes.Fields(line)
	if len(fields) == 0 {
		return "", "", fmt.Errorf("cannot read the checksum of the Alluxio tarball: %s.sha256 is empty; run \"make alluxio\"", path)
	}
	return path, "sha256:" + string(fields[0]), nil
}

// java is the home of the Java that a shell here would run: agents do not see PATH.
func (c Config) java() string {
	if home := c.Getenv("JAVA_HOME"); home != "" {
		return home
	}
	binary, err := exec.LookPath("java")
	if err != nil {
		return ""
	}
	binary, err = filepath.EvalSymlinks(binary)
	// What a version manager puts into PATH is a script that finds the right Java.
	if err != nil || filepath.Base(binary) != "java" || filepath.Base(filepath.Dir(binary)) != "bin" {
		return ""
	}
	home := filepath.Dir(filepath.Dir(binary))
	if _, err := os.Stat(filepath.Join(home, "lib")); err != nil {
		return ""
	}
	return strings.TrimSuffix(home, "/jre")
}

// agents are as large as the deployment needs: their sizes are what they say, not what
// this machine has. The first one offers the usual ports if this run may have them.
func (c Config) agents(d spec.Deployment, usual bool) ([]devcluster.Agent, error) {
	if c.Agents < 1 {
		return nil, errors.New("cannot run dev: it needs at least one agent")
	}
	var agents []devcluster.Agent
	var taken []int
	for i := range c.Agents {
		var wish []int
		if i == 0 && usual {
			wish = usualPorts
		}
		ports, err := freeports.Find(len(usualPorts)+5, append(wish, fixed(d, i)...), taken)
		if err != nil {
			return nil, err
		}
		taken = append(taken, ports...)
		agents = append(agents, devcluster.Agent{Host: fmt.Sprintf("127.0.0.%d", i+1), Resources: resources(d, ports)})
	}
	return agents, nil
}

// fixed are the ports that the operator insists on; agent 0 has the master.
func fixed(d spec.Deployment, agent int) []int {
	if d.PortSource != spec.PortsFixed {
		return nil
	}
	var ports []int
	for _, p := range d.Worker.Ports {
		ports = append(ports, p.Number)
	}
	if agent == 0 {
		for _, p := range d.Master.Ports {
			ports = append(ports, p.Number)
		}
	}
	return ports
}

func resources(d spec.Deployment, ports []int) []mesos.Resource {
	var ranges []mesos.Range
	for _, port := range ports {
		ranges = append(ranges, mesos.Range{Begin: uint64(port), End: uint64(port)})
	}
	memory := d.Master.Memory.Task + d.Worker.Memory.Task + d.Ramdisk.Size + 1024*megabyte
	return []mesos.Resource{
		{Name: "cpus", Scalar: d.Master.CPUs + d.Worker.CPUs + 2},
		{Name: "mem", Scalar: float64(memory / megabyte)},
		{Name: "disk", Scalar: 10240},
		{Name: "ports", Ranges: ranges},
	}
}
