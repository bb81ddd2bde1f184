package httpfetch_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/httpfetch"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

func secretFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

// guarded serves data to those who send this header.
func guarded(data []byte, want func() string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != want() {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		file(data, `"v1"`, longAgo)(w, r)
	}
}

func TestCredentialsFromFiles(t *testing.T) {
	t.Parallel()
	const bob = "Basic Ym9iOnMzY3JldA=="
	tests := map[string]struct{ key, text, want string }{
		"basic":  {"basic.file", "bob:s3cret\n", bob},
		"bearer": {"bearer.file", "s3cret.token\n", "Bearer s3cret.token"},
		"netrc":  {"netrc.file", "machine elsewhere login x password y\nmachine 127.0.0.1\n  login bob\n  password s3cret\n", bob},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := content(1000)
			s := serve(t, guarded(data, func() string { return tt.want }))
			other := serve(t, file(data, `"v1"`, longAgo))
			secret := secretFile(t, tt.text)
			config := map[string]string{tt.key: secret}
			if tt.key != "netrc.file" {
				config["credential.hosts"] = "software.invalid, " + s.Listener.Addr().String()
			}
			c := newClient(t, config)
			_, err := c.fetch(s.URL)
			require.NoError(t, err)
			c.requireFile(data)

			// Another server does not see it; a URL's own credentials win.
			away := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
			if tt.key != "netrc.file" { // it was named with its port
				away = other.URL
			}
			_, err = c.fetch(away)
			require.NoError(t, err)
			require.Empty(t, other.last().Header.Get("Authorization"))
			_, err = c.fetch(strings.Replace(s.URL, "//", "//eve:wrong@", 1))
			requireKind(t, plugins.Permanent, err, "401", "fetcher.http.netrc.file")

			// It is read each time, and its mode looked at.
			require.NoError(t, os.WriteFile(secret, []byte(strings.ReplaceAll(tt.text, "s3cret", "rotated")), 0o600))
			_, err = c.fetch(s.URL)
			requireKind(t, plugins.Permanent, err, "401")
			require.NotContains(t, err.Error(), "rotated")
			require.NoError(t, os.Chmod(secret, 0o640))
			_, err = c.fetch(s.URL)
			requireKind(t, plugins.Permanent, err, "its mode 0640 lets others at them; run: chmod 600 "+secret)
			require.NoError(t, os.Remove(secret))
			_, err = c.fetch(s.URL)
			requireKind(t, plugins.Permanent, err, "cannot read the credentials: open "+secret, "it has to lie on each agent")
		})
	}
}

func TestCredentialsThatAreWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := filepath.Join(dir, "open")
	require.NoError(t, os.WriteFile(open, []byte("bob:s3cret"), 0o644))
	hosts := func(m map[string]string) map[string]string {
		m["credential.hosts"] = "h"
		return m
	}
	tests := map[string]struct {
		config map[string]string
		want   string
	}{
		"open to others": {hosts(map[string]string{"basic.file": open}), "basic.file: " + open + " holds credentials, and its mode 0644 lets others at them; run: chmod 600 " + open},
		"for no host":    {map[string]string{"basic.file": secretFile(t, "bob:s3cret")}, "need credential.hosts"},
		"hosts only":     {map[string]string{"credential.hosts": "h"}, "credential.hosts is set, but neither basic.file nor bearer.file"},
		"two":            {hosts(map[string]string{"basic.file": open, "bearer.file": open}), "both set"},
		"no password":    {hosts(map[string]string{"basic.file": secretFile(t, "s3cret")}), "does not hold one line USER:PASSWORD"},
		"two lines":      {hosts(map[string]string{"basic.file": secretFile(t, "bob:s3cret\nx:y")}), "does not hold one line"},
		"empty":          {hosts(map[string]string{"bearer.file": secretFile(t, "\n")}), "does not hold one line"},
		"a whole header": {hosts(map[string]string{"bearer.file": secretFile(t, "Bearer s3cret")}), "does not hold just a token"},
		"relative":       {map[string]string{"netrc.file": ".netrc"}, `netrc.file is ".netrc"; it takes the absolute path of a file on the agents`},
		"a folder":       {map[string]string{"netrc.file": dir}, dir + " is no file"},
		"too large":      {hosts(map[string]string{"bearer.file": secretFile(t, strings.Repeat("x", 70_000))}), "too many for credentials"},
		"gone":           {map[string]string{"netrc.file": "/nowhere/netrc"}, "open /nowhere/netrc: no such file"},
		"no CA":          {map[string]string{"ca.file": secretFile(t, "s3cret")}, "holds no certificate in PEM form"},
		"CA gone":        {map[string]string{"ca.file": "/nowhere/ca.pem"}, "ca.file: open /nowhere/ca.pem"},
		"CA relative":    {map[string]string{"ca.file": "ca.pem"}, "absolute path"},
		"connections":    {map[string]string{"connections": "0"}, `connections is "0"; it takes a number from 1 to 32`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := httpfetch.New("1").Init(t.Context(), tt.config)
			requireKind(t, plugins.Permanent, err, "cannot configure fetcher http: ", tt.want)
			require.NotContains(t, err.Error(), "s3cret")
		})
	}
}

// Credentials from a file do not follow a redirect to another server either.
func TestCredentialsAndRedirects(t *testing.T) {
	t.Parallel()
	data := content(1000)
	other := serve(t, file(data, `"v1"`, longAgo))
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "Bearer token", r.Header.Get("Authorization"))
		http.Redirect(w, r, other.URL+"/x", http.StatusFound)
	})
	c := newClient(t, map[string]string{"bearer.file": secretFile(t, "token"), "credential.hosts": "127.0.0.1:" + port(s.Server)})
	_, err := c.fetch(s.URL)
	require.NoError(t, err)
	require.Empty(t, other.last().Header.Get("Authorization"))
}

func port(s *httptest.Server) string {
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	return port
}

// authority makes a CA and a server certificate of it for 127.0.0.1.
func authority(t *testing.T) (caFile string, server tls.Certificate) {
	t.Helper()
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "own CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"server.invalid"},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	require.NoError(t, err)
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}), 0o644))
	return caFile, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestOwnCAThroughAProxy(t *testing.T) {
	t.Parallel()
	data := content(300_000)
	caFile, certificate := authority(t)
	s := httptest.NewUnstartedServer(file(data, `"v1"`, longAgo))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()

	c := newClient(t, map[string]string{"ca.file": caFile})
	_, err := c.fetch(s.URL)
	require.NoError(t, err)
	c.requireFile(data)

	foreign, _ := authority(t)
	_, err = newClient(t, map[string]string{"ca.file": foreign}).fetch(s.URL)
	requireKind(t, plugins.Permanent, err, "certificate is not trusted on this node", "fetcher.http.ca.file")

	p := tunnel(t, "bob", "s3cret")
	through := func(user string) map[string]string {
		return map[string]string{"ca.file": caFile, "https.proxy": strings.Replace(p.URL, "//", "//"+user+"@", 1)}
	}
	c = newClient(t, through("bob:s3cret"))
	// Loopback never goes through a proxy by its address, so the proxy is asked for a name.
	_, err = c.fetch(strings.Replace(s.URL, "127.0.0.1", "server.invalid", 1))
	require.NoError(t, err)
	c.requireFile(data)
	require.Equal(t, "CONNECT server.invalid:"+port(s), p.last().Method+" "+p.last().Host)
	_, err = newClient(t, through("eve:s3cret")).fetch(strings.Replace(s.URL, "127.0.0.1", "server.invalid", 1))
	require.ErrorContains(t, err, "Proxy Authentication Required")
	require.NotContains(t, err.Error(), "s3cret")
}

// tunnel is a proxy for https: it leads every CONNECT to this node.
func tunnel(t *testing.T, user, password string) *server {
	t.Helper()
	want := &http.Request{Header: http.Header{}}
	want.SetBasicAuth(user, password)
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != want.Header.Get("Authorization") {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		_, port, _ := net.SplitHostPort(r.Host)
		to, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", "127.0.0.1:"+port)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		from, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			to.Close()
			return
		}
		_, _ = fmt.Fprint(from, "HTTP/1.1 200 Connection established\r\n\r\n")
		var both sync.WaitGroup
		both.Go(func() { _, _ = io.Copy(to, from); to.Close() })
		_, _ = io.Copy(from, to)
		from.Close()
		both.Wait()
	})
}
