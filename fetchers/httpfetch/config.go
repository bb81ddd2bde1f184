package httpfetch

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

const maxRedirects = 50

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
}

func defaultConfig() config {
	return config{stallTimeout: 30 * time.Second, connectTimeout: 10 * time.Second, redirects: 10}
}

func readConfig(values map[string]string) (config, error) {
	c := defaultConfig()
	var problems []error
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if err := c.set(key, strings.TrimSpace(values[key])); err != nil {
			problems = append(problems, fmt.Errorf("cannot configure fetcher http: %w", err))
		}
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
		n, parseErr := strconv.Atoi(value)
		if c.redirects = n; parseErr != nil || n < 0 || n > maxRedirects {
			err = fmt.Errorf("%s is %q; it takes a number from 0 to %d", key, value, maxRedirects)
		}
	default:
		err = fmt.Errorf("unknown key %q; it has http.proxy, https.proxy, no.proxy, stall.timeout, connect.timeout and redirects", key)
	}
	return err
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
