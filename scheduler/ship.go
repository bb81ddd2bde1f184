package scheduler

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/artifacts"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/plan"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/state"
)

// shipment is what agents get from this scheduler: the executor, and the plugins of plugin.dir with those over them that
// were installed.
type shipment struct {
	server      *artifacts.Server
	executorURL string
	base        []host.Plugin // of plugin.dir
	store       *state.Plugins
	config      map[string]map[string]string // by "kind-name"
}

// ship digests executor and plugins and begins to hand them out, where the last scheduler did if that can be.
func (r *runner) ship(ctx context.Context) (*shipment, error) {
	executor, err := digest(r.config.Executor)
	if err != nil {
		return nil, fmt.Errorf("cannot ship the executor: %w", err)
	}
	dir := r.config.Deployment.PluginDir
	if dir == "" {
		dir = r.config.PluginDir
	}
	store, err := r.dir.Plugins()
	if err != nil {
		return nil, err
	}
	s := &shipment{store: store, config: r.config.Deployment.PluginConfig}
	s.dropDamaged(r.log)
	if s.base, err = r.pluginFiles(dir, store.Installed()); err != nil {
		return nil, err
	}
	hostName, err := r.artifactHost(ctx)
	if err != nil {
		return nil, err
	}
	server, err := artifacts.Listen(artifacts.Config{
		Bind: r.config.Deployment.Artifacts.Bind, Host: hostName, Port: r.file.Artifacts.Port, Files: append(s.files(), executor), Logger: r.log,
	})
	if err != nil {
		return nil, err
	}
	r.file.Artifacts = state.Listener{Host: hostName, Port: server.Port()}
	s.server, s.executorURL = server, server.URL(executor)
	r.log.Info("agents get the binaries from here", "executor", s.executorURL, "plugins", len(s.plugins()), "installed", len(store.Installed()))
	return s, nil
}

func digest(path string) (artifacts.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return artifacts.File{}, err
	}
	if info.Mode()&0o111 == 0 {
		return artifacts.File{}, fmt.Errorf("%s is not executable", path)
	}
	sum, size, err := host.DigestFile(path)
	return artifacts.File{Path: path, SHA256: sum, Size: size}, err
}

// pluginFiles lists the plugins that are shipped, and refuses a deployment that names one that is not there.
func (r *runner) pluginFiles(dir string, installed []state.Plugin) ([]host.Plugin, error) {
	list, err := host.ListDir(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: alluxio-mesos ships the plugins of its own folder, or of alluxio.integration.mesos.plugin.dir", err)
	}
	there := map[string]bool{}
	for _, p := range list {
		there[p.Kind+"-"+p.Name] = true
	}
	for _, p := range installed {
		there[p.Kind+"-"+p.Name] = true
	}
	var missing []string
	for _, name := range r.wantedPlugins() {
		if file := "alluxio-mesos-" + name; !there[name] && !slices.Contains(missing, file) {
			missing = append(missing, file)
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		return nil, fmt.Errorf("cannot ship the plugins: there is no %s in %s: put it there, or name another folder with "+
			"alluxio.integration.mesos.plugin.dir", strings.Join(missing, ", "), dir)
	}
	return list, nil
}

// wantedPlugins are those that must be shipped: what the deployment configures, since the configuration goes with it, and
// what it names, unless the agents may have that themselves.
func (r *runner) wantedPlugins() []string {
	d := r.config.Deployment
	names := slices.Collect(maps.Keys(d.PluginConfig))
	if d.Folders.Plugins != "" {
		return names
	}
	if d.Ramdisk.Plugin != "" {
		names = append(names, plugins.KindRamdisk+"-"+d.Ramdisk.Plugin)
	}
	for _, name := range d.Fetchers {
		names = append(names, plugins.KindFetcher+"-"+name)
	}
	return names
}

// artifactHost is what URLs name: what the operator said, the same as the last time, or the address that reaches Mesos.
func (r *runner) artifactHost(ctx context.Context) (string, error) {
	if set := r.config.Deployment.Artifacts.Host; set != "" {
		return set, nil
	}
	found, err := artifacts.HostToward(ctx, r.config.Mesos)
	if err != nil && r.file.Artifacts.Host != "" {
		return r.file.Artifacts.Host, nil
	}
	return found, err
}

// save makes a state of the plan durable, together with what the runner itself must remember.
func (r *runner) save(s plan.Saved) error {
	r.file.Plan = s
	r.file.Name, r.file.Mesos = r.config.Deployment.Name, r.config.Mesos
	return r.dir.Save(r.file)
}
