package httpfetch

import (
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

const (
	maxRedirects   = 50
	maxConnections = 32
)

// config is what can be set below alluxio.integration.mesos.fetcher.http. The
// environment is empty in a plugin, so the proxies stand here; HTTP_PROXY and the like are
// understood as names, too.
type config struct {
	// http.proxy, https.proxy and no.proxy mean what curl understands by HTTP_PROXY,
	// HTTPS_PROXY and NO_PROXY. They may hold credentials.
	proxy httpproxy.Config
	// stall.timeout is how long no byte may come (30s).
	stallTimeout time.Duration
	// connect.timeout bounds making the connection, and TLS on it (10s).
	connectTimeout time.Duration
	// redirects is how many are followed (10).
	redirects int
	// connections is how many there may be at once for one file (8); 1: never more than one.
	connections int
	// ca.file holds certificates (PEM) to trust besides the system's.
	roots *x509.CertPool
	// basic.file (USER:PASSWORD) or bearer.file (a token) are for the servers in
	// credential.hosts; netrc.file names its own.
	basicFile, bearerFile, netrcFile string
	hosts                            []string
}

const property = "alluxio.integration.mesos.fetcher.http."

func defaultConfig() config {
	return config{stallTimeout: 30 * time.Second, connectTimeout: 10 * time.Second, redirects: 10, connections: 8}
}

func readConfig(values map[string]string) (config, error) {
	c := defaultConfig()
	var problems []error
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if err := c.set(key, strings.TrimSpace(values[key])); err != nil {
			problems = append(problems, fmt.Errorf("cannot configure fetcher http: %w", err))
		}
	}
	if err := c.checkLogins(); err != nil {
		problems = append(problems, fmt.Errorf("cannot configure fetcher http: %w", err))
	}
	if len(problems) > 0 {
		return config{}, plugins.AsPermanent(errors.Join(problems...))
	}
	return c, nil
}

func (c *config) set(key, value string) (err error) {
	switch strings.ReplaceAll(strings.ToLower(key), "_", ".") {
	case "http.proxy":
		c.proxy.HTTPProxy, err = value, checkProxy(key, value)
	case "https.proxy":
		c.proxy.HTTPSProxy, err = value, checkProxy(key, value)
	case "no.proxy":
		c.proxy.NoProxy = value
	case "stall.timeout":
		c.stallTimeout, err = duration(key, value)
	case "connect.timeout":
		c.connectTimeout, err = duration(key, value)
	case "redirects":
		c.redirects, err = number(key, value, 0, maxRedirects)
	case "connections":
		c.connections, err = number(key, value, 1, maxConnections)
	case "ca.file":
		c.roots, err = readRoots(key, value)
	case "basic.file":
		c.basicFile, err = value, checkPath(key, value)
	case "bearer.file":
		c.bearerFile, err = value, checkPath(key, value)
	case "netrc.file":
		c.netrcFile, err = value, checkPath(key, value)
	case "credential.hosts":
		c.hosts = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
	default:
		err = fmt.Errorf("unknown key %q; it has http.proxy, https.proxy, no.proxy, stall.timeout, connect.timeout, redirects, "+
			"connections, ca.file, basic.file, bearer.file, netrc.file and credential.hosts", key)
	}
	return err
}

func number(key, value string, least, most int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s is %q; it takes a number from %d to %d", key, value, least, most)
	}
	return n, nil
}

// checkLogins reads the files once, so that what is wrong with them is told at the start.
func (c *config) checkLogins() error {
	switch {
	case c.basicFile != "" && c.bearerFile != "":
		return errors.New("basic.file and bearer.file are both set; a server takes one of them")
	case (c.basicFile != "" || c.bearerFile != "") && len(c.hosts) == 0:
		return errors.New("basic.file and bearer.file need credential.hosts, the servers that may see them: HOST or HOST:PORT, separated by spaces")
	case c.basicFile == "" && c.bearerFile == "" && len(c.hosts) > 0:
		return errors.New("credential.hosts is set, but neither basic.file nor bearer.file")
	}
	var problems []error
	for _, file := range []struct {
		key, name string
		read      func(string) (login, error)
	}{
		{"basic.file", c.basicFile, readBasic},
		{"bearer.file", c.bearerFile, readBearer},
		{"netrc.file", c.netrcFile, func(name string) (login, error) { return readNetrc(name, "") }},
	} {
		if !filepath.IsAbs(file.name) {
			continue // unset, or told of already
		}
		if _, err := file.read(file.name); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", file.key, err))
		}
	}
	return errors.Join(problems...)
}

// readRoots adds the certificates of a file to those of the system.
func readRoots(key, name string) (*x509.CertPool, error) {
	if err := checkPath(key, name); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // this node has none of its own
	}
	if !roots.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s: %s holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)", key, name)
	}
	return roots, nil
}

// checkProxy does not repeat the value, which may hold a password.
func checkProxy(key, value string) error {
	if value == "" {
		return nil
	}
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5") {
		return fmt.Errorf("%s is not the address of a proxy; write http://HOST:PORT", key)
	}
	return nil
}

func duration(key, value string) (time.Duration, error) {
	d, err := alluxio.ParseDuration(value)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s is %q; it takes a time such as 30s", key, value)
	}
	return d, nil
}
