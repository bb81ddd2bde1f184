package netconf_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/netconf"
)

func TestWhatIsSet(t *testing.T) {
	t.Parallel()
	c := netconf.New(16)
	for key, value := range map[string]string{
		"HTTP_PROXY": "proxy:3128", "https.proxy": "socks5://u:p@proxy:1", "No_Proxy": "here", "stall.timeout": "5s",
		"connect.timeout": "700ms", "connections": "16", "ca.file": "",
	} {
		known, err := c.Set(key, value)
		require.NoError(t, err, key)
		require.True(t, known, key)
	}
	require.Nil(t, c.Roots)
	require.Equal(t, 5*time.Second, c.StallTimeout)
	require.Equal(t, 16, c.Connections)
	transport := c.Transport()
	require.Equal(t, 700*time.Millisecond, transport.TLSHandshakeTimeout)
	for url, want := range map[string]string{"http://a/": "http://proxy:3128", "https://a/": "socks5://u:p@proxy:1"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		require.NoError(t, err)
		proxy, err := transport.Proxy(request)
		require.NoError(t, err)
		require.Equal(t, want, proxy.String())
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://here/", nil)
	require.NoError(t, err)
	proxy, err := transport.Proxy(request)
	require.NoError(t, err)
	require.Nil(t, proxy)

	known, err := c.Set("colour", "red")
	require.NoError(t, err)
	require.False(t, known)
	require.EqualError(t, netconf.Unknown("colour", "redirects", "basic.file"), `unknown key "colour"; it has basic.file, ca.file, `+
		`connect.timeout, connections, http.proxy, https.proxy, no.proxy, redirects and stall.timeout`)
}

func TestWhatCannotBeSet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	empty, large, pipe := filepath.Join(dir, "empty"), filepath.Join(dir, "large"), filepath.Join(dir, "pipe")
	for _, file := range []string{empty, large} {
		require.NoError(t, os.WriteFile(file, nil, 0o644))
	}
	require.NoError(t, os.Truncate(large, 10<<20+1))
	require.NoError(t, syscall.Mkfifo(pipe, 0o644))
	for _, c := range [][3]string{
		{"http.proxy", "http://:hush@", "http.proxy is not the address of a proxy; write http://HOST:PORT"},
		{"https.proxy", "ftp://hush@h", "https.proxy is not the address of a proxy; write http://HOST:PORT"},
		{"stall.timeout", "soon", `stall.timeout is "soon"; it takes a time such as 30s`},
		{"connect.timeout", "0s", `connect.timeout is "0s"; it takes a time such as 30s`},
		{"connections", "17", `connections is "17"; it takes a number from 1 to 16`},
		{"connections", "0", `connections is "0"; it takes a number from 1 to 16`},
		{"ca.file", "ca.pem", `ca.file is "ca.pem"; it takes the absolute path of a file on the agents`},
		{"ca.file", "/nowhere/ca.pem", "ca.file: open /nowhere/ca.pem: no such file or directory"},
		{"ca.file", empty, "ca.file: " + empty + " holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"},
		{"ca.file", "/dev/zero", "ca.file: /dev/zero is no file"},
		{"ca.file", pipe, "ca.file: " + pipe + " is no file"},
		{"ca.file", dir, "ca.file: " + dir + " is no file"},
		{"ca.file", large, "ca.file: " + large + " has more than 10485760 bytes, too many for certificates"},
	} {
		config := netconf.New(16)
		known, err := config.Set(c[0], c[1])
		require.True(t, known)
		require.EqualError(t, err, c[2])
	}
}

func TestAnOwnAuthorityIsTrusted(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(s.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o644))
	c := netconf.New(1)
	get := func() error {
		transport := c.Transport()
		defer transport.CloseIdleConnections()
		response, err := (&http.Client{Transport: transport}).Get(s.URL)
		if err == nil {
			err = response.Body.Close()
		}
		return err
	}
	require.ErrorContains(t, get(), "certificate")
	_, err := c.Set("ca.file", file)
	require.NoError(t, err)
	require.NoError(t, get())
}
