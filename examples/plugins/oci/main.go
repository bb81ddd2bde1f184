// Command oci is an example of a fetcher plugin: it brings artifacts out of OCI registries,
// where many sites keep their software beside their images ("oras push" puts it there).
// Sources are oci://HOST[:PORT]/REPOSITORY:TAG and oci://HOST/REPOSITORY@sha256:DIGEST.
//
// source.go knows registries, fetcher.go moves bytes. It is built as
// alluxio-mesos-fetcher-oci.
package main

import (
	"fmt"
	"os"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// version is set by the linker.
var version = "dev"

func main() {
	cookie := plugins.Handshake()
	if os.Getenv(cookie.MagicCookieKey) != cookie.MagicCookieValue {
		fmt.Fprintf(os.Stderr, "alluxio-mesos-fetcher-oci %s is a plugin of alluxio-mesos; it is not run by hand.\n", version)
		os.Exit(2)
	}
	plugins.ServeFetcher(newFetcher(version))
}
