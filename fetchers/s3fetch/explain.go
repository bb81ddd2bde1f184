package s3fetch

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/headers"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/netconf"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

const (
	// slowDownWait is for servers that say "slow down" without how long.
	slowDownWait = 2 * time.Second
	maxTold      = 300
)

func permanent(format string, args ...any) error {
	return plugins.AsPermanent(fmt.Errorf(format, args...))
}

// failure says what an error of a request means to the operator, and what trying again brings.
func (o *object) failure(who identity, region string, err error) error {
	code := codeOf(err)
	switch {
	case status(err) == 0:
		return o.transport(err)
	case code == "PreconditionFailed" || status(err) == http.StatusPreconditionFailed:
		return changed()
	case code == "RequestTimeTooSkewed":
		return o.skewed(err)
	case busy(code, status(err)):
		return o.busy(err)
	case strings.HasPrefix(header(err, "Content-Type"), "text/"):
		return permanent("%s answered %d, and not as S3 does; check the endpoint and its port (a web console has another one)",
			o.place(), status(err))
	}
	if right := rightRegion(err); right != "" || status(err) == http.StatusMovedPermanently {
		return o.wrongRegion(err, region, right)
	}
	if text := o.notThere(code, err); text != "" {
		return permanent("%s", text)
	}
	if text := o.notAllowed(code, who, err); text != "" {
		return permanent("%s", text)
	}
	return permanent("the server answered %s", answer(err))
}

func changed() error {
	return plugins.AsChanged(errors.New("the object changed since the download began"))
}

// notThere tells the kinds of 404 apart; empty: it is something else.
func (o *object) notThere(code string, err error) string {
	a := o.address
	switch {
	case code == "NoSuchBucket":
		return fmt.Sprintf("there is no bucket %s at %s", a.Bucket, o.place())
	case code == "NoSuchVersion", a.Version != "" && (status(err) == http.StatusNotFound || code == "InvalidArgument" || code == "InvalidVersionId"):
		return fmt.Sprintf("key %s in bucket %s has no version %s; leave versionId out for the newest", a.Key, a.Bucket, a.Version)
	case status(err) == http.StatusMethodNotAllowed && a.Version != "":
		return fmt.Sprintf("version %s of key %s only says that it was deleted; name an older one", a.Version, a.Key)
	case header(err, "X-Amz-Delete-Marker") == "true":
		return fmt.Sprintf("key %s in bucket %s was deleted; an older version can be named with ?versionId=", a.Key, a.Bucket)
	case code == "NoSuchKey" || status(err) == http.StatusNotFound:
		return fmt.Sprintf("bucket %s has no key %s; check it (capitals count)", a.Bucket, a.Key)
	}
	return ""
}

// notAllowed says which identity was refused, and what to look at; empty: it is something else.
func (o *object) notAllowed(code string, who identity, err error) string {
	switch code {
	case "InvalidAccessKeyId", "InvalidClientTokenId":
		return fmt.Sprintf("the server does not know the access key of %s; is it one for %s?", who, o.place())
	case "SignatureDoesNotMatch":
		return fmt.Sprintf("the secret key does not fit its access key: %s were used. (A proxy that changes requests has the same effect.)", who)
	case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired":
		return fmt.Sprintf("the session token has expired: %s were used; renew them where they come from", who)
	case "InvalidToken":
		return fmt.Sprintf("the server does not know the session token: %s were used", who)
	case "InvalidObjectState":
		return "the object is archived; restore it in S3 first, or copy it to another storage class"
	}
	if status(err) != http.StatusForbidden && status(err) != http.StatusUnauthorized {
		return ""
	}
	text := fmt.Sprintf("access is denied (%d %s): %s were used", status(err), code, who)
	if who.cache == nil {
		return text + "; leave anonymous out, and name credentials that may read it (s3:GetObject)"
	}
	return text + "; they need s3:GetObject for it. (Without s3:ListBucket, S3 says the same of a key that is not there.)"
}

// skewed says by how much the clocks differ.
func (o *object) skewed(err error) error {
	server, parseErr := http.ParseTime(header(err, "Date"))
	if parseErr != nil {
		return permanent("this node's clock is too far from the server's; set it (the server allows 15 minutes)")
	}
	by, side := o.session.now().Sub(server).Round(time.Second), "ahead of"
	if by < 0 {
		by, side = -by, "behind"
	}
	return permanent("this node's clock is %v %s the server's, which allows 15 minutes; set the clock", by, side)
}

func busy(code string, status int) bool {
	switch code {
	case "SlowDown", "ServiceUnavailable", "RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequests", "RequestTimeout",
		"InternalError", "Busy", "XMinioServerNotInitialized":
		return true
	}
	return status == http.StatusTooManyRequests || status == http.StatusRequestTimeout ||
		(status >= 500 && status != http.StatusNotImplemented && status != http.StatusHTTPVersionNotSupported)
}

func (o *object) busy(err error) error {
	wait := headers.RetryAfter(header(err, "Retry-After"), o.session.now())
	slow := status(err) == http.StatusServiceUnavailable || status(err) == http.StatusTooManyRequests
	if wait == 0 && slow {
		wait = slowDownWait
	}
	text := fmt.Errorf("the server is busy or broken: it answered %s", answer(err))
	if slow {
		text = fmt.Errorf("the server asks to slow down: it answered %s", answer(err))
	}
	return &plugins.Error{Kind: plugins.Retryable, RetryAfter: wait, Err: text}
}

func (o *object) wrongRegion(err error, asked, right string) error {
	switch {
	case right != "" && right != asked:
		return permanent("bucket %s is in region %s, not %s; write ?region=%s", o.address.Bucket, right, asked, right)
	case o.session.endpoint(o.address) != "":
		return permanent("the server answered %s: bucket %s is served elsewhere; name that server with ?endpoint=", answer(err), o.address.Bucket)
	}
	return permanent("bucket %s is not in region %s (%s); name its region with ?region=", o.address.Bucket, asked, answer(err))
}

// rightRegion is the region that an answer names: in a header, or in its text ("the
// region 'a' is wrong; expecting 'b'", which some servers write with double quotes).
func rightRegion(err error) string {
	switch status(err) {
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusBadRequest, http.StatusForbidden:
	default:
		return ""
	}
	code := codeOf(err)
	moved := code == "PermanentRedirect" || code == "AuthorizationHeaderMalformed" || code == "Redirect" || code == "TemporaryRedirect" ||
		code == "IncorrectEndpoint" || code == "IllegalLocationConstraintException" || status(err) < http.StatusBadRequest
	if !moved {
		return ""
	}
	if region := header(err, "X-Amz-Bucket-Region"); region != "" && made(region, "-") {
		return region
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		if found := regexp.MustCompile(`expecting ['"]([a-z0-9-]{2,30})['"]`).FindStringSubmatch(api.ErrorMessage()); found != nil {
			return found[1]
		}
	}
	return ""
}

// transport words errors of the connection. What waiting cannot mend is permanent.
func (o *object) transport(err error) error {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var address *net.AddrError
	switch {
	case errors.As(err, &certificate):
		return permanent("the certificate of %s is not trusted on this node: %v; name the authority's with %sca.file", o.place(), certificate.Err, prefix)
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return permanent("%s does not speak https at this port; an endpoint without a scheme means https, so write http://", o.place())
	}
	if errors.As(err, &address) && address.Err == "invalid port" {
		return permanent("the port of %s is none; they go from 1 to 65535", o.place())
	}
	return fmt.Errorf("%s does not answer: %s", o.place(), cause(err))
}

// place is the server, for messages.
func (o *object) place() string {
	if endpoint := o.session.endpoint(o.address); endpoint != "" {
		return redact.URL(endpoint)
	}
	return "AWS in region " + o.currentRegion()
}

// answer is a status with the server's own word for it.
func answer(err error) string {
	text := strconv.Itoa(status(err))
	var api smithy.APIError
	if errors.As(err, &api) {
		text += " " + told(api)
	}
	return text
}

// told is a server's own text, bounded, without what could be secret.
func told(api smithy.APIError) string {
	code, message := api.ErrorCode(), redact.Text(strings.Join(strings.Fields(api.ErrorMessage()), " "))
	if len(message) > maxTold {
		message = strings.ToValidUTF8(message[:maxTold], "") + "..."
	}
	if message == "" || message == code {
		return code
	}
	return code + " (" + message + ")"
}

// cause is the innermost reason of an error of the connection, without the SDK's words around it.
func cause(err error) string {
	var urlErr *url.Error
	if errors.As(err, &urlErr) {
		err = urlErr.Err // it names the URL again
	}
	var op *smithy.OperationError
	for errors.As(err, &op) {
		err = op.Err
		op = nil
	}
	return redact.Text(netconf.Unanswered(err).Error())
}

func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() != "UnknownError" {
		return api.ErrorCode()
	}
	return ""
}

func status(err error) int {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

func header(err error, name string) string {
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.Response != nil && response.Response.Response != nil {
		return response.Response.Header.Get(name)
	}
	return ""
}
