package acceptance

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest/suite"
	"github.com/alluxio-mesos/alluxio-mesos/test/deploy"
	"github.com/alluxio-mesos/alluxio-mesos/test/repo"
)

// The example plugins in a deployment: Alluxio out of an OCI registry by the one in Go,
// the JDK from an FTP server by the one in Python.
func TestExamplePlugins(t *testing.T) {
	t.Parallel()
	plugins := examplePlugins(t)
	jdk := deploy.OtherJDK(t)
	offer, err := suite.NewOffer(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(offer.Close)
	alluxio, err := offer.Add(deploy.Tarball(t), "oci://{http}/alluxio/lean:{file}")
	require.NoError(t, err)
	java, err := offer.Add(jdk.File, "ftp://{ftp}/jdk/{file}")
	require.NoError(t, err)
	c := mesostest.Embedded(t, mesostest.Options{Agents: agents(t, 1)})
	d := deploy.New(t, c.Address(), map[string]string{
		deploy.Prefix + "plugin.dir":      plugins,
		deploy.Prefix + "alluxio.jar.url": alluxio,
		deploy.Prefix + "jdk.url":         java, deploy.Prefix + "jdk.checksum": jdk.Checksum,
		// A cache of its own, so that both are fetched.
		deploy.Prefix + "cache.dir":   "",
		deploy.Prefix + "fetcher.oci": "oci", deploy.Prefix + "fetcher.ftp": "ftp",
	})
	d.Start()
	s := d.Serving(2, startLimit)
	require.True(t, runs(s, jdk.Version), "%+v", s.Instances)
	require.Equal(t, d.Write("/file", nil), d.Read("/file"))
	d.Stop()
}

// examplePlugins is a folder with the examples and the built-in plugins.
func examplePlugins(t *testing.T) string {
	t.Helper()
	root, dir := repo.Root(t), t.TempDir()
	built, err := filepath.Glob(filepath.Join(root, "bin", "alluxio-mesos-*-*"))
	require.NoError(t, err)
	for _, file := range built {
		if err := os.Link(file, filepath.Join(dir, filepath.Base(file))); err != nil {
			require.NoError(t, os.Symlink(file, filepath.Join(dir, filepath.Base(file))))
		}
	}
	oci := plugintest.Build(t, "../../examples/plugins/oci", "alluxio-mesos-fetcher-oci", "dev")
	require.NoError(t, os.Rename(oci, filepath.Join(dir, filepath.Base(oci))))
	example := filepath.Join(root, "examples", "plugins", "ftp")
	pack := exec.Command("flock", filepath.Join(example, "Makefile"), "make", "-C", example)
	if said, err := pack.CombinedOutput(); err != nil {
		if os.Getenv("CI") == "" {
			t.Skipf("cannot build a plugin in Python here: %v: %s", err, said)
		}
		require.NoError(t, err, "%s", said)
	}
	content, err := os.ReadFile(filepath.Join(example, "bin", "alluxio-mesos-fetcher-ftp"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "alluxio-mesos-fetcher-ftp"), content, 0o755))
	return dir
}
