// Package netconf is what fetchers that speak HTTP have in common before the first request:
// the keys for proxies, certificates, timeouts and connections, how their values are read,
// and the transport that follows from them. What else a fetcher can be told, redirects and
// credentials are its own; so is the prefix of its keys.
package netconf

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// Config is what can be set. Make it with New.
type Config struct {
	// Proxy is set by http.proxy, https.proxy and no.proxy, which mean what curl understands
	// by HTTP_PROXY, HTTPS_PROXY and NO_PROXY: the environment is empty in a plugin. They
	// may hold credentials.
	Proxy httpproxy.Config
	// Roots are the certificates of ca.file (PEM) and those of the system; nil: the latter alone.
	Roots *x509.CertPool
	// StallTimeout (stall.timeout) is how long no byte may come: 30s.
	StallTimeout time.Duration
	// ConnectTimeout (connect.timeout) bounds making a connection, and TLS on it: 10s.
	ConnectTimeout time.Duration
	// Connections (connections) is how many there may be at once for one file: 8. 1: never
	// more than one.
	Connections int

	most int // connections
}

// New is what holds where nothing is set, with the most connections that may be.
func New(most int) Config {
	return Config{StallTimeout: 30 * time.Second, ConnectTimeout: 10 * time.Second, Connections: 8, most: most}
}

// Set sets what a key stands for, and tells whether there is such a key. Errors name key and
// value, but of a proxy only the key: its value may hold a password.
func (c *Config) Set(key, value string) (known bool, err error) {
	switch Normal(key) {
	case "http.proxy":
		c.Proxy.HTTPProxy, err = value, checkProxy(key, value)
	case "https.proxy":
		c.Proxy.HTTPSProxy, err = value, checkProxy(key, value)
	case "no.proxy":
		c.Proxy.NoProxy = value
	case "ca.file":
		c.Roots, err = readRoots(key, value)
	case "stall.timeout":
		c.StallTimeout, err = Duration(key, value)
	case "connect.timeout":
		c.ConnectTimeout, err = Duration(key, value)
	case "connections":
		c.Connections, err = Number(key, value, 1, c.most)
	default:
		return false, nil
	}
	return true, err
}

// Unknown says which keys there are: those of Set and the fetcher's own.
func Unknown(key string, own ...string) error {
	keys := append([]string{"ca.file", "connect.timeout", "connections", "http.proxy", "https.proxy", "no.proxy", "stall.timeout"}, own...)
	slices.Sort(keys)
	last := len(keys) - 1
	return fmt.Errorf("unknown key %q; it has %s and %s", key, strings.Join(keys[:last], ", "), keys[last])
}

// Transport makes connections accordingly.
func (c Config) Transport() *http.Transport {
	proxy := c.Proxy.ProxyFunc()
	var protocols http.Protocols
	protocols.SetHTTP1(true) // one large stream gains nothing from HTTP/2 but flow control
	return &http.Transport{
		Proxy:                 func(r *http.Request) (*url.URL, error) { return proxy(r.URL) },
		DialContext:           (&net.Dialer{Timeout: c.ConnectTimeout}).DialContext,
		TLSHandshakeTimeout:   c.ConnectTimeout,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.Roots},
		ResponseHeaderTimeout: c.StallTimeout,
		MaxIdleConnsPerHost:   c.Connections,
		IdleConnTimeout:       c.StallTimeout,
		DisableCompression:    true,
		Protocols:             &protocols,
	}
}
