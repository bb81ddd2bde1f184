package s3fetch

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/netconf"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// Prefix of the properties that configure the fetcher, for messages.
const prefix = "alluxio.integration.mesos.fetcher.s3."

const maxConnections = 64

// config is what can be set below alluxio.integration.mesos.fetcher.s3. None of it is a
// secret: credentials are named, and read on the agent.
type config struct {
	netconf.Config
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
}

func defaultConfig() config {
	return config{Config: netconf.New(maxConnections), instanceRole: true, instanceRoleTimeout: time.Second}
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
	if known, err := c.Config.Set(key, value); known {
		return err
	}
	switch netconf.Normal(key) {
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
		c.credentialsFile, err = value, netconf.CheckPath(key, value)
	case "config.file":
		c.configFile, err = value, netconf.CheckPath(key, value)
	case "instance.role":
		c.instanceRole, err = yesNo(key, value)
	case "instance.role.timeout":
		c.instanceRoleTimeout, err = netconf.Duration(key, value)
	case "access.key", "secret.key", "access.key.id", "secret.access.key", "session.token", "aws.access.key.id", "aws.secret.access.key":
		err = fmt.Errorf("%s would hold a secret; write it into a shared credentials file on the agents, and its path into "+
			"credentials.file", key)
	case "env": // the host has read it: which variables this process sees
	default:
		err = netconf.Unknown(key, "anonymous", "config.file", "credentials.file", "endpoint", "env", "instance.role", "instance.role.timeout",
			"path.style", "profile", "region")
	}
	return err
}

func yesNo(key, value string) (bool, error) {
	yes, err := strconv.ParseBool(value)
	if err != nil {
		return false, fmt.Errorf("%s is %q; it takes true or false", key, value)
	}
	return yes, nil
}
