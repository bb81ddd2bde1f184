package plan

import (
	"fmt"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/offer"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/spec"
)

// Overhead of an executor beside the JVM: itself and its plugins.
const executorCPUs, executorMemory = 0.1, 64

// A sweep only starts a plugin; Mesos wants at least 0.01 cpus and 32 MB for a task.
const sweepCPUs, sweepMemory = 0.01, 32

// deployment answers the plan's questions to the deployment.
type deployment struct{ spec.Deployment }

func (d deployment) process(kind alluxio.Process) spec.Process {
	if kind == alluxio.Worker {
		return d.Worker
	}
	return d.Master
}

func (d deployment) ramdiskMB(kind alluxio.Process) float64 {
	if kind != alluxio.Worker || d.Ramdisk.Plugin == "" {
		return 0
	}
	return float64((d.Ramdisk.Size + spec.MB - 1) / spec.MB)
}

// executorNeed is what the executor of an instance takes: the ramdisk belongs to it, since it outlives the tasks.
func (d deployment) executorNeed(kind alluxio.Process) offer.Amounts {
	return offer.Amounts{CPUs: executorCPUs, Memory: executorMemory + d.ramdiskMB(kind)}
}

// need of an instance without a placement.
func (d deployment) need(kind alluxio.Process) offer.Need {
	process := d.process(kind)
	taskMB := float64(process.Memory.Task / spec.MB)
	n := offer.Need{
		Task:        offer.Amounts{CPUs: process.CPUs, Memory: taskMB},
		Executor:    d.executorNeed(kind),
		AnyPorts:    d.PortSource == spec.PortsOffer,
		Constraints: d.Constraints,
		MemoryParts: fmt.Sprintf("task %g + executor %d", taskMB, executorMemory),
		CPUKeys:     fmt.Sprintf("alluxio.integration.%s.resource.cpu", kind),
		MemoryKeys:  fmt.Sprintf("alluxio.integration.%s.resource.mem", kind),
	}
	if ramdisk := d.ramdiskMB(kind); ramdisk > 0 {
		n.MemoryParts += fmt.Sprintf(" + ramdisk %g", ramdisk)
		n.MemoryKeys += " or alluxio.worker.ramdisk.size"
	}
	for _, port := range process.Ports {
		n.Ports = append(n.Ports, offer.Port{Name: port.Name, Property: port.Property, Number: port.Number})
	}
	if kind == alluxio.Master && d.MasterHost != "" {
		n.Host, n.HostWhy = d.MasterHost, "the master was asked for on host "+d.MasterHost
		n.HostAdvice = "give the host name as the agent announces it (its --hostname), or leave the host out"
	}
	return n
}

// placedNeed asks for the ports that the instance has already. A worker follows ports that were configured since; a
// master's addresses are known to others, so it keeps its own.
func (d deployment) placedNeed(i *instance) offer.Need {
	n := d.need(i.Process)
	n.Host = ""
	if i.Placement == nil {
		return n
	}
	keep := i.Process == alluxio.Master || d.PortSource == spec.PortsOffer
	for at, port := range n.Ports {
		if number, ok := i.Placement.Ports[port.Name]; ok && keep {
			n.Ports[at].Number = number
		}
	}
	// Blocks are registered under the old ports; but a worker whose ports went to another may serve under new ones.
	n.AnyPorts = n.AnyPorts && i.Process != alluxio.Master
	return n
}

func sameHost(a, b string) bool { return strings.EqualFold(a, b) }
