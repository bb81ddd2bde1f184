package spec

import (
	"errors"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// PluginSettings are what site properties say of plugins: enough to use these without a deployment.
type PluginSettings struct {
	Dir      string                       // plugin.dir; empty: beside the binary
	Fetchers map[string]string            // who serves a source scheme, where that was chosen
	Config   map[string]map[string]string // of each plugin, by KIND-NAME; it may hold secrets
}

// ReadPlugins reads them, and refuses keys for the framework that do not exist. What else is wrong with a deployment is
// not looked at.
func ReadPlugins(site alluxio.Properties) (PluginSettings, error) {
	r := &reader{site: site}
	r.keys()
	r.plugins()
	dir := r.folder(Prefix+"plugin.dir", "")
	return PluginSettings{Dir: dir, Fetchers: r.d.Fetchers, Config: r.d.PluginConfig}, errors.Join(r.problems...)
}
