package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest/suite"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	plugintest.VerifyTest(t, suite.Options{Path: plugintest.Build(t, ".", "alluxio-mesos-fetcher-oci", "1.2.3")})
}

func TestReferences(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("ab", 32)
	good := map[string]reference{
		"oci://ghcr.io/team/alluxio:2.9.6":  {"ghcr.io", "team/alluxio", "2.9.6"},
		"oci://localhost:5000/jdk":          {"localhost:5000", "jdk", "latest"},
		"oci://[::1]:5000/a/b@" + digest:    {"[::1]:5000", "a/b", digest},
		"oci://127.0.0.1:80/a_b/c-d:v1_2.3": {"127.0.0.1:80", "a_b/c-d", "v1_2.3"},
	}
	for source, want := range good {
		got, err := parseReference(source)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, source := range []string{"", "oci://", "oci://host", "oci://host/", "oci://host/Upper:1", "oci://a b/c", "oci://h/a@sha256:12", "http://h/a:1", "oci://u:p@h/a"} {
		_, err := parseReference(source)
		require.Equal(t, plugins.Permanent, plugins.KindOf(err), source)
	}
	require.True(t, reference{host: "[::1]:5000"}.loopback())
	require.False(t, reference{host: "ghcr.io"}.loopback())
}

// TestARegistryThatWantsATokenGetsOne plays a public registry of the usual sort.
func TestARegistryThatWantsATokenGetsOne(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "repository:team/soft:pull", r.FormValue("scope"))
		fmt.Fprint(w, `{"token":"t0k3n"}`)
	})
	mux.HandleFunc("/v2/team/soft/", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer t0k3n":
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/token",service="it"`, server.URL))
			w.WriteHeader(http.StatusUnauthorized)
		case strings.HasSuffix(r.URL.Path, "/manifests/1"):
			fmt.Fprintf(w, `{"layers":[{"digest":"sha256:%s","size":5,"annotations":{"%s":"soft.tar"}}]}`, strings.Repeat("0", 64), titleKey)
		default:
			fmt.Fprint(w, "bytes")
		}
	})
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	f := newFetcher("1")
	t.Cleanup(func() { require.NoError(t, f.Shutdown(t.Context())) })
	got, err := f.Fetch(t.Context(), plugins.FetchRequest{
		Source: "oci" + strings.TrimPrefix(server.URL, "http") + "/team/soft:1", File: file,
	}, func(plugins.Progress) {})
	require.NoError(t, err)
	require.Equal(t, plugins.FetchResult{Bytes: 5, Validator: "sha256:" + strings.Repeat("0", 64), Name: "soft.tar"}, got)
}

func TestAnswersHaveTheRightKind(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]plugins.Kind{
		401: plugins.Permanent, 404: plugins.Permanent, 429: plugins.Retryable, 500: plugins.Retryable, 503: plugins.Retryable,
	} {
		require.Equal(t, want, plugins.KindOf(refused(&http.Response{StatusCode: code})), code)
	}
}
