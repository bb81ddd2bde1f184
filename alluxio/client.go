package alluxio

import (
	"net"
	"strings"
)

// ClientProperties returns what a client of these masters ("host:port") needs in its own site file. Without a job
// service it has to write through: the default of 2.9, ASYNC_THROUGH, leaves persisting to the job service, so that
// files would stay in memory only.
func ClientProperties(masters []string, jobService bool) Properties {
	var p Properties
	switch len(masters) {
	case 0:
	case 1:
		host, port, err := net.SplitHostPort(masters[0])
		if err != nil {
			host, port = masters[0], ""
		}
		p.put("alluxio.master.hostname", host)
		if port != "" {
			p.put("alluxio.master.rpc.port", port)
		}
	default:
		p.put("alluxio.master.rpc.addresses", strings.Join(masters, ","))
	}
	if !jobService {
		p.put("alluxio.user.file.writetype.default", "CACHE_THROUGH")
	}
	return p
}
