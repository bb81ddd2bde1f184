package scheduler

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/scheduler/spec"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/state"
)

// shipping is a runner that only ships, from a folder with the built-in plugins' names.
func shipping(t *testing.T, d spec.Deployment) *runner {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"alluxio-mesos-executor", "alluxio-mesos-fetcher-http", "alluxio-mesos-fetcher-local", "alluxio-mesos-ramdisk-tmpfs"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(name), 0o755))
	}
	d.Artifacts = spec.Listener{Bind: "127.0.0.1", Host: "127.0.0.1"}
	log := slog.New(slog.DiscardHandler)
	state, err := state.Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = state.Close() })
	return &runner{log: log, dir: state, config: Config{Deployment: d, Executor: filepath.Join(dir, "alluxio-mesos-executor"), PluginDir: dir, Logger: log}}
}

func TestPluginsAreShippedWithTheirConfiguration(t *testing.T) {
	t.Parallel()
	proxy := map[string]string{"https.proxy": "http://proxy:3128"}
	s, err := shipping(t, spec.Deployment{PluginConfig: map[string]map[string]string{"fetcher-http": proxy}}).ship(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, s.server.Close()) }()
	list := s.plugins()
	require.Len(t, list, 3)
	require.Equal(t, "http", list[0].Name)
	require.Equal(t, proxy, list[0].Config)
	require.Empty(t, list[1].Config)
}

func TestPluginsThatAreMissing(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		d    spec.Deployment
		want string
	}{
		"named":      {spec.Deployment{Fetchers: map[string]string{"s3": "mine", "s3a": "mine"}}, "there is no alluxio-mesos-fetcher-mine in "},
		"configured": {spec.Deployment{PluginConfig: map[string]map[string]string{"fetcher-htpp": nil}}, "there is no alluxio-mesos-fetcher-htpp in "},
		"configured, with plugins on the agents": {
			spec.Deployment{PluginConfig: map[string]map[string]string{"fetcher-htpp": nil}, Folders: spec.Folders{Plugins: "/opt/plugins"}},
			"there is no alluxio-mesos-fetcher-htpp in ",
		},
		"named, with plugins on the agents": {
			spec.Deployment{Ramdisk: spec.Ramdisk{Plugin: "mine"}, Folders: spec.Folders{Plugins: "/opt/plugins"}}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := shipping(t, one.d).ship(t.Context())
			if one.want != "" {
				require.ErrorContains(t, err, one.want)
				return
			}
			require.NoError(t, err)
			require.NoError(t, s.server.Close())
		})
	}
}
