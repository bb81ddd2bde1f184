package source_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
)

func TestParseList(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"LOCAL":                                {"LOCAL"},
		"https://a/x":                          {"https://a/x"},
		"https://a/x,y":                        {"https://a/x,y"},
		" https://a/x  https://b/x\ts3://c/x ": {"https://a/x", "https://b/x", "s3://c/x"},
		"https://a/x, /opt/x.tar , http::http:/x://b/": nil,
		"https://a/x, /opt/x.tar,\n\thttps://b/":       {"https://a/x", "/opt/x.tar", "https://b/"},
	} {
		list, err := source.ParseList(in)
		if want == nil {
			require.Error(t, err, in)
			continue
		}
		require.NoError(t, err, in)
		var got []string
		for _, s := range list {
			got = append(got, s.Raw)
		}
		require.Equal(t, want, got, in)
	}
	for in, text := range map[string]string{
		"":                                 "it is empty",
		"https://a/x LOCAL":                "LOCAL stands alone",
		"https://a/x b/x":                  "neither LOCAL",
		strings.Repeat("https://a/x ", 17): "these are 17",
	} {
		_, err := source.ParseList(in)
		require.ErrorContains(t, err, text, in)
	}
}

func TestListsShowNoCredentials(t *testing.T) {
	t.Parallel()
	in := "https://bob:geheim@a/x?token=geheim, s3::https://b/x?sig=geheim https://geheim@c/y"
	want := "https://xxxxx@a/x?token=xxxxx, s3::https://b/x?sig=xxxxx"
	require.Equal(t, want+", https://xxxxx@c/y", source.Show(in))
	require.Equal(t, want+" https://xxxxx@c/y", redact.URL(in))
}

func TestChecksumFile(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://h/d/a.tar.gz?checksum=file:a.sums":                       "https://h/d/a.sums",
		"https://u:p@h/d/a.tar.gz?checksum=file:../SHA256SUMS&x=1":        "https://u:p@h/SHA256SUMS?x=1",
		"https://h/d/a.tar.gz?checksum=file:/sums/a":                      "https://h/sums/a",
		"https://h/d/a.tar.gz?checksum=file:./a%3Fy=2&x=1":                "https://h/d/a?y=2",
		"https://h/a?checksum=file:https://other/x":                       "https://other/x",
		"http::https://h/a?checksum=file:b":                               "http::https://h/b",
		"s3://b/k/a.tgz?region=eu&versionId=7&checksum=file:a.tgz.sha256": "s3://b/k/a.tgz.sha256?region=eu",
		"/opt/a.tar?checksum=file:a.sums":                                 "/opt/a.sums",
		"/opt/a.tar?checksum=file:/srv/a.sums":                            "/srv/a.sums",
		"./a.tar?checksum=file:a.sums":                                    "./a.sums",
		"https://h/a.tar.gz":                                              "",
	} {
		s, err := source.Parse(in)
		require.NoError(t, err, in)
		require.Equal(t, want, s.ChecksumFile, in)
		require.NotContains(t, s.URL, "checksum", in)
	}
}

func TestBeside(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://h/d/a%20b.tar.gz":       "https://h/d/a%20b.tar.gz.sha256",
		"https://u:p@h/d/a.tar.gz?x=1#y": "https://u:p@h/d/a.tar.gz.sha256?x=1",
		"s3::https://h/b/k?versionid=3":  "s3::https://h/b/k.sha256",
		"file:///opt/a.tar":              "/opt/a.tar.sha256",
		"../a.tar":                       "../a.tar.sha256",
	} {
		s, err := source.Parse(in)
		require.NoError(t, err, in)
		got, err := s.Beside()
		require.NoError(t, err, in)
		require.Equal(t, want, got.Raw, in)
	}
	for _, in := range []string{"LOCAL", "https://h", "https://h/"} {
		s, err := source.Parse(in)
		require.NoError(t, err, in)
		_, err = s.Beside()
		require.ErrorContains(t, err, "no file lies beside", in)
	}
}

func TestDigestOf(t *testing.T) {
	t.Parallel()
	a, b := strings.Repeat("ab", 32), strings.Repeat("01", 32)
	for in, want := range map[string]string{
		a:                                       a,
		"sha256:" + a + "\n":                    a,
		strings.ToUpper(a) + "\r\n":             a,
		a + "  other-name.tar.gz\n":             a,
		a + " *x.tgz\n":                         a,
		"SHA256 (x.tgz) = " + a:                 a,
		"# of today\n\n" + a + "\tx":            a,
		b + "  y.tgz\n" + a + "  ./dir/x.tgz\n": a,
		a + "  x.tgz\n" + a + "  x.tgz\n":       a,
	} {
		got, err := source.DigestOf([]byte(in), "x.tgz")
		require.NoError(t, err, in)
		require.Equal(t, source.Digest("sha256:"+want), got, in)
	}
	for in, text := range map[string]string{
		"":                                "no sha256 digest",
		"<html>Please log in</html>":      "no sha256 digest",
		a[1:]:                             "no sha256 digest",
		b + "  y.tgz\n" + a + "  z.tgz\n": `it holds 2 digests and none of "x.tgz", but of "y.tgz", "z.tgz"`,
		b + "  x.tgz\n" + a + "  x.tgz\n": `two digests of "x.tgz"`,
		strings.Repeat(b+"  y\n", 9):      `"y", ...`,
	} {
		_, err := source.DigestOf([]byte(in), "x.tgz")
		require.ErrorContains(t, err, text, in)
	}
}

func FuzzDigestOf(f *testing.F) {
	f.Add([]byte(strings.Repeat("ab", 32)+"  x"), "x")
	f.Add([]byte("SHA256 (x) = "+strings.Repeat("01", 32)), "y")
	f.Fuzz(func(t *testing.T, sums []byte, name string) {
		if d, err := source.DigestOf(sums, name); err == nil {
			again, err := source.ParseDigest(string(d))
			require.NoError(t, err)
			require.Equal(t, d, again)
		}
	})
}
