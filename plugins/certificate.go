package plugins

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"time"
)

// CertificateEnv names, in a plugin's environment, the file that the plugin may put its
// certificate into before it says how to reach it. It need not: the line of go-plugin's
// handshake can hold the certificate as well, as its sixth field. But what go-plugin makes
// for that is a P-521 key, which takes a third of the time that a plugin needs to start.
const CertificateEnv = "ALLUXIO_MESOS_PLUGIN_CERTIFICATE"

const clientCertificateEnv = "PLUGIN_CLIENT_CERT" // go-plugin's: that of the host

// serverTLS makes this process an identity of its own and tells the host. It is nil where
// the host did not ask for it.
func serverTLS() (*tls.Config, error) {
	file, host := os.Getenv(CertificateEnv), os.Getenv(clientCertificateEnv)
	if file == "" || host == "" {
		return nil, nil
	}
	hosts := x509.NewCertPool()
	if !hosts.AppendCertsFromPEM([]byte(host)) {
		return nil, errors.New("cannot read the certificate of the host")
	}
	certificate, err := NewCertificate(time.Now())
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, fmt.Errorf("cannot tell the host the certificate: %w", err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{certificate},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    hosts,
		MinVersion:   tls.VersionTLS12,
	}, nil
}

// NewCertificate makes a P-256 key and a certificate of its own for either side of a
// plugin's connection, which takes less than a millisecond.
func NewCertificate(now time.Time) (tls.Certificate, error) {
	fail := func(err error) (tls.Certificate, error) {
		return tls.Certificate{}, fmt.Errorf("cannot make a certificate for the plugin's connection: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fail(err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return fail(err)
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
		IsCA:                  true, // the other side's only root
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return fail(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
