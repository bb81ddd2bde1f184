package s3fetch

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// Prefix of the properties that configure the fetcher, for messages.
const prefix = "alluxio.integration.mesos.fetcher.s3."

const maxConnections = 64

// config is what can be set below alluxio.integration.mesos.fetcher.s3. None of it is a
// secret: credentials are named, and read on the agent.
type config struct {
	// region of buckets whose source names none.
	region string
	// endpoint is a server that is not AWS', for sources that name none.
	endpoint string
	// path.style asks for https://HOST/BUCKET/KEY (true) or https://BUCKET.HOST/KEY. Unset: the
	// former with an endpoint, the latter on AWS.
	pathStyle *bool
	// anonymous uses no credentials.
	anonymous bool
	// profile, credentials.file and config.file say where credentials stand. With one of
	// the first two no other place is looked at.
	profile, credentialsFile, configFile string
	// instance.role asks the machine's metadata service (true).
	instanceRole bool
	// instance.role.timeout is how long that may take to answer (1s).
	instanceRoleTimeout time.Duration
	// ca.file holds certificates that are trusted besides the system's.
	caFile string
	// http.proxy, https.proxy and no.proxy are as those of fetcher http.
	proxy httpproxy.Config
	// stall.timeout is how long no byte may come (30s), connect.timeout bounds making the connection (10s).
	stallTimeout, connectTimeout time.Duration
	// connections that there may be at once for one object (8).
	connections int
}

func defaultConfig() config {
	return config{instanceRole: true, instanceRoleTimeout: time.Second, stallTimeout: 30 * time.Second,
		connectTimeout: 10 * time.Second, connections: 8}
}

func readConfig(values map[string]string) (config, error) {
	c := defaultConfig()
	var problems []error
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if err := c.set(key, strings.TrimSpace(values[key])); err != nil {
			problems = append(problems, fmt.Errorf("cannot configure fetcher s3: %w", err))
		}
	}
	if c.anonymous && (c.profile != "" || c.credentialsFile != "") {
		problems = append(problems, errors.New("cannot configure fetcher s3: anonymous=true asks for no credentials, and profile or "+
			"credentials.file for some; leave one of them out"))
	}
	if len(problems) > 0 {
		return config{}, plugins.AsPermanent(errors.Join(problems...))
	}
	return c, nil
}

func (c *config) set(key, value string) (err error) {
	switch normal(key) {
	case "region":
		if c.region = value; !made(value, "-") {
			err = fmt.Errorf("%s is %q; it takes the name of a region such as eu-west-1", key, value)
		}
	case "endpoint":
		if c.endpoint = ""; value != "" {
			c.endpoint, err = parseEndpoint(value)
		}
	case "path.style":
		c.pathStyle = new(bool)
		*c.pathStyle, err = yesNo(key, value)
	case "anonymous":
		c.anonymous, err = yesNo(key, value)
	case "profile":
		c.profile = value
	case "credentials.file":
		c.credentialsFile, err = file(key, value)
	case "config.file":
		c.configFile, err = file(key, value)
	case "instance.role":
		c.instanceRole, err = yesNo(key, value)
	case "access.key", "secret.key", "access.key.id", "secret.access.key", "session.token", "aws.access.key.id", "aws.secret.access.key":
		err = fmt.Errorf("%s would hold a secret; write it into a shared credentials file on the agents, and its path into "+
			"credentials.file", key)
	case "env": // the host has read it: which variables this process sees
	default:
		err = c.setConnection(key, value)
	}
	return err
}

func (c *config) setConnection(key, value string) (err error) {
	switch normal(key) {
	case "ca.file":
		c.caFile, err = file(key, value)
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
	case "instance.role.timeout":
		c.instanceRoleTimeout, err = duration(key, value)
	case "connections":
		n, parseErr := strconv.Atoi(value)
		if c.connections = n; parseErr != nil || n < 1 || n > maxConnections {
			err = fmt.Errorf("%s is %q; it takes a number from 1 to %d", key, value, maxConnections)
		}
	default:
		err = fmt.Errorf("unknown key %q; it has anonymous, ca.file, config.file, connect.timeout, connections, credentials.file, "+
			"endpoint, env, http.proxy, https.proxy, instance.role, instance.role.timeout, no.proxy, path.style, profile, region "+
			"and stall.timeout", key)
	}
	return err
}

// normal lets HTTPS_PROXY and the like be understood.
func normal(key string) string { return strings.ReplaceAll(strings.ToLower(key), "_", ".") }

func yesNo(key, value string) (bool, error) {
	yes, err := strconv.ParseBool(value)
	if err != nil {
		return false, fmt.Errorf("%s is %q; it takes true or false", key, value)
	}
	return yes, nil
}

func file(key, value string) (string, error) {
	if value != "" && !filepath.IsAbs(value) {
		return "", fmt.Errorf("%s is %q; it takes an absolute path on the agents", key, value)
	}
	return value, nil
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
