package suite

import (
	"crypto/tls"
	"encoding/pem"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// identity is the host's side of mutual TLS, with the certificate that plugins/host has.
type identity struct {
	pair        tls.Certificate
	certificate string // PEM, for PLUGIN_CLIENT_CERT
}

func newIdentity(now time.Time) (identity, error) {
	pair, err := plugins.NewCertificate(now)
	if err != nil {
		return identity{}, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
	return identity{pair: pair, certificate: string(text)}, nil
}
