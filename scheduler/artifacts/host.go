package artifacts

import (
	"context"
	"fmt"
	"net"
	"strings"
)

// HostToward returns the local address from which the Mesos at the given address is reached: agents, which reach the
// same Mesos, reach it most likely. Nothing is sent.
func HostToward(ctx context.Context, mesos string) (string, error) {
	address := firstAddress(mesos)
	var dialer net.Dialer
	// Connecting a UDP socket only asks the kernel for a route.
	conn, err := dialer.DialContext(ctx, "udp", address)
	if err != nil {
		return "", fmt.Errorf("cannot find the address from which Mesos at %s is reached: %w: check the address of Mesos, or set "+
			"alluxio.integration.mesos.artifact.host to the address of this host that the agents reach", address, err)
	}
	defer func() { _ = conn.Close() }()
	return conn.LocalAddr().(*net.UDPAddr).IP.String(), nil
}

// firstAddress is the first host:port of "host:port,...", "http://...", or "zk://...".
func firstAddress(mesos string) string {
	port := "5050"
	if scheme, rest, ok := strings.Cut(mesos, "://"); ok {
		mesos = rest
		switch scheme {
		case "zk":
			port = "2181"
		case "https":
			port = "443"
		}
	}
	mesos, _, _ = strings.Cut(mesos, "/")
	mesos, _, _ = strings.Cut(mesos, ",")
	if at := strings.LastIndex(mesos, "@"); at >= 0 {
		mesos = mesos[at+1:]
	}
	if _, _, err := net.SplitHostPort(mesos); err != nil {
		return net.JoinHostPort(strings.Trim(mesos, "[]"), port)
	}
	return mesos
}
