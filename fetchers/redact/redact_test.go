package redact_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
)

func TestURL(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"LOCAL", "LOCAL"},
		{"/opt/jdk.tar.gz", "/opt/jdk.tar.gz"},
		{"https://host:8443/a/b.tar.gz", "https://host:8443/a/b.tar.gz"},
		{"https://bob:secret@host/a", "https://xxxxx@host/a"},
		{"https://secret@host/a", "https://xxxxx@host/a"},
		{"http::https://bob:secret@host/a", "http::https://xxxxx@host/a"},
		{"https://host/a?X-Amz-Signature=secret&region=eu-west-1", "https://host/a?X-Amz-Signature=xxxxx&region=eu-west-1"},
		{"https://host/a?secret", "https://host/a?xxxxx"},
		{"https://host/a#secret", "https://host/a"},
		{"https://bob:sec%zzret@host/a?token=secret", "https://xxxxx@host/a?xxxxx"},
		{"https://bob:secret@ho st/a", "https://xxxxx@ho st/a"},
		{"https://bob:sec/ret%zz@host/a", "https://xxxxx@host/a"},
		{"s3:bob:secret@host", "s3:xxxxx@host"},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, redact.URL(tt.in), tt.in)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	got := redact.Text(`parse "https://bob:secret@host/%zz?token=secret": invalid URL escape "%zz"`)
	require.Equal(t, `parse "https://xxxxx@host/%zz?xxxxx": invalid URL escape "%zz"`, got)
}

func TestTextGoesOnAfterAURL(t *testing.T) {
	t.Parallel()
	got := redact.Text("cannot fetch https://host/a?token=secret: the server answered 403 (see https://host/b).")
	require.Equal(t, "cannot fetch https://host/a?token=xxxxx: the server answered 403 (see https://host/b).", got)
}

func TestReveals(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"":                                false,
		"LOCAL":                           false,
		"/opt/jdk.tar.gz":                 false,
		"https://host/a?version=3":        false,
		"hdfs://alice@namenode:9000/a":    false,
		"user@host":                       false,
		"https://bob:secret@host/a":       true,
		"http::https://secret@host/a":     true,
		"s3://AKID:secret@bucket/a":       true,
		"https://host/a?X-Amz-Signature=": true,
		"https://bob:sec%zzret@host/a":    true,
		"-Dx=y -Durl=https://a:b@host/a":  true,
	} {
		require.Equal(t, want, redact.Reveals(text), text)
	}
}

func FuzzURL(f *testing.F) {
	f.Add("https://bob:Sup3rS3cret@host/a?b=c")
	f.Fuzz(func(t *testing.T, s string) {
		redact.Text(s)
		host := "https://bob:Sup3rS3cret@host/" + strings.ReplaceAll(s, "Sup3rS3cret", "")
		require.NotContains(t, redact.URL(host), "Sup3rS3cret")
	})
}
