package httpfetch

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/netconf"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

const (
	maxRedirects   = 50
	maxConnections = 32
)

// config is what can be set below alluxio.integration.mesos.fetcher.http.
type config struct {
	netconf.Config
	// redirects is how many are followed (10).
	redirects int
	// basic.file (USER:PASSWORD) or bearer.file (a token) are for the servers in
	// credential.hosts; netrc.file names its own.
	basicFile, bearerFile, netrcFile string
	hosts                            []string
}

const property = "alluxio.integration.mesos.fetcher.http."

func defaultConfig() config {
	return config{Config: netconf.New(maxConnections), redirects: 10}
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
	if known, err := c.Config.Set(key, value); known {
		return err
	}
	switch netconf.Normal(key) {
	case "redirects":
		c.redirects, err = netconf.Number(key, value, 0, maxRedirects)
	case "basic.file":
		c.basicFile, err = value, netconf.CheckPath(key, value)
	case "bearer.file":
		c.bearerFile, err = value, netconf.CheckPath(key, value)
	case "netrc.file":
		c.netrcFile, err = value, netconf.CheckPath(key, value)
	case "credential.hosts":
		c.hosts = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
	default:
		err = netconf.Unknown(key, "basic.file", "bearer.file", "credential.hosts", "netrc.file", "redirects")
	}
	return err
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
