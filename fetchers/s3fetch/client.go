package s3fetch

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithy "github.com/aws/smithy-go/middleware"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// newHTTPClient makes the connections' client. It follows no redirect: a signed request
// holds for one host, and what S3 means by one is that the region was wrong.
func newHTTPClient(c config) (*http.Client, error) {
	trusted, err := trusted(c.caFile)
	if err != nil {
		return nil, err
	}
	proxy := c.proxy.ProxyFunc()
	var protocols http.Protocols
	protocols.SetHTTP1(true) // one large stream gains nothing from HTTP/2 but flow control
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                 func(r *http.Request) (*url.URL, error) { return proxy(r.URL) },
			DialContext:           (&net.Dialer{Timeout: c.connectTimeout}).DialContext,
			TLSHandshakeTimeout:   c.connectTimeout,
			TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: trusted},
			ResponseHeaderTimeout: c.stallTimeout,
			MaxIdleConnsPerHost:   c.connections,
			IdleConnTimeout:       c.stallTimeout,
			DisableCompression:    true,
			ReadBufferSize:        64 << 10,
			Protocols:             &protocols,
		},
	}, nil
}

// trusted is what the system trusts and the file's certificates; nil: the system's alone.
func trusted(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, plugins.AsPermanent(fmt.Errorf("cannot read the certificates of %sca.file: %w", prefix, err))
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, plugins.AsPermanent(fmt.Errorf("cannot read the certificates of %sca.file: %s holds none in PEM form", prefix, file))
	}
	return pool, nil
}

// client speaks with the server of an address, in a region. Retrying is the host's, as are
// digests: so both are off here.
func (s *session) client(a address, region string, credentials aws.CredentialsProvider) *s3.Client {
	o := s3.Options{
		Region: region, Credentials: credentials, HTTPClient: s.http, Retryer: aws.NopRetryer{},
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
		APIOptions:                 []func(*smithy.Stack) error{middleware.AddUserAgentKeyValue("alluxio-mesos", s.version)},
	}
	if endpoint := s.endpoint(a); endpoint != "" {
		o.BaseEndpoint, o.UsePathStyle = &endpoint, true
	}
	if s.config.pathStyle != nil {
		o.UsePathStyle = *s.config.pathStyle
	}
	if a.DualStack {
		o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
	}
	if a.FIPS {
		o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
	}
	return s3.New(o)
}

func (s *session) endpoint(a address) string {
	if a.Endpoint != "" || a.AWS {
		return a.Endpoint
	}
	return s.config.endpoint
}
