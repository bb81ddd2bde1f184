package alluxio

// Probe is how to ask a process whether it serves: GET Path on the named port answers 200, or, if TCP is set, the port
// takes a connection.
type Probe struct {
	Path, PortName string
	TCP            bool
}

// ReadinessProbe returns the probe of a process. A standby master has no web server (alluxio.standby.master.web.enabled
// is false by default), but its journal port is open. A job worker is asked at its RPC port, which it opens last: its
// /api/v1/job_worker/info answers 500 for ever in 2.9.6, as a property of the OSS connector has no default.
func ReadinessProbe(p Process, v Version, standby bool) Probe {
	switch {
	case (p == Master || p == JobMaster) && standby && v.AtLeast(2, 0):
		return Probe{PortName: Journal, TCP: true}
	case p == JobWorker:
		return Probe{PortName: RPC, TCP: true}
	case p == JobMaster:
		return Probe{PortName: Web, Path: "/api/v1/job_master/info"}
	}
	return Probe{PortName: Web, Path: "/api/v1/" + string(p) + "/info"}
}
