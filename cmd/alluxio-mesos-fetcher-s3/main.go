// Command alluxio-mesos-fetcher-s3 is a fetcher plugin of alluxio-mesos: it downloads from S3, with s3:// and s3:: sources.
// All it does is in fetchers/s3fetch.
package main

import (
	"fmt"
	"os"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/s3fetch"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// version is set by the linker.
var version = "dev"

const usage = `alluxio-mesos-fetcher-s3 %s
A fetcher plugin of alluxio-mesos: it downloads from S3, with s3:// and s3:: sources.

It is not run by hand: an executor starts it on its agent. A deployment ships what lies
in alluxio.integration.mesos.plugin.dir under a name alluxio-mesos-(fetcher|ramdisk)-NAME;
properties below alluxio.integration.mesos.fetcher.s3. configure it.
`

func main() {
	cookie := plugins.Handshake()
	if os.Getenv(cookie.MagicCookieKey) != cookie.MagicCookieValue {
		fmt.Fprintf(os.Stderr, usage, version)
		os.Exit(2)
	}
	plugins.ServeFetcher(s3fetch.New(version))
}
