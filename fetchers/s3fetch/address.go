package s3fetch

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// address is a source, read. This file is pure.
type address struct {
	Bucket, Key string
	// Version of the object; empty: the newest.
	Version string
	// Region that the source names; empty: it names none.
	Region string
	// Endpoint is the URL of a server; empty: the configured one, or AWS.
	Endpoint string
	// AWS says that the source names a host of AWS, whatever is configured.
	AWS bool
	// DualStack and FIPS are other endpoints of AWS.
	DualStack, FIPS bool
	// Anonymous asks for no credentials.
	Anonymous bool
	// Profile in the shared credentials file; empty: the configured one.
	Profile string
}

// String names the object as messages do.
func (a address) String() string {
	text := "s3://" + a.Bucket + "/" + a.Key
	if a.Version != "" {
		text += " (version " + a.Version + ")"
	}
	return text
}

// parseAddress reads s3://BUCKET/KEY and s3::http(s)://..., whose s3:: the host takes off,
// with go-getter's and our query keys.
func parseAddress(source string) (address, error) {
	u, err := url.Parse(strings.TrimPrefix(source, name+"::"))
	if err != nil {
		return address{}, errors.New("that is no URL; write s3://BUCKET/KEY, with %25 for a percent sign in the key")
	}
	if u.User != nil {
		return address{}, errSecret()
	}
	a := address{}
	if err := a.readQuery(u.RawQuery); err != nil {
		return address{}, err
	}
	switch strings.ToLower(u.Scheme) {
	case "s3":
		err = a.readS3(u)
	case "http", "https":
		err = a.readHTTP(u)
	default:
		err = errors.New("fetcher s3 serves s3://BUCKET/KEY and s3::https://HOST/BUCKET/KEY only")
	}
	if err != nil {
		return address{}, err
	}
	return a, a.check()
}

func errSecret() error {
	return errors.New("it holds credentials, which would be seen in logs and in the status; take them out, and put them into a " +
		"shared credentials file on the agents (alluxio.integration.mesos.fetcher.s3.credentials.file), or name one of its " +
		"profiles with ?profile=NAME")
}

// readQuery reads the query keys; of twice the same the last one counts.
func (a *address) readQuery(raw string) error {
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		value, err := url.QueryUnescape(value)
		if err != nil {
			return errors.New("its query holds a percent sign that begins no escape")
		}
		if err := a.set(key, value); err != nil {
			return err
		}
	}
	return nil
}

func (a *address) set(key, value string) (err error) {
	switch lower := strings.ToLower(key); lower {
	case "region":
		a.Region = value
	case "versionid", "version":
		a.Version = value
	case "profile", "aws_profile":
		a.Profile = value
	case "endpoint":
		a.Endpoint, err = parseEndpoint(value)
	case "anonymous":
		if a.Anonymous, err = strconv.ParseBool(value); err != nil {
			err = fmt.Errorf("anonymous=%q is neither true nor false", value)
		}
	case "aws_access_key_id", "aws_access_key_secret", "aws_secret_access_key", "aws_access_token", "aws_session_token":
		err = errSecret()
	case "awsaccesskeyid", "signature", "x-amz-signature", "x-amz-credential", "x-amz-security-token":
		err = errors.New("it is a signed URL, which holds all that is needed: leave s3:: out, and fetcher http will serve it")
	default:
		// Not the key's value, nor a key that may be a token.
		err = errors.New("its query holds a key that is not understood; there are region, endpoint, versionId, profile and anonymous")
	}
	return err
}

// parseEndpoint reads the address of a server; without a scheme it is https.
func parseEndpoint(value string) (string, error) {
	if !strings.Contains(value, "://") {
		value = "https://" + value
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("the endpoint is no address of a server; write https://HOST or http://HOST:PORT")
	}
	if u.User != nil {
		return "", errSecret()
	}
	if !isHost(u) {
		return "", errors.New("the host of the endpoint holds a character that none may hold")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// isHost says whether the host of a URL is a name or an address: letters, digits, and what
// stands between them. Other alphabets are written in their xn-- form.
func isHost(u *url.URL) bool { return u.Hostname() != "" && made(u.Hostname(), ".-_:") }

// readS3 reads s3://BUCKET/KEY.
func (a *address) readS3(u *url.URL) error {
	if u.Opaque != "" || u.Host == "" {
		return errors.New("it names no bucket; write s3://BUCKET/KEY")
	}
	a.Bucket = u.Host
	return a.setKey(strings.TrimPrefix(u.EscapedPath(), "/"))
}

// readHTTP reads the URL of an object: on AWS in any of its shapes, else in path style.
func (a *address) readHTTP(u *url.URL) error {
	path := strings.TrimPrefix(u.EscapedPath(), "/")
	labels, onAWS := awsLabels(u.Hostname())
	if a.Endpoint != "" && a.Endpoint != u.Scheme+"://"+u.Host {
		return errors.New("it names two servers, one in the URL and one with endpoint=; write s3://BUCKET/KEY?endpoint=...")
	}
	if !onAWS {
		if !isHost(u) {
			return errors.New("it names no host, or one with a character that none may hold")
		}
		a.Endpoint = u.Scheme + "://" + u.Host
		return a.setPath(path)
	}
	a.Endpoint, a.AWS = "", true
	bucket, err := a.readAWS(labels)
	switch {
	case err != nil:
		return err
	case bucket == "":
		return a.setPath(path)
	}
	a.Bucket = bucket
	return a.setKey(path)
}

// awsLabels are the parts of a host name of AWS before its domain.
func awsLabels(host string) ([]string, bool) {
	host = strings.ToLower(host)
	for _, domain := range []string{".amazonaws.com", ".amazonaws.com.cn"} {
		if rest, found := strings.CutSuffix(host, domain); found {
			return strings.Split(rest, "."), true
		}
	}
	return nil, false
}

// readAWS reads [BUCKET.]s3[.dualstack][.REGION], or with s3-REGION, the older form. A
// bucket may hold dots, and parts named s3: the last such part is the service's.
func (a *address) readAWS(labels []string) (bucket string, err error) {
	at := len(labels) - 1
	for at >= 0 && labels[at] != "s3" && !strings.HasPrefix(labels[at], "s3-") {
		at--
	}
	if at < 0 {
		return "", errors.New("this host of AWS is none of S3; write s3://BUCKET/KEY?region=REGION")
	}
	region := ""
	switch service := labels[at]; {
	case service == "s3-fips":
		a.FIPS = true
	case strings.HasPrefix(service, "s3-website"), strings.HasPrefix(service, "s3-accelerate"),
		strings.HasPrefix(service, "s3-accesspoint"), strings.HasPrefix(service, "s3-control"):
		return "", fmt.Errorf("%s is not the address of a bucket's API; write s3://BUCKET/KEY?region=REGION", service)
	case service != "s3":
		region = strings.TrimPrefix(service, "s3-")
	}
	rest := labels[at+1:]
	if len(rest) > 0 && rest[0] == "dualstack" {
		a.DualStack, rest = true, rest[1:]
	}
	if len(rest) == 1 && region == "" {
		region, rest = rest[0], nil
	}
	if len(rest) > 0 {
		return "", errors.New("its host has more parts than an address of S3; write s3://BUCKET/KEY?region=REGION")
	}
	if region == "external-1" { // once a name of us-east-1
		region = "us-east-1"
	}
	if a.Region == "" {
		a.Region = region
	}
	return strings.Join(labels[:at], "."), nil
}

func (a *address) setPath(escaped string) error {
	bucket, key, _ := strings.Cut(escaped, "/")
	name, err := url.PathUnescape(bucket)
	if err != nil {
		return errors.New("its bucket cannot be read")
	}
	a.Bucket = name
	return a.setKey(key)
}

func (a *address) setKey(escaped string) (err error) {
	if a.Key, err = url.PathUnescape(escaped); err != nil {
		return errors.New("its key holds a percent sign that begins no escape; write %25 for a percent sign")
	}
	return nil
}

// check holds the parts against what S3 allows: names of 3 to 63 characters, keys of
// 1024 bytes (docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html).
// Capitals and _ are in buckets of before 2018.
func (a *address) check() error {
	switch {
	case a.Bucket == "":
		return errors.New("it names no bucket; write s3://BUCKET/KEY")
	case len(a.Bucket) > 255 || len(a.Bucket) < 3 || !made(a.Bucket, "._-"):
		return fmt.Errorf("%q is no name of a bucket (3 to 63 letters, digits, dots and -)", a.Bucket)
	case strings.Contains(a.Bucket, ".."):
		return fmt.Errorf("%q is no name of a bucket: it has two dots together", a.Bucket)
	case a.Key == "":
		return fmt.Errorf("it names bucket %s, but no key in it; write s3://%s/KEY", a.Bucket, a.Bucket)
	case strings.HasSuffix(a.Key, "/"):
		return fmt.Errorf("%q is a folder, not an object; name one archive in it", a.Key)
	case len(a.Key) > 1024:
		return fmt.Errorf("its key has %d bytes; S3 has keys of at most 1024", len(a.Key))
	case !made(a.Region, "-"):
		return fmt.Errorf("%q is no name of a region such as eu-west-1", a.Region)
	case a.Anonymous && a.Profile != "":
		return errors.New("it asks for a profile and for no credentials (anonymous) at once")
	}
	return nil
}

// made says whether s has letters, digits and the others only.
func made(s, others string) bool {
	for _, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (r < '0' || r > '9') && !strings.ContainsRune(others, r) {
			return false
		}
	}
	return true
}
