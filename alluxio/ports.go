package alluxio

import "strings"

// Names of ports.
const (
	RPC     = "rpc"
	Web     = "web"
	Journal = "journal"
	Data    = "data"
)

// Port is a port that a process opens.
type Port struct {
	Name     string // RPC, Web, Journal or Data
	Property string // which sets its number
	Default  int
}

// Ports returns the ports that a process of version v really opens with these properties: the journal port only with
// an embedded journal (the default of 2.x, for a single master too), a data port only in 1.x. The job worker has a
// property for a data port (alluxio.job.worker.data.port), but opens none in 2.9.
func Ports(p Process, v Version, props Properties) []Port {
	if !v.AtLeast(2, 0) {
		return oldPorts(p)
	}
	switch p {
	case Master:
		return withJournal(props, Port{Journal, "alluxio.master.embedded.journal.port", 19200},
			Port{RPC, "alluxio.master.rpc.port", 19998}, Port{Web, "alluxio.master.web.port", 19999})
	case JobMaster:
		return withJournal(props, Port{Journal, "alluxio.job.master.embedded.journal.port", 20003},
			Port{RPC, "alluxio.job.master.rpc.port", 20001}, Port{Web, "alluxio.job.master.web.port", 20002})
	case Worker:
		return []Port{{RPC, "alluxio.worker.rpc.port", 29999}, {Web, "alluxio.worker.web.port", 30000}}
	case JobWorker:
		return []Port{{RPC, "alluxio.job.worker.rpc.port", 30001}, {Web, "alluxio.job.worker.web.port", 30003}}
	case Proxy:
		return []Port{{Web, "alluxio.proxy.web.port", 39999}}
	}
	return nil
}

func withJournal(props Properties, journal Port, ports ...Port) []Port {
	kind, set, err := props.Resolve("alluxio.master.journal.type")
	if err == nil && set && !strings.EqualFold(kind, "EMBEDDED") {
		return ports
	}
	return append(ports, journal)
}

// oldPorts are those of 1.8. Mind the trap: its data port 29999 is the RPC port of 2.x.
func oldPorts(p Process) []Port {
	switch p {
	case Master:
		return []Port{{RPC, "alluxio.master.port", 19998}, {Web, "alluxio.master.web.port", 19999}}
	case Worker:
		return []Port{
			{RPC, "alluxio.worker.port", 29998}, {Data, "alluxio.worker.data.port", 29999},
			{Web, "alluxio.worker.web.port", 30000},
		}
	case Proxy:
		return []Port{{Web, "alluxio.proxy.web.port", 39999}}
	}
	return nil
}
