package scheduler

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/spec"
)

func TestMisspeltKeysOfPlugins(t *testing.T) {
	t.Parallel()
	work, err := os.ReadFile(plugintest.Build(t, "../cmd/alluxio-mesos-fetcher-local", "alluxio-mesos-fetcher-local", "1.2.3"))
	require.NoError(t, err)
	config := func(plugin, key, value string) map[string]map[string]string {
		return map[string]map[string]string{plugin: {key: value}}
	}
	misspelt := config("fetcher-local", "jdk.serch", "/opt/jdk")
	for name, one := range map[string]struct {
		d             spec.Deployment
		stop          bool
		refused, note string
	}{
		"misspelt": {d: spec.Deployment{PluginConfig: misspelt}, refused: `the plugin fetcher-local refuses its configuration: ` +
			`cannot configure fetcher local: unknown key "jdk.serch"; it has only jdk.search: correct or remove the key among ` +
			`alluxio.integration.mesos.fetcher.local.*`},
		"the agents' own may know it": {d: spec.Deployment{PluginConfig: misspelt, Folders: spec.Folders{Plugins: "/opt/plugins"}},
			note: `(alluxio.integration.mesos.fetcher.local.*): cannot configure fetcher local: unknown key "jdk.serch"; it has only jdk.search; on the agents`},
		"a stop goes on":      {d: spec.Deployment{PluginConfig: misspelt}, stop: true},
		"refused for a value": {d: spec.Deployment{PluginConfig: config("fetcher-local", "jdk.search", "opt")}, note: "no absolute path or pattern; on the agents"},
		"right":               {d: spec.Deployment{PluginConfig: config("fetcher-local", "jdk.search", "/opt/jdk")}},
		"cannot run here":     {d: spec.Deployment{PluginConfig: config("fetcher-http", "prox", "x")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := shipping(t, one.d)
			r.config.Stop = one.stop
			require.NoError(t, os.WriteFile(filepath.Join(r.config.PluginDir, "alluxio-mesos-fetcher-local"), work, 0o755))
			s, err := r.ship(t.Context())
			require.NoError(t, err)
			defer func() { require.NoError(t, s.server.Close()) }()
			err = r.tryConfigs(t.Context(), r.newInstaller(t.Context(), s))
			if one.refused != "" {
				require.EqualError(t, err, one.refused)
				return
			}
			require.NoError(t, err)
			if one.note == "" {
				require.Empty(t, r.config.Deployment.Notes)
				return
			}
			require.Len(t, r.config.Deployment.Notes, 1)
			require.Contains(t, r.config.Deployment.Notes[0], one.note)
		})
	}
}
