package alluxio_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

func files(names ...string) fstest.MapFS {
	all := fstest.MapFS{}
	for _, name := range names {
		all[name] = &fstest.MapFile{}
	}
	return all
}

func TestInspectHome(t *testing.T) {
	t.Parallel()
	home, err := alluxio.InspectHome(files("assembly/alluxio-server-2.9.6.jar", "assembly/alluxio-client-2.9.6.jar",
		"assembly/lib/x.jar", "conf/log4j.properties", "webui/master/index.html"), "/opt/a")
	require.NoError(t, err)
	assert.Equal(t, alluxio.Home{
		Dir: "/opt/a", Version: alluxio.Version{Major: 2, Minor: 9, Patch: 6}, WebUI: true, Log4j: "/opt/a/conf/log4j.properties",
		ServerJar: "/opt/a/assembly/alluxio-server-2.9.6.jar", ClientJar: "/opt/a/assembly/alluxio-client-2.9.6.jar",
	}, home)

	home, err = alluxio.InspectHome(files("assembly/alluxio-server-1.8.2.jar"), "/opt/a")
	require.NoError(t, err)
	assert.Equal(t, alluxio.Home{
		Dir: "/opt/a", Version: alluxio.Version{Major: 1, Minor: 8, Patch: 2}, ServerJar: "/opt/a/assembly/alluxio-server-1.8.2.jar",
	}, home)

	for _, c := range []struct {
		files   fstest.MapFS
		problem string
	}{
		{files("README"), "no assembly/alluxio-server-*.jar in /opt/a: not an Alluxio distribution"},
		{
			files("assembly/alluxio-server-2.9.6.jar", "assembly/alluxio-server-2.9.5.jar"),
			"2 jars match assembly/alluxio-server-*.jar in /opt/a: leave the one of its version",
		},
		{files("assembly/alluxio-server-next.jar"), "cannot tell the version of Alluxio in /opt/a from " +
			`assembly/alluxio-server-next.jar: "next" is not a version of Alluxio: write it like 2.9.6`},
	} {
		_, err := alluxio.InspectHome(c.files, "/opt/a")
		assert.EqualError(t, err, c.problem)
	}
}
