package spec

import (
	"fmt"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// MB is Mesos' unit of memory.
const MB = 1 << 20

// journal decides the journal's type, on which the master's ports depend.
func (r *reader) journal() {
	key := "alluxio.master.journal.type"
	text := r.text(key, "")
	r.d.Journal = strings.ToUpper(text)
	if text == "" {
		// One master needs no quorum. So the two ports of the old documentation are enough, and nothing in the
		// journal depends on the host name.
		r.d.Journal = "UFS"
		r.note("%s is not set: UFS, since there is one master", key)
	}
	if r.d.Journal != "UFS" && r.d.Journal != "EMBEDDED" {
		r.refuse(key, "such a journal cannot be kept for a deployment", "write UFS or EMBEDDED, or leave it out")
	}
	r.site.Set(key, r.d.Journal)
}

func (r *reader) masters() {
	if n := r.count(Prefix+"master.node.count", 1, 1); n > 1 {
		r.refuse(Prefix+"master.node.count", "several masters are not supported by this release", "write 1 or leave it out")
	}
	r.d.Master = r.process(alluxio.Master, "AlluxioMaster")
}

func (r *reader) workers() {
	r.d.WorkerCount = r.count(Prefix+"worker.count", 0, 1)
	r.d.Worker = r.process(alluxio.Worker, "AlluxioWorker")
	r.samePorts()
	for _, idle := range []alluxio.Process{alluxio.JobMaster, alluxio.JobWorker, alluxio.Proxy} {
		if r.text(optionsKey(idle), "") != "" {
			r.note("%s is not used: this release runs masters and workers", optionsKey(idle))
		}
	}
}

func (r *reader) process(kind alluxio.Process, taskName string) Process {
	p := Process{
		Kind:     kind,
		TaskName: r.text(Prefix+string(kind)+".name", taskName),
		CPUs:     r.cpus(integration+string(kind)+".resource.cpu", 1),
	}
	p.Memory, p.Options = r.memory(kind)
	for _, port := range alluxio.Ports(kind, r.d.Version, r.site) {
		number := r.port(port.Property, port.Default, 1)
		p.Ports = append(p.Ports, Port{Name: port.Name, Property: port.Property, Number: number})
	}
	return p
}

// samePorts refuses two processes with one port: master and worker may share an agent.
func (r *reader) samePorts() {
	taken := map[int]string{}
	for _, p := range append(append([]Port{}, r.d.Master.Ports...), r.d.Worker.Ports...) {
		if other, clash := taken[p.Number]; clash {
			r.refuse(p.Property, fmt.Sprintf("%s is %d as well", other, p.Number), "give each its own port")
		}
		taken[p.Number] = p.Property
	}
}
