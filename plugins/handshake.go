package plugins

import (
	"github.com/hashicorp/go-plugin"
)

// Kinds of plugins. Go-plugin knows by these names what a plugin serves, and they stand
// in the names of their executables: alluxio-mesos-KIND-NAME.
const (
	KindFetcher = "fetcher"
	KindRamdisk = "ramdisk"
)

// Handshake is the cookie by which a plugin knows that a host started it. The contract
// version (Contract) is negotiated beside it.
func Handshake() plugin.HandshakeConfig {
	return plugin.HandshakeConfig{
		MagicCookieKey:   "ALLUXIO_MESOS_PLUGIN",
		MagicCookieValue: "6a7f3e0c-plugin-of-alluxio-mesos",
	}
}
