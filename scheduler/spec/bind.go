package spec

import (
	"fmt"
	"path"
	"strconv"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

// contract is the version of the launch message.
const contract = 1

// SweepProcess is the name under which a launch asks for a sweep.
const SweepProcess = "sweep"

// A master with a long journal takes minutes before it serves.
const startTimeout = 10 * time.Minute

// Target is one process of an instance, placed.
type Target struct {
	Instance string // "master-0"
	Process  alluxio.Process
	Host     string
	Ports    map[string]int // by name
	// Masters are all masters, placed, in their order.
	Masters []Address
	// JournalExpected says that the instance is known to have had a journal.
	JournalExpected bool
}

// Address of a placed master.
type Address struct {
	Host  string
	Ports map[string]int
}

// Bind decides everything that the target is told, and notes which site values had to give way.
func Bind(d Deployment, t Target) (*launchv1.Launch, []string) {
	b := binder{d: d, t: t, properties: d.Properties.Clone()}
	b.clean()
	b.master()
	b.journal()
	process := d.Master
	if t.Process == alluxio.Worker {
		process = d.Worker
		b.worker()
	}
	b.ports(process)
	return &launchv1.Launch{
		Contract: contract, Framework: d.Name, Instance: t.Instance, Process: string(t.Process),
		Alluxio: d.Alluxio.launch(), Jdk: d.JDK.launch(), JdkFallbacks: launches(d.JDKFallbacks), AlluxioVersion: d.Version.String(),
		Properties: b.properties.Map(), JvmOptions: process.Options, ConfFiles: d.ConfFiles,
		Folders: b.folders(), Ramdisk: b.ramdisk(), Fetchers: d.Fetchers,
		Journal: &launchv1.Journal{Needed: t.Process == alluxio.Master, Expected: t.JournalExpected},
		Host:    t.Host, StartTimeoutMillis: startTimeout.Milliseconds(),
	}, b.notes
}

// BindSweep asks for the end of what an instance left on an agent; only workers have a ramdisk.
func BindSweep(d Deployment, instance string, process alluxio.Process) *launchv1.Launch {
	ramdisk := &launchv1.Ramdisk{}
	if process == alluxio.Worker {
		ramdisk = d.RamdiskOf(instance)
	}
	return &launchv1.Launch{
		Contract: contract, Framework: d.Name, Instance: instance, Process: SweepProcess,
		Folders:    d.Folders.message(),
		Ramdisk:    ramdisk,
		Properties: map[string]string{},
	}
}

// RamdiskOf says where the ramdisk of an instance lies.
func (d Deployment) RamdiskOf(instance string) *launchv1.Ramdisk {
	if d.Ramdisk.Plugin == "" {
		return &launchv1.Ramdisk{}
	}
	return &launchv1.Ramdisk{Plugin: d.Ramdisk.Plugin, Path: path.Join(d.Ramdisk.Dir, d.Name, instance), SizeBytes: d.Ramdisk.Size}
}

type binder struct {
	d          Deployment
	t          Target
	properties alluxio.Properties
	notes      []string
}

func (a Artifact) launch() *launchv1.Artifact {
	return &launchv1.Artifact{Source: a.Source, Checksum: a.Checksum, Path: a.Path}
}

func launches(artifacts map[string]Artifact) map[string]*launchv1.Artifact {
	out := map[string]*launchv1.Artifact{}
	for key, a := range artifacts {
		out[key] = a.launch()
	}
	return out
}

// set gives a property the value that placement decided, and notes a site value that disagrees.
func (b *binder) set(key, value string) {
	if site, ok := b.properties.Get(key); ok && site != value {
		b.notes = append(b.notes, fmt.Sprintf("%s: %s=%s of the site file is not used here, it is %s", b.t.Instance, key, site, value))
	}
	b.properties.Set(key, value)
}

// drop takes out what placement, or the executor, decides by other means.
func (b *binder) drop(key, instead string) {
	if site, ok := b.properties.Get(key); ok {
		b.notes = append(b.notes, fmt.Sprintf("%s=%s of the site file is not used: %s", key, site, instead))
		b.properties.Delete(key)
	}
}

func (b *binder) clean() {
	b.properties.Delete("alluxio.home") // the executor knows where the home is on its agent
	b.drop("alluxio.work.dir", "each instance has its own below "+b.d.Folders.Node)
	for _, key := range []string{"alluxio.master.rpc.addresses", "alluxio.master.embedded.journal.addresses",
		"alluxio.worker.container.hostname"} {
		b.drop(key, "the masters and hosts come from the placement")
	}
}

func (b *binder) master() {
	if len(b.t.Masters) > 0 {
		m := b.t.Masters[0]
		b.set("alluxio.master.hostname", m.Host)
		for _, p := range b.d.Master.Ports {
			if number, ok := m.Ports[p.Name]; ok {
				b.set(p.Property, strconv.Itoa(number))
			}
		}
	}
	b.properties.Set(rootUFSKey, b.d.UFS.URI)
	// It asks a server on the internet at each start, and waits for it on a closed network.
	b.prefer("alluxio.master.update.check.enabled", "false")
}

func (b *binder) journal() {
	b.properties.Set("alluxio.master.journal.type", b.d.Journal)
	if b.d.Journal == "UFS" {
		// A new primary waits this long (5 s) for the last one to stop writing. Here there is one
		// master, whose place is held by a lock, so the last one is gone.
		b.prefer("alluxio.master.journal.tailer.shutdown.quiet.wait.time", "0sec")
	}
}

// prefer sets what the site file leaves to Alluxio's default.
func (b *binder) prefer(key, value string) {
	if _, set := b.properties.Get(key); !set {
		b.properties.Set(key, value)
	}
}

func (b *binder) worker() {
	b.set("alluxio.worker.hostname", b.t.Host)
	ramdisk := b.ramdisk()
	if ramdisk.GetPlugin() == "" {
		return
	}
	size := alluxio.FormatSize(ramdisk.SizeBytes)
	b.properties.Set(ramdiskSizeKey, size)
	b.properties.Set(tierAliasKey, "MEM")
	b.properties.Set(tierPathKey, ramdisk.Path)
	b.properties.Set(tierQuotaKey, size)
}

func (b *binder) ports(p Process) {
	for _, port := range p.Ports {
		if number, ok := b.t.Ports[port.Name]; ok {
			b.set(port.Property, strconv.Itoa(number))
		}
	}
}

func (f Folders) message() *launchv1.Folders {
	return &launchv1.Folders{Node: f.Node, Cache: f.Cache, CacheBytes: f.CacheBytes, Plugins: f.Plugins}
}

func (b *binder) folders() *launchv1.Folders {
	f := b.d.Folders.message()
	if b.t.Process == alluxio.Master && b.d.UFS.Default {
		f.RootUfs = b.d.UFS.URI
	}
	return f
}

func (b *binder) ramdisk() *launchv1.Ramdisk {
	if b.t.Process != alluxio.Worker {
		return &launchv1.Ramdisk{}
	}
	return b.d.RamdiskOf(b.t.Instance)
}
