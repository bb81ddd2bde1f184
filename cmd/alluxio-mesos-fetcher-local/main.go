// Command alluxio-mesos-fetcher-local is a fetcher plugin of alluxio-mesos: it finds software that lies on the node (LOCAL) and copies files (file:, /PATH).
// All it does is in fetchers/localfetch.
package main

import (
	"fmt"
	"os"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/localfetch"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// version is set by the linker.
var version = "dev"

const usage = `alluxio-mesos-fetcher-local %s
A fetcher plugin of alluxio-mesos: it finds software that lies on the node (LOCAL) and copies files (file:, /PATH).

It is not run by hand: an executor starts it on its agent. A deployment ships what lies
in alluxio.integration.mesos.plugin.dir under a name alluxio-mesos-(fetcher|ramdisk)-NAME;
properties below alluxio.integration.mesos.fetcher.local. configure it.
`

func main() {
	cookie := plugins.Handshake()
	if os.Getenv(cookie.MagicCookieKey) != cookie.MagicCookieValue {
		fmt.Fprintf(os.Stderr, usage, version)
		os.Exit(2)
	}
	plugins.ServeFetcher(localfetch.New(version))
}
