package s3fetch

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
)

func TestParseAddress(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want address
	}{
		{"s3://bucket/key.tar", address{Bucket: "bucket", Key: "key.tar"}},
		{"S3://bucket/a/b.tar?region=eu-west-1&endpoint=http://h:9000/&versionId=v%2F1", address{
			Bucket: "bucket", Key: "a/b.tar", Region: "eu-west-1", Endpoint: "http://h:9000", Version: "v/1"}},
		{"s3://my.dotted.bucket/k?endpoint=minio.example.com&anonymous=true", address{
			Bucket: "my.dotted.bucket", Key: "k", Endpoint: "https://minio.example.com", Anonymous: true}},
		{"s3://bucket/a%20b%2F%2Fc+d%3F", address{Bucket: "bucket", Key: "a b//c+d?"}},
		{"s3://Old_Bucket/k?aws_profile=p&version=3", address{Bucket: "Old_Bucket", Key: "k", Profile: "p", Version: "3"}},

		// The four shapes of AWS.
		{"https://s3.amazonaws.com/bucket/a/k", address{AWS: true, Bucket: "bucket", Key: "a/k"}},
		{"https://s3-eu-west-1.amazonaws.com/bucket/k", address{AWS: true, Bucket: "bucket", Key: "k", Region: "eu-west-1"}},
		{"https://s3.eu-west-1.amazonaws.com/bucket/k", address{AWS: true, Bucket: "bucket", Key: "k", Region: "eu-west-1"}},
		{"https://bucket.s3.amazonaws.com/a/k", address{AWS: true, Bucket: "bucket", Key: "a/k"}},
		{"https://bucket.s3-eu-west-1.amazonaws.com/k", address{AWS: true, Bucket: "bucket", Key: "k", Region: "eu-west-1"}},
		{"https://bucket.s3.eu-west-1.amazonaws.com/k", address{AWS: true, Bucket: "bucket", Key: "k", Region: "eu-west-1"}},
		{"https://a.dotted.one.s3.amazonaws.com/k", address{AWS: true, Bucket: "a.dotted.one", Key: "k"}},
		{"https://my.s3.one.s3.us-east-2.amazonaws.com/k", address{AWS: true, Bucket: "my.s3.one", Key: "k", Region: "us-east-2"}},
		{"https://s3-logs.s3.us-east-2.amazonaws.com/k", address{AWS: true, Bucket: "s3-logs", Key: "k", Region: "us-east-2"}},
		{"https://s3.dualstack.eu-west-1.amazonaws.com/bucket/k", address{AWS: true, DualStack: true, Bucket: "bucket", Key: "k", Region: "eu-west-1"}},
		{"https://bucket.s3-fips.us-east-1.amazonaws.com/k", address{AWS: true, FIPS: true, Bucket: "bucket", Key: "k", Region: "us-east-1"}},
		{"https://s3.cn-north-1.amazonaws.com.cn/bucket/k", address{AWS: true, Bucket: "bucket", Key: "k", Region: "cn-north-1"}},
		{"https://s3.amazonaws.com/bucket/k?region=eu-west-3", address{AWS: true, Bucket: "bucket", Key: "k", Region: "eu-west-3"}},

		{"http://127.0.0.1:9000/bucket/a/k", address{Endpoint: "http://127.0.0.1:9000", Bucket: "bucket", Key: "a/k"}},
		{"https://s3.example.com/bucket/k?endpoint=https://s3.example.com", address{Endpoint: "https://s3.example.com", Bucket: "bucket", Key: "k"}},
		{"http://[::1]:9000/bucket/k?region=x", address{Endpoint: "http://[::1]:9000", Bucket: "bucket", Key: "k", Region: "x"}},
	}
	for _, tt := range tests {
		got, err := parseAddress(tt.in)
		require.NoError(t, err, tt.in)
		require.Equal(t, tt.want, got, tt.in)
		// As the host gives it, out of what an operator writes.
		written := tt.in
		if !strings.HasPrefix(strings.ToLower(written), "s3:") {
			written = "s3::" + written
		}
		parsed, err := source.Parse(written)
		require.NoError(t, err, written)
		require.Equal(t, "s3", parsed.Scheme)
		got, err = parseAddress(parsed.URL)
		require.NoError(t, err, tt.in)
		require.Equal(t, tt.want, got, tt.in)
		got, err = parseAddress("s3::" + tt.in)
		require.NoError(t, err, tt.in)
		require.Equal(t, tt.want, got, tt.in)
	}
}

func TestParseAddressRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"s3://", "it names no bucket"},
		{"s3:///key", "it names no bucket"},
		{"s3://bucket", "no key in it; write s3://bucket/KEY"},
		{"s3://bucket/", "no key in it"},
		{"s3://bucket/folder/", "is a folder"},
		{"s3://b/k", "no name of a bucket"},
		{"s3://a..b/k", "two dots"},
		{"s3://bucket:80/k", "no name of a bucket"},
		{"s3://bucket/" + strings.Repeat("k", 1025), "1025 bytes"},
		{"s3://bucket/k?regin=x", "there are region, endpoint"},
		{"s3://bucket/k?region=eu/west", "no name of a region"},
		{"s3://bucket/k?endpoint=ftp://h", "no address of a server"},
		{"s3://bucket/k?endpoint=http://h?x=y", "no address of a server"},
		{"s3://bucket/k?anonymous=perhaps", "neither true nor false"},
		{"s3://bucket/k?anonymous=true&profile=p", "at once"},
		{"s3://bucket/k?profile=%zz", "percent sign"},
		{"s3://bucket/%zz", "no URL"},
		{"gs://bucket/k", "s3://BUCKET/KEY and s3::https://"},
		{"https:///bucket/k", "names no host"},
		{"https://host/bucket", "no key in it"},
		{"https://other/bucket/k?endpoint=http://h", "two servers"},
		{"https://ec2.eu-west-1.amazonaws.com/bucket/k", "none of S3"},
		{"https://bucket.s3-website-eu-west-1.amazonaws.com/k", "not the address of a bucket's API"},
		{"https://bucket.s3-accelerate.amazonaws.com/k", "not the address of a bucket's API"},
		{"https://s3.more.eu-west-1.amazonaws.com/bucket/k", "more parts"},
		// Secrets.
		{"s3://id:hush@bucket/k", "credentials.file"},
		{"s3://bucket/k?endpoint=http://id:hush@h", "credentials.file"},
		{"https://s3.amazonaws.com/bucket/k?aws_access_key_id=hush&aws_access_key_secret=hush", "credentials.file"},
		{"https://bucket.s3.amazonaws.com/k?X-Amz-Signature=hush", "leave s3:: out"},
		{"s3://bucket/k?hush", "not understood"},
	}
	for _, tt := range tests {
		_, err := parseAddress(tt.in)
		require.ErrorContains(t, err, tt.want, tt.in)
		require.NotContains(t, err.Error(), "hush", tt.in)
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{
		"s3://bucket/key?region=r&endpoint=http://h:1&versionId=v", "https://s3-eu-west-1.amazonaws.com/b/k", "https://a.b.s3.amazonaws.com/k%2F",
		"http://127.0.0.1:9000/bucket/key?anonymous=true&profile=", "https://s3.dualstack.x.amazonaws.com.cn/bbb/k", "s3://id:secret@b/k",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		a, err := parseAddress(in)
		if err != nil {
			return
		}
		require.NotEmpty(t, a.Bucket)
		require.NotEmpty(t, a.Key)
		require.False(t, strings.ContainsAny(a.Bucket, "/@:?#"), a.Bucket)
		if a.Endpoint != "" {
			u, err := url.Parse(a.Endpoint)
			require.NoError(t, err)
			require.Nil(t, u.User)
			require.NotEmpty(t, u.Hostname())
		}
		// What was read can be written, and read again.
		q := url.Values{}
		if a.Endpoint != "" {
			q.Set("endpoint", a.Endpoint)
		}
		again, err := parseAddress("s3://" + a.Bucket + "/" + strings.ReplaceAll(url.PathEscape(a.Key), "+", "%2B") + "?" + q.Encode())
		require.NoError(t, err)
		require.Equal(t, []string{a.Bucket, a.Key, a.Endpoint}, []string{again.Bucket, again.Key, again.Endpoint})
	})
}
