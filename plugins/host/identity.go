package host

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// identity is the host's side of mutual TLS with one plugin process.
//
// go-plugin's AutoMTLS makes P-521 keys, which the TLS of grpcio (Python) refuses; so the
// host makes a P-256 one and hands over the certificate in the variable that AutoMTLS
// uses, from which go-plugin's server side needs nothing else.
type identity struct {
	tls *tls.Config
	// certificate in PEM, for PLUGIN_CLIENT_CERT.
	certificate string
}

func newIdentity(now time.Time) (identity, error) {
	certificate, err := plugins.NewCertificate(now)
	if err != nil {
		return identity{}, err
	}
	return identity{
		certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})),
		tls: &tls.Config{
			Certificates: []tls.Certificate{certificate},
			MinVersion:   tls.VersionTLS12,
			ServerName:   "localhost",
			// go-plugin puts the plugin's certificate here; one that shows none is trusted by
			// nothing, not by the machine's roots.
			RootCAs: x509.NewCertPool(),
		},
	}, nil
}

// certificateFile is where a plugin may put its certificate (plugins.CertificateEnv).
func certificateFile(tempDir string) string { return filepath.Join(tempDir, "certificate") }

// trust takes the certificate that the plugin put into its private folder, if it did. Its
// process is not spoken to yet.
func (i identity) trust(tempDir string) error {
	text, err := os.ReadFile(certificateFile(tempDir))
	if os.IsNotExist(err) {
		return nil // it came with the handshake
	}
	if err != nil {
		return fmt.Errorf("cannot read its certificate: %w", err)
	}
	i.tls.RootCAs.AppendCertsFromPEM(text) // what is none is trusted by nothing
	return nil
}
