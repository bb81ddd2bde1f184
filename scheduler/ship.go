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
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/artifacts"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/plan"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/state"
)

// shipment is what agents get from this scheduler.
type shipment struct {
	server      *artifacts.Server
	executorURL string
	plugins     []*launchv1.Plugin
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
	list, files, err := r.pluginFiles(dir)
	if err != nil {
		return nil, err
	}
	hostName, err := r.artifactHost(ctx)
	if err != nil {
		return nil, err
	}
	server, err := artifacts.Listen(artifacts.Config{
		Bind: r.config.Deployment.Artifacts.Bind, Host: hostName, Port: r.file.Artifacts.Port, Files: append(files, executor), Logger: r.log,
	})
	if err != nil {
		return nil, err
	}
	r.file.Artifacts = state.Listener{Host: hostName, Port: server.Port()}
	s := &shipment{server: server, executorURL: server.URL(executor)}
	for i, p := range list {
		s.plugins = append(s.plugins, &launchv1.Plugin{
			Kind: p.Kind, Name: p.Name, Sha256: p.SHA256, Url: server.URL(files[i]), Size: p.Size,
			Config: r.config.Deployment.PluginConfig[p.Kind+"-"+p.Name],
		})
	}
	r.log.Info("agents get the binaries from here", "executor", s.executorURL, "plugins", len(list))
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
func (r *runner) pluginFiles(dir string) ([]host.Plugin, []artifacts.File, error) {
	list, err := host.ListDir(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: alluxio-mesos ships the plugins of its own folder, or of alluxio.integration.mesos.plugin.dir", err)
	}
	var files []artifacts.File
	there := map[string]bool{}
	for _, p := range list {
		files = append(files, artifacts.File{Path: p.URL, SHA256: p.SHA256, Size: p.Size})
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
		return nil, nil, fmt.Errorf("cannot ship the plugins: there is no %s in %s: put it there, or name another folder with "+
			"alluxio.integration.mesos.plugin.dir", strings.Join(missing, ", "), dir)
	}
	return list, files, nil
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
