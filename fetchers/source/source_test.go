package source_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
)

var hex64 = strings.Repeat("ab", 32)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, forced, scheme, url, checksum, name string }{
		{"LOCAL", "", "local", "LOCAL", "", ""},
		{"/opt/a.tar.gz", "", "file", "/opt/a.tar.gz", "", "a.tar.gz"},
		{"/opt//b/../a.tar.gz?checksum=" + hex64, "", "file", "/opt/a.tar.gz", "sha256:" + hex64, "a.tar.gz"},
		{"./a.tar.gz", "", "file", "./a.tar.gz", "", "a.tar.gz"},
		{"../a.tar.gz", "", "file", "../a.tar.gz", "", "a.tar.gz"},
		{"file:///opt/a%20b.tar", "", "file", "/opt/a b.tar", "", "a b.tar"},
		{"file:/opt/jdk/", "", "file", "/opt/jdk", "", "jdk"},
		{"file://localhost/opt/jdk", "", "file", "/opt/jdk", "", "jdk"},
		{"https://h/a.tar.gz", "", "https", "https://h/a.tar.gz", "", "a.tar.gz"},
		{"HTTPS://h/a.tar.gz", "", "https", "HTTPS://h/a.tar.gz", "", "a.tar.gz"},
		{"http://h", "", "http", "http://h", "", ""},
		{"http://u:p@h:80/a?b=%2B&checksum=SHA256:" + strings.ToUpper(hex64) + "&c", "", "http", "http://u:p@h:80/a?b=%2B&c", "sha256:" + hex64, "a"},
		{"https://h/a?archive=tar.gz&filename=jdk.tgz", "", "https", "https://h/a", "", "jdk.tgz"},
		{"http::https://h/a", "http", "http", "https://h/a", "", "a"},
		{"s3::https://s3.amazonaws.com/b/k?region=x", "s3", "s3", "https://s3.amazonaws.com/b/k?region=x", "", "k"},
		{"s3::http://127.0.0.1:9000/b/k?anonymous=true&checksum=" + hex64, "s3", "s3", "http://127.0.0.1:9000/b/k?anonymous=true", "sha256:" + hex64, "k"},
		{"s3://b/k?endpoint=http://h:1&versionId=v&archive=tar", "", "s3", "s3://b/k?endpoint=http://h:1&versionId=v", "", "k"},
		{"s3://bucket/key.tar.zst", "", "s3", "s3://bucket/key.tar.zst", "", "key.tar.zst"},
		{"my+scheme://x", "", "my+scheme", "my+scheme://x", "", ""},
		{"mine::LOCAL", "mine", "mine", "LOCAL", "", ""},
		{"https://h/a%2F%2Fb?x=http://y//z", "", "https", "https://h/a%2F%2Fb?x=http://y//z", "", "b"},
	}
	for _, tt := range tests {
		s, err := source.Parse(tt.in)
		require.NoError(t, err, tt.in)
		got := []string{s.Raw, s.Forced, s.Scheme, s.URL, s.Checksum, s.Name()}
		require.Equal(t, []string{tt.in, tt.forced, tt.scheme, tt.url, tt.checksum, tt.name}, got, tt.in)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"", "it is empty; write LOCAL, an absolute path or a URL"},
		{"local", "write LOCAL in capitals"},
		{"opt/a.tar.gz", "neither LOCAL, nor an absolute path, nor a URL"},
		{"github.com/a/b", "neither LOCAL, nor an absolute path, nor a URL"},
		{"https://h/a b", "spaces"},
		{"https:///a", "it names no host"},
		{"https://", "a URL goes on with //"},
		{"h:8080/a.tar.gz", "a URL goes on with //"},
		{"hdfs:a.tar.gz", "a URL goes on with //"},
		{"my-fetcher::https://h/a", `"my-fetcher" before :: is no name of a fetcher`},
		{"a::b::https://h/a", "two fetchers"},
		{"file://host/a", `names "host"`},
		{"file:a", "absolute path"},
		{"/a?b=c", "after a path only"},
		{"https://h/a.tar.gz//jdk", "alluxio.integration.mesos.jdk.path"},
		{"https://h/a?checksum=md5:abc", "only sha256"},
		{"https://h/a?checksum=file:", "the name of one file"},
		{"https://h/a?checksum=file:a.sums&checksum=" + hex64, "keep one of the two"},
		{"https://h/a?checksum=file:https://h/b%3Fchecksum=" + hex64, "has a checksum itself"},
		{"LOCAL?checksum=file:a", "neither LOCAL"},
		{"https://h/a?checksum=file:ftp://", "its checksum file"},
		{"https://h/a?checksum=abc", "64 hex digits"},
		{"https://h/a?checksum=" + hex64 + "&checksum=" + strings.Repeat("00", 32), "two checksums"},
		{"https://h/a?filename=..%2Fx", "not a file name"},
		{"https://h/a?archive=false", "always unpacked"},
		{"https://h/%zz", "percent"},
		{"s3::https://s3.amazonaws.com/b/k?aws_access_key_id=hush&aws_access_key_secret=hush", "fetcher.s3.credentials.file"},
		{"s3://b/k?AWS_Access_Token=hush", "it holds credentials"},
		{"s3://id:hush@b/k", "it holds credentials"},
		{"s3://b/k?endpoint=http://id:hush@h", "it holds credentials"},
		{"s3://b/k?endpoint=http%3A%2F%2Fid%3Ahush%40h", "it holds credentials"},
	}
	for _, tt := range tests {
		_, err := source.Parse(tt.in)
		require.ErrorContains(t, err, "cannot read source", tt.in)
		require.ErrorContains(t, err, tt.want, tt.in)
		require.NotContains(t, err.Error(), "hush")
	}
}

func TestNothingShowsCredentials(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"https://bob:secret@host/a.tar.gz?X-Amz-Signature=secret",
		"http::https://secret@host/a?secret",
		"https://bob:sec%zzsecret@host/a",
		"https://bob:secret@host:port/a",
		"https://bob:secret@host/a//b",
		"https://bob:secret@host/a?filename=../secret",
	} {
		s, err := source.Parse(in)
		text := fmt.Sprintf("%v %+v %#v %s %v", s, s, s, s.LogValue(), err)
		if !strings.Contains(in, "filename") {
			require.NotContains(t, text, "secret", in)
		}
		require.NotContains(t, text, "bob", in)
	}
}

func TestParseDigest(t *testing.T) {
	t.Parallel()
	d, err := source.ParseDigest("sha256:" + strings.ToUpper(hex64))
	require.NoError(t, err)
	require.Equal(t, source.Digest("sha256:"+hex64), d)
	require.Equal(t, hex64, d.Hex())
	for _, bad := range []string{"", "sha256:", "sha1:" + hex64, hex64[1:], hex64 + "00", "sha256:" + strings.Repeat("xy", 32)} {
		_, err := source.ParseDigest(bad)
		require.ErrorContains(t, err, "cannot read checksum", bad)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"LOCAL", "/a", "http::https://u:p@h/a?checksum=x", "file:///a%20b", "s3://b/k", "./x?filename=y", "s://a?#/u:ps://u"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		s, err := source.Parse(in)
		if err != nil {
			return
		}
		_ = s.String() + s.Name()
		again, err := source.Parse(s.URL)
		if err != nil || s.Scheme == "" {
			// A path may hold what only its URL form could say (a space).
			require.Equal(t, "file", s.Scheme, "%q gave %q: %v", in, s.URL, err)
			return
		}
		require.Equal(t, s.URL, again.URL, in)
	})
}
