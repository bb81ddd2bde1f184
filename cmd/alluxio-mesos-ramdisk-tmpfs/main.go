// Command alluxio-mesos-ramdisk-tmpfs is a ramdisk plugin of alluxio-mesos: it mounts the folder of a worker's memory tier.
// All it does is in plugins/ramdisk.
package main

import (
	"fmt"
	"os"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/ramdisk"
)

// version is set by the linker.
var version = "dev"

const usage = `alluxio-mesos-ramdisk-tmpfs %s
A ramdisk plugin of alluxio-mesos: it mounts the folder of a worker's memory tier.

It is not run by hand: an executor starts it on its agent. A deployment ships what lies
in alluxio.integration.mesos.plugin.dir under a name alluxio-mesos-(fetcher|ramdisk)-NAME;
properties below alluxio.integration.mesos.ramdisk.tmpfs. configure it.
`

func main() {
	cookie := plugins.Handshake()
	if os.Getenv(cookie.MagicCookieKey) != cookie.MagicCookieValue {
		fmt.Fprintf(os.Stderr, usage, version)
		os.Exit(2)
	}
	plugins.ServeRamdisk(ramdisk.New(version))
}
