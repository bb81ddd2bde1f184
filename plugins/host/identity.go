package host

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
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
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return identity{}, fmt.Errorf("cannot make a key for the plugin's connection: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return identity{}, fmt.Errorf("cannot make a certificate for the plugin's connection: %w", err)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "localhost", Organization: []string{"alluxio-mesos"}},
		DNSNames:              []string{"localhost"},
		SerialNumber:          serial,
		NotBefore:             now.Add(-time.Hour), // clocks are set back
		NotAfter:              now.AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true, // the plugin's only root
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return identity{}, fmt.Errorf("cannot make a certificate for the plugin's connection: %w", err)
	}
	return identity{
		certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		tls: &tls.Config{
			Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
			MinVersion:   tls.VersionTLS12,
			ServerName:   "localhost",
			// go-plugin puts the plugin's certificate here; one that shows none is trusted by
			// nothing, not by the machine's roots.
			RootCAs: x509.NewCertPool(),
		},
	}, nil
}
