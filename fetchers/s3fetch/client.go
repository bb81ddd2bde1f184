package s3fetch

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithy "github.com/aws/smithy-go/middleware"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/netconf"
)

// newHTTPClient makes the connections' client. It follows no redirect: a signed request
// holds for one host, and what S3 means by one is that the region was wrong.
func newHTTPClient(c netconf.Config) *http.Client {
	transport := c.Transport()
	transport.ReadBufferSize = 64 << 10
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     transport,
	}
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
