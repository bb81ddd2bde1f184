package s3fetch

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/test/s3server"
)

// TestRefused holds what a real server refuses against what the operator is told.
func TestRefused(t *testing.T) {
	t.Parallel()
	s := s3server.Start(t, s3server.Options{Versions: true})
	s.Bucket("plain")
	s.Versioned("versions")
	s.Put("plain", "k.tar", []byte("content"))
	s.Put("versions", "k.tar", []byte("content"))
	s.User("SOMEONE-ELSE", "hush")
	file := filepath.Join(t.TempDir(), "credentials")
	s3server.WriteCredentials(t, file, map[string][2]string{
		"default": {s3server.AccessKey, s3server.SecretKey}, "other": {"SOMEONE-ELSE", "hush"},
		"wrong": {s3server.AccessKey, "hush"}, "nobody": {"NOBODY-AT-ALL", "hush"},
	})
	f := started(t, nowhere(t), map[string]string{"credentials.file": file, "endpoint": s.URL})
	tests := []struct{ source, want string }{
		{"s3://plain/gone.tar", "bucket plain has no key gone.tar"},
		{"s3://nothere/k.tar", "there is no bucket nothere at " + s.URL},
		{"s3://versions/k.tar?versionId=01KB0000000000000000000000", "has no version 01KB0000000000000000000000; leave versionId out"},
		{"s3://plain/k.tar?anonymous=true", "no credentials (anonymous) were used; leave anonymous out"},
		{"s3://plain/k.tar?profile=other", "the credentials of profile other in " + file + " (access key ...ELSE) were used; they need s3:GetObject"},
		{"s3://plain/k.tar?profile=wrong", "the secret key does not fit its access key: the credentials of profile wrong"},
		{"s3://plain/k.tar?profile=nobody", "the server does not know the access key of the credentials of profile nobody"},
		{"s3://plain/k.tar?profile=none", "cannot get credentials from profile none in " + file + ": it has no such profile"},
		{"s3://plain/k.tar?endpoint=127.0.0.1:1", "https://127.0.0.1:1 does not answer"},
	}
	for _, tt := range tests {
		_, err := fetch(t, f, tt.source)
		require.ErrorContains(t, err, tt.want, tt.source)
		require.ErrorContains(t, err, "cannot fetch s3://", tt.source)
		if tt.want[:5] != "https" {
			require.Equal(t, plugins.Permanent, plugins.KindOf(err), tt.source)
		}
		t.Log(err)
	}
}

// TestRegions follows a bucket to the region that the answer names.
func TestRegions(t *testing.T) {
	t.Parallel()
	s := s3server.Start(t, s3server.Options{Region: "eu-test-1"})
	s.Bucket("plain")
	s.Put("plain", "k.tar", []byte("content"))
	for _, asked := range []string{"", "?region=us-west-2"} { // the server's own answer names its region
		f := started(t, nowhere(t), map[string]string{"credentials.file": s.CredentialsFile(), "endpoint": s.URL})
		g, err := fetch(t, f, "s3://plain/k.tar"+asked)
		require.NoError(t, err)
		require.Equal(t, "content", string(g.data))
	}
	// As AWS answers: a redirect, with the region in a header.
	proxy := s.Faults()
	f := started(t, nowhere(t), map[string]string{"credentials.file": s.CredentialsFile(), "endpoint": proxy.URL})
	moved := s3server.Answer(http.StatusMovedPermanently, "PermanentRedirect", "must be addressed using the specified endpoint", "x-amz-bucket-region", "eu-test-1")
	proxy.Set(s3server.Times(1, moved))
	_, err := fetch(t, f, "s3://plain/k.tar")
	require.NoError(t, err)

	proxy.Set(s3server.Answer(http.StatusMovedPermanently, "PermanentRedirect", "elsewhere", "x-amz-bucket-region", "ap-test-9"))
	_, err = fetch(t, f, "s3://plain/k.tar")
	require.ErrorContains(t, err, "the server answered 301 PermanentRedirect (elsewhere): bucket plain is served elsewhere")
	require.Equal(t, plugins.Permanent, plugins.KindOf(err))
}

// TestFaults holds answers that the server does not give by itself against what is made of them.
func TestFaults(t *testing.T) {
	t.Parallel()
	s := s3server.Start(t, s3server.Options{})
	s.Bucket("plain")
	s.Put("plain", "k.tar", []byte("content"))
	proxy := s.Faults()
	f := started(t, nowhere(t), map[string]string{"credentials.file": s.CredentialsFile(), "endpoint": proxy.URL})
	past := time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)
	tests := []struct {
		fault s3server.Fault
		kind  plugins.Kind
		wait  time.Duration
		want  string
	}{
		{s3server.Answer(503, "SlowDown", "Please reduce your request rate.", "Retry-After", "7"), plugins.Retryable, 7 * time.Second,
			"the server asks to slow down: it answered 503 SlowDown (Please reduce your request rate.)"},
		{s3server.Answer(503, "SlowDown", "Please reduce your request rate."), plugins.Retryable, slowDownWait, "asks to slow down"},
		{s3server.Answer(500, "InternalError", "We encountered an internal error."), plugins.Retryable, 0, "is busy or broken: it answered 500 InternalError"},
		{s3server.Answer(403, "RequestTimeTooSkewed", "too large", "Date", past), plugins.Permanent, 0, "this node's clock is 1h0m"},
		{s3server.Answer(400, "ExpiredToken", "The provided token has expired."), plugins.Permanent, 0, "the session token has expired: the credentials of profile default"},
		{s3server.Answer(403, "InvalidObjectState", "archived"), plugins.Permanent, 0, "restore it in S3 first"},
		{s3server.Answer(412, "PreconditionFailed", "changed"), plugins.Changed, 0, "the object changed"},
		{s3server.Answer(404, "NoSuchKey", "no", "x-amz-delete-marker", "true"), plugins.Permanent, 0, "was deleted; an older version can be named"},
		{s3server.Answer(301, "PermanentRedirect", "elsewhere"), plugins.Permanent, 0, "bucket plain is served elsewhere"},
		{func(w http.ResponseWriter, _ *http.Request) bool {
			http.Error(w, "<html>console</html>", http.StatusBadRequest)
			return true
		}, plugins.Permanent, 0, "not as S3 does; check the endpoint and its port"},
		{func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }, plugins.Retryable, 0, "does not answer: the server closed the connection without an answer"},
	}
	for _, tt := range tests {
		proxy.Set(tt.fault)
		_, err := fetch(t, f, "s3://plain/k.tar")
		require.ErrorContains(t, err, tt.want)
		require.Equal(t, tt.kind, plugins.KindOf(err), "%v", err)
		var known *plugins.Error
		if tt.wait > 0 {
			require.ErrorAs(t, err, &known)
			require.Equal(t, tt.wait, known.RetryAfter)
		}
		t.Log(err)
	}
}

func TestAPortThatThereIsNoneOf(t *testing.T) {
	t.Parallel()
	s := s3server.Start(t, s3server.Options{})
	f := started(t, nowhere(t), map[string]string{"credentials.file": s.CredentialsFile(), "endpoint": "http://127.0.0.1:99999"})
	_, err := fetch(t, f, "s3://plain/k.tar")
	require.ErrorContains(t, err, "the port of http://127.0.0.1:99999 is none")
	require.Equal(t, plugins.Permanent, plugins.KindOf(err), "%v", err)
}
