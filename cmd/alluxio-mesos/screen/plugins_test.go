package screen

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
)

func TestPlugins(t *testing.T) {
	t.Parallel()
	p := client.Plugins{
		Plugins: []client.Plugin{
			{Kind: "fetcher", Name: "http", Version: "v2", SHA256: strings.Repeat("ab", 32), Origin: "plugin.dir"},
			{Kind: "ramdisk", Name: "tmpfs", SHA256: strings.Repeat("cd", 32), Origin: "plugin.dir"},
		},
		Instances: []client.PluginUser{
			{Instance: "master-0", Host: "h1", Plugins: map[string]string{"fetcher-http": strings.Repeat("ab", 32)}},
			{Instance: "worker-0", Host: "h2", Plugins: map[string]string{"ramdisk-tmpfs": strings.Repeat("cd", 32), "fetcher-http": strings.Repeat("01", 32)}},
		},
	}
	var out strings.Builder
	require.NoError(t, Plugins(&out, p))
	var lines []string
	for line := range strings.Lines(out.String()) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	require.Equal(t, []string{
		"KIND     NAME   VERSION  SHA256        FROM",
		"fetcher  http   v2       abababababab  plugin.dir",
		"ramdisk  tmpfs  ?        cdcdcdcdcdcd  plugin.dir",
		"",
		"INSTANCE  HOST  PLUGIN         VERSION  SHA256",
		"master-0  h1    fetcher-http   v2       abababababab",
		"worker-0  h2    fetcher-http   ?        010101010101  not the one that is shipped",
		"worker-0  h2    ramdisk-tmpfs  ?        cdcdcdcdcdcd",
	}, lines)
}

func TestSwapStep(t *testing.T) {
	t.Parallel()
	from, to := strings.Repeat("a", 64), strings.Repeat("b", 64)
	for want, i := range map[string]client.SwapInstance{
		"":                                    {State: "waiting"},
		"aaaaaaaaaaaa -> bbbbbbbbbbbb (v2)":   {State: "swapped", From: from, To: to, Version: "v2"},
		"- -> bbbbbbbbbbbb":                   {State: "swapped", To: to},
		"had it already: bbbbbbbbbbbb":        {State: "swapped", From: to, To: to},
		"refused, aaaaaaaaaaaa stays: broken": {State: "refused", From: from, To: from, Error: "broken"},
		"its executor ended; the next one gets the plugin with its first task": {State: "gone"},
	} {
		require.Equal(t, want, SwapStep(i))
	}
}
