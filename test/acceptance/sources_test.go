package acceptance

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
	"github.com/alluxio-mesos/alluxio-mesos/test/deploy"
)

// The Java framework's own acceptance test: Alluxio and the JDK, each from the agent or
// by URL. The downloaded JDK is another version than the agent's, so it can be told.
func TestSources(t *testing.T) {
	t.Parallel()
	home := deploy.Home(t)
	jdk := deploy.OtherJDK(t)
	server := deploy.Serve(t, jdk.File, deploy.Tarball(t))
	alluxio := map[string]map[string]string{
		"LOCAL": {
			deploy.Prefix + "alluxio.jar.url": "LOCAL", deploy.Prefix + "alluxio.jar.checksum": "", "alluxio.home": home,
		},
		"URL": {deploy.Prefix + "alluxio.jar.url": server.URL(deploy.Tarball(t))},
	}
	java := map[string]map[string]string{
		"LOCAL": {deploy.Prefix + "jdk.url": "LOCAL"},
		"URL": {
			deploy.Prefix + "jdk.url": server.URL(jdk.File), deploy.Prefix + "jdk.checksum": jdk.Checksum,
		},
	}
	mesostest.Each(t, mesostest.Options{Agents: agents(t, 1)}, func(t *testing.T, c *mesostest.Cluster) {
		for _, a := range []string{"LOCAL", "URL"} {
			for _, j := range []string{"LOCAL", "URL"} {
				t.Run("Alluxio "+a+", JDK "+j, func(t *testing.T) {
					d := deploy.New(t, c.Address(), alluxio[a], java[j])
					d.Start()
					s := d.Serving(2, startLimit)
					require.Equal(t, j == "URL", runs(s, jdk.Version), "%+v", s.Instances)
					require.Equal(t, d.Write("/file", nil), d.Read("/file"))
					d.Stop()
				})
			}
		}
	})
}

// runs says whether all tasks run on a version of Java.
func runs(s client.Status, version string) bool {
	for _, instance := range s.Instances {
		for _, task := range instance.Tasks {
			if task.Java != version {
				return false
			}
		}
	}
	return true
}
