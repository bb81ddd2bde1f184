// Command alluxio-mesos-fetcher-http is a fetcher plugin of alluxio-mesos: it downloads from http and https sources.
// All it does is in fetchers/httpfetch.
package main

import (
	"fmt"
	"os"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/httpfetch"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// version is set by the linker.
var version = "dev"

const usage = `alluxio-mesos-fetcher-http %s
A fetcher plugin of alluxio-mesos: it downloads from http and https sources.

It is not run by hand: an executor starts it on its agent. A deployment ships what lies
in alluxio.integration.mesos.plugin.dir under a name alluxio-mesos-(fetcher|ramdisk)-NAME;
properties below alluxio.integration.mesos.fetcher.http. configure it.
`

func main() {
	cookie := plugins.Handshake()
	if os.Getenv(cookie.MagicCookieKey) != cookie.MagicCookieValue {
		fmt.Fprintf(os.Stderr, usage, version)
		os.Exit(2)
	}
	plugins.ServeFetcher(httpfetch.New(version))
}
