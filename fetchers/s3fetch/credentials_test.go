package s3fetch

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/test/s3server"
)

const object1 = "s3://plain/k.tar"

func served(t *testing.T) *s3server.Server {
	s := s3server.Start(t, s3server.Options{})
	s.Bucket("plain")
	s.Put("plain", "k.tar", []byte("content"))
	return s
}

// issuer plays those who give out credentials: the token service, the agent of a container,
// the metadata service of a machine. What it gives is what the S3 server knows.
func issuer(t *testing.T) *httptest.Server {
	t.Helper()
	expires := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) {
		action := r.FormValue("Action")
		if r.FormValue("RoleArn") == "arn:aws:iam::1:role/closed" {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized to perform sts:`+action+`</Message></Error></ErrorResponse>`)
			return
		}
		if action == "AssumeRoleWithWebIdentity" && r.FormValue("WebIdentityToken") != "the-token" {
			http.Error(w, "no token", http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, `<%[1]sResponse><%[1]sResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken></SessionToken><Expiration>%s</Expiration></Credentials></%[1]sResult></%[1]sResponse>`,
			action, s3server.AccessKey, s3server.SecretKey, expires)
	})
	answer := fmt.Sprintf(`{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":%q,"SecretAccessKey":%q,"Token":"","Expiration":%q}`, s3server.AccessKey, s3server.SecretKey, expires)
	mux.HandleFunc("GET /container", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "container-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, answer)
	})
	mux.HandleFunc("PUT /latest/api/token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-aws-ec2-metadata-token-ttl-seconds", "600")
		fmt.Fprint(w, "metadata-token")
	})
	mux.HandleFunc("GET /latest/meta-data/iam/security-credentials/{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "the-role") })
	mux.HandleFunc("GET /latest/meta-data/iam/security-credentials/the-role", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func written(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// TestOrigins fetches with credentials of every place.
func TestOrigins(t *testing.T) {
	t.Parallel()
	s, by := served(t), issuer(t)
	keys := "aws_access_key_id=" + s3server.AccessKey + "\naws_secret_access_key=" + s3server.SecretKey + "\n"
	const role = "arn:aws:iam::1:role/open"
	tests := map[string]struct {
		env    env
		config map[string]string
	}{
		"environment":  {env: nowhere(t).with("AWS_ACCESS_KEY_ID", s3server.AccessKey, "AWS_SECRET_ACCESS_KEY", s3server.SecretKey)},
		"default":      {env: nowhere(t).with("AWS_SHARED_CREDENTIALS_FILE", written(t, "[default]\n"+keys))},
		"env profile":  {env: nowhere(t).with("AWS_SHARED_CREDENTIALS_FILE", written(t, "[a]\n"+keys), "AWS_PROFILE", "a")},
		"config file":  {env: nowhere(t), config: map[string]string{"config.file": written(t, "[profile a]\n"+keys), "profile": "a"}},
		"role profile": {env: nowhere(t).with("AWS_ENDPOINT_URL_STS", by.URL), config: map[string]string{"profile": "a", "config.file": written(t, "[profile a]\nrole_arn="+role+"\nsource_profile=b\n[profile b]\n"+keys)}},
		"web identity": {env: nowhere(t).with("AWS_ENDPOINT_URL_STS", by.URL, "AWS_ROLE_ARN", role, "AWS_WEB_IDENTITY_TOKEN_FILE", written(t, "the-token"))},
		"container": {env: nowhere(t).with("AWS_CONTAINER_CREDENTIALS_FULL_URI", by.URL+"/container",
			"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", written(t, "container-token\n"))},
		"instance role": {env: nowhere(t).with("AWS_EC2_METADATA_DISABLED", "", "AWS_EC2_METADATA_SERVICE_ENDPOINT", by.URL)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := map[string]string{"endpoint": s.URL}
			for k, v := range tt.config {
				config[k] = v
			}
			g, err := fetch(t, started(t, tt.env, config), object1)
			require.NoError(t, err)
			require.Equal(t, "content", string(g.data))
		})
	}
}

// TestNoCredentials says what was tried, and what each place lacks.
func TestNoCredentials(t *testing.T) {
	t.Parallel()
	s, by := served(t), issuer(t)
	const closed = "arn:aws:iam::1:role/closed"
	tests := map[string]struct {
		env    env
		config map[string]string
		want   []string
	}{
		"nothing": {nowhere(t), nil, []string{
			"no credentials were found; tried the environment (the plugin sees no AWS_ACCESS_KEY_ID; alluxio.integration.mesos.fetcher.s3.env names",
			"web identity (", "profile default in ", "(there is no such file)", "the container's role (", "the instance role (AWS_EC2_METADATA_DISABLED is set)",
			"fetcher.s3.credentials.file", "?anonymous=true"}},
		"no role of the machine": {nowhere(t), map[string]string{"instance.role": "false"}, []string{"no credentials were found"}},
		"half an environment":    {nowhere(t).with("AWS_ACCESS_KEY_ID", "id"), nil, []string{"cannot get credentials from the environment", "go together"}},
		"no file":                {nowhere(t), map[string]string{"credentials.file": "/nonexistent/file"}, []string{"profile default in /nonexistent/file: there is no such file"}},
		"a broken file":          {nowhere(t), map[string]string{"credentials.file": written(t, "[default\nhush")}, []string{"it has no such profile"}},
		"a role of nobody": {nowhere(t), map[string]string{"credentials.file": written(t, "[default]\nrole_arn=arn:aws:iam::1:role/open\nsource_profile=gone\n")},
			[]string{"its source_profile is not there, or has no keys"}},
		"no keys":   {nowhere(t), map[string]string{"credentials.file": written(t, "[default]\nregion=x\n")}, []string{"it has no keys"}},
		"a process": {nowhere(t), map[string]string{"credentials.file": written(t, "[default]\ncredential_process=/bin/hush\n")}, []string{"credential_process", "not served here"}},
		"a role that is refused": {nowhere(t).with("AWS_ENDPOINT_URL_STS", by.URL, "AWS_ROLE_ARN", closed, "AWS_WEB_IDENTITY_TOKEN_FILE", written(t, "the-token")), nil,
			[]string{"web identity: role " + closed + " is not given: AccessDenied (Not authorized"}},
		"no token file": {nowhere(t).with("AWS_ROLE_ARN", closed, "AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token"), nil, []string{"/nonexistent/token: no such file"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := map[string]string{"endpoint": s.URL}
			for k, v := range tt.config {
				config[k] = v
			}
			_, err := fetch(t, started(t, tt.env, config), object1)
			require.Equal(t, plugins.Permanent, plugins.KindOf(err))
			for _, want := range tt.want {
				require.ErrorContains(t, err, want)
			}
			t.Log(err)
		})
	}
}

// TestInstanceRoleIsQuicklyGivenUp has a network where nobody answers.
func TestInstanceRoleIsQuicklyGivenUp(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { silent.Close() })
	e := nowhere(t).with("AWS_EC2_METADATA_DISABLED", "", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://"+silent.Addr().String())
	_, err = fetch(t, started(t, e, nil), object1)
	require.ErrorContains(t, err, "the instance role (no answer from the metadata service within 1s)")
	require.Equal(t, plugins.Permanent, plugins.KindOf(err))
}

// TestRenewed replaces the credentials file of a running fetcher.
func TestRenewed(t *testing.T) {
	t.Parallel()
	s := served(t)
	file := filepath.Join(t.TempDir(), "credentials")
	s3server.WriteCredentials(t, file, map[string][2]string{"default": {s3server.AccessKey, "hush"}})
	f := started(t, nowhere(t), map[string]string{"endpoint": s.URL, "credentials.file": file})
	_, err := fetch(t, f, object1)
	require.ErrorContains(t, err, "the secret key does not fit")
	s3server.WriteCredentials(t, file, map[string][2]string{"default": {s3server.AccessKey, s3server.SecretKey}})
	_, err = fetch(t, f, object1)
	require.NoError(t, err)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"region": "eu-west-1", "endpoint": "minio:9000", "PATH_STYLE": "false", "profile": "p", "credentials.file": "/a", "config.file": "/b",
		"instance.role": "false", "instance.role.timeout": "500ms", "http_proxy": "proxy:3128", "https.proxy": "http://u:p@proxy:1",
		"no.proxy": "*", "stall.timeout": "5s", "connect.timeout": "1s", "connections": "16", "env": "AWS_PROFILE",
	}
	c, err := readConfig(good)
	require.NoError(t, err)
	require.Equal(t, "https://minio:9000", c.endpoint)
	require.Equal(t, 500*time.Millisecond, c.instanceRoleTimeout)
	require.False(t, *c.pathStyle)
	for pair, want := range map[string]string{
		"region=a/b": "name of a region", "endpoint=ftp://h": "no address of a server", "path.style=x": "true or false", "anonymous=x": "true or false",
		"credentials.file=a": "absolute path", "ca.file=./x": "absolute path", "connections=0": "from 1 to 64", "stall.timeout=0s": "such as 30s",
		"instance.role.timeout=soon": "such as 30s", "https.proxy=http://:hush@": "not the address of a proxy", "colour=red": "unknown key",
		"secret.key=hush": "would hold a secret", "AWS_SECRET_ACCESS_KEY=hush": "would hold a secret",
	} {
		key, value, _ := strings.Cut(pair, "=")
		_, err := readConfig(map[string]string{key: value})
		require.ErrorContains(t, err, want, pair)
		require.ErrorContains(t, err, "cannot configure fetcher s3: ", pair)
		require.NotContains(t, err.Error(), "hush")
		require.Equal(t, plugins.Permanent, plugins.KindOf(err))
	}
	_, err = readConfig(map[string]string{"anonymous": "true", "profile": "p"})
	require.ErrorContains(t, err, "leave one of them out")
	f := with("1", env{}.get)
	require.ErrorContains(t, f.Init(t.Context(), map[string]string{"ca.file": "/nonexistent"}), "cannot configure fetcher s3: ca.file: open /nonexistent: ")
	require.ErrorContains(t, f.Init(t.Context(), map[string]string{"ca.file": written(t, "x")}), "holds no certificate in PEM form")
}
