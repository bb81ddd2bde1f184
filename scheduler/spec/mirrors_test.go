package spec

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	jarURL  = "alluxio.integration.mesos.alluxio.jar.url="
	jarSum  = "alluxio.integration.mesos.alluxio.jar.checksum="
	mirrors = "http://a/x-${alluxio.version}.tgz, https://b/x.tgz"
)

func TestMirrorsAndChecksumsBesideTheFile(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("ab", 32)
	d := read(t, jarURL+mirrors, jarSum+"file")
	require.Equal(t, Artifact{Source: "http://a/x-2.9.6.tgz, https://b/x.tgz", Checksum: "file"}, d.Alluxio)
	launch, _ := Bind(d, Target{Instance: "master-0", Process: "master"})
	require.Equal(t, "http://a/x-2.9.6.tgz, https://b/x.tgz", launch.GetAlluxio().GetSource())
	require.Equal(t, "file", launch.GetAlluxio().GetChecksum())

	d = read(t, jarURL+"http://a/x http://b/x?checksum="+digest)
	require.Equal(t, digest, d.Alluxio.Checksum)
	d = read(t, jarURL+"http://a/x?checksum=file:sums http://b/x?checksum=file:sums")
	require.Empty(t, d.Alluxio.Checksum)

	for _, c := range []struct{ lines, want string }{
		{jarURL + "http://u:geheim@a/x ftp://geheim@b/x", "jar.url=http://xxxxx@a/x ftp://xxxxx@b/x: no fetcher serves the scheme ftp"},
		{jarURL + "http://a/x LOCAL", "LOCAL stands alone"},
		{jarURL + "http://a/x?checksum=" + digest + " http://b/x?checksum=" + strings.Repeat("cd", 32), "keep one of the two"},
		{jarURL + "http://a/x?checksum=" + digest + "\n" + jarSum + "file", "keep one of the two"},
		{jarURL + "http://a/x?checksum=file:y\n" + jarSum + digest, "keep one of the two"},
		{jarURL + "http://a/\n" + jarSum + "file", "no file lies beside"},
		{jarURL + "LOCAL\n" + jarSum + "file", "is not digested"},
		{jarSum + "files", "or file, which takes them from"},
	} {
		_, err := Read(site(strings.Split(c.lines, "\n")...), Options{})
		require.ErrorContains(t, err, c.want, c.lines)
		require.NotContains(t, err.Error(), "geheim")
	}
}

func TestReadPlugins(t *testing.T) {
	t.Parallel()
	got, err := ReadPlugins(site("alluxio.integration.mesos.fetcher.s3=mine", "alluxio.integration.mesos.fetcher.http.no.proxy=${x}",
		"x=y", "alluxio.integration.mesos.plugin.dir=/opt/p", "alluxio.integration.mesos.worker.count=nonsense"))
	require.NoError(t, err)
	require.Equal(t, PluginSettings{
		Dir: "/opt/p", Fetchers: map[string]string{"s3": "mine"}, Config: map[string]map[string]string{"fetcher-http": {"no.proxy": "y"}},
	}, got)
	_, err = ReadPlugins(site("alluxio.integration.mesos.fetchr.s3=mine"))
	require.ErrorContains(t, err, "there is no such key")
}
