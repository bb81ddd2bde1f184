package acceptance

import (
	"archive/tar"
	"compress/gzip"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/internal/freeports"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/devcluster"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
	"github.com/alluxio-mesos/alluxio-mesos/test/deploy"
)

const otherDigest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// What only the agent can find out ends in the task's status, with the way out, and
// starts no JVM. (What can be known before is in cmd/alluxio-mesos/testdata.)
func TestErrorsThatTheAgentFinds(t *testing.T) {
	t.Parallel()
	free, err := freeports.Find(8, nil, nil)
	require.NoError(t, err)
	// The agent offers a port that is taken, as if nobody had told it: the highest one, since
	// ports out of an offer are taken from the lowest on, and only one case is to meet it.
	taken := slices.Max(free)
	busy, err := net.Listen("tcp", fmt.Sprintf(":%d", taken))
	require.NoError(t, err)
	defer busy.Close()
	c := mesostest.Embedded(t, mesostest.Options{Agents: []devcluster.Agent{agent(ranges(free)...)}})
	noAlluxio := archive(t, "notes-1.0/README", "no Alluxio in here\n")
	server := deploy.Serve(t, deploy.Tarball(t), noAlluxio)

	for name, one := range map[string]struct {
		site map[string]string
		want []string
	}{
		"tarball 404": {
			// With its digest it would be in the cache that the tests share, and nothing be fetched.
			map[string]string{deploy.Prefix + "alluxio.jar.url": server.URL("none.tar.gz"), deploy.Prefix + "alluxio.jar.checksum": ""},
			[]string{server.URL("none.tar.gz"), "404"},
		},
		"digest mismatch": {
			map[string]string{
				deploy.Prefix + "alluxio.jar.url": server.URL(deploy.Tarball(t)), deploy.Prefix + "alluxio.jar.checksum": otherDigest,
			},
			[]string{otherDigest[7:], deploy.Checksum(t)[7:]},
		},
		"archive without Alluxio": {
			map[string]string{deploy.Prefix + "alluxio.jar.url": server.URL(noAlluxio), deploy.Prefix + "alluxio.jar.checksum": ""},
			[]string{"not an Alluxio distribution"},
		},
		"LOCAL home missing": {
			map[string]string{
				deploy.Prefix + "alluxio.jar.url": "LOCAL", deploy.Prefix + "alluxio.jar.checksum": "", "alluxio.home": "/opt/no-alluxio-here",
			},
			[]string{"/opt/no-alluxio-here"},
		},
		// The vendor's JDK would come over a proxy that is not there, wherever this test runs.
		"no Java, and a closed network": {
			map[string]string{
				deploy.Prefix + "jdk.url": "", deploy.Prefix + "fetcher.local.jdk.search": "/no/java/here",
				deploy.Prefix + "fetcher.http.https.proxy": "http://127.0.0.1:1",
			},
			[]string{"temurin11-binaries", "set " + deploy.Prefix + "jdk.url to a source that the agents can reach"},
		},
		"port taken": {
			map[string]string{
				deploy.Prefix + "port.source": "fixed", "alluxio.master.rpc.port": fmt.Sprint(taken), "alluxio.master.web.port": fmt.Sprint(free[1]),
				"alluxio.worker.rpc.port": fmt.Sprint(free[2]), "alluxio.worker.web.port": fmt.Sprint(free[3]),
			},
			[]string{fmt.Sprint(taken), "alluxio.master.rpc.port"},
		},
		"node folder not writable": {
			map[string]string{deploy.Prefix + "node.dir": "/proc/alluxio-mesos"},
			[]string{"/proc/alluxio-mesos", deploy.Prefix + "node.dir"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := deploy.New(t, c.Address(), one.site)
			d.Start()
			s := d.Until(30*time.Second, "the reason is in the status", func(s client.Status) bool {
				return containsAll(messages(s), one.want)
			})
			require.Empty(t, deploy.Serving(s))
			require.Empty(t, d.Java("master"), "no JVM is started")
			r := d.Run("status")
			require.Equal(t, 4, r.Code)
			require.True(t, containsAll(r.Stdout, one.want), r.Stdout)
			d.Stop()
		})
	}
}

// A local root UFS is one host's own: a worker on another would read an empty folder.
func TestLocalRootUFSWithWorkersOnTwoHosts(t *testing.T) {
	t.Parallel()
	c := mesostest.Embedded(t, mesostest.Options{Agents: agents(t, 2)})
	d := deploy.New(t, c.Address(), map[string]string{deploy.Prefix + "ufs.shared": ""})
	d.Start()
	s := d.Until(startLimit, "the second host is declined", func(s client.Status) bool {
		return len(deploy.Serving(s)) == 2 && len(s.Declines) > 0
	})
	require.Contains(t, s.Declines[0].Reason+s.Declines[0].Advice, "ufs.shared=true")
	d.Stop()
}

// Agents without a fitting Java: the JDKs of this machine are hidden behind an empty
// folder, in a mount namespace of the test's own.
func TestNoFittingJavaOnTheAgent(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("hiding this machine's JDKs takes root")
	}
	for name, one := range map[string]struct {
		java string // what a Java says at jdk.path; empty: there is none
		want []string
	}{
		"none":    {"", []string{"cannot find a Java on this node", deploy.Prefix + "jdk.url"}},
		"too old": {`java version "1.7.0_80"`, []string{"1.7.0_80", deploy.Prefix + "jdk.url"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy.NewDev(t)
			args := []string{"--check", "--timeout", "30s", "-D" + deploy.Prefix + "jdk.url=LOCAL"}
			if one.java != "" {
				args = append(args, "-D"+deploy.Prefix+"jdk.path="+fakeJava(t, d.Home, one.java))
			}
			said := devWithoutJava(t, d, args)
			require.True(t, containsAll(said, one.want), said)
			requireNothingLeft(t, d)
		})
	}
}

// devWithoutJava runs dev where /usr/lib/jvm and /opt are empty, and expects it to fail.
func devWithoutJava(t *testing.T, d *deploy.Deployment, args []string) string {
	t.Helper()
	script := `mount -t tmpfs none /usr/lib/jvm && mount -t tmpfs none /opt && exec "$0" dev "$@"`
	cmd := exec.Command("sh", append([]string{"-c", script, deploy.Binary(t)}, args...)...)
	cmd.Env = []string{"HOME=" + d.Home, "TMPDIR=" + d.Dir + "/tmp", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, string(said))
	require.Equal(t, 1, exit.ExitCode(), string(said))
	return string(said)
}

// fakeJava makes a Java home whose java only says its version.
func fakeJava(t *testing.T, dir, says string) string {
	t.Helper()
	home := filepath.Join(dir, "jdk1.7.0_80")
	require.NoError(t, os.MkdirAll(filepath.Join(home, "bin"), 0o755))
	script := fmt.Sprintf("#!/bin/sh\necho '%s' >&2\n", says)
	require.NoError(t, os.WriteFile(filepath.Join(home, "bin", "java"), []byte(script), 0o755))
	return home
}

// messages is all that a status says of its instances.
func messages(s client.Status) string {
	var text strings.Builder
	for _, instance := range s.Instances {
		fmt.Fprintln(&text, instance.Message, instance.Notices)
	}
	return text.String()
}

func containsAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// archive makes a tar.gz of one file.
func archive(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "archive-bin.tar.gz")
	file, err := os.Create(path)
	require.NoError(t, err)
	zipped := gzip.NewWriter(file)
	tarred := tar.NewWriter(zipped)
	require.NoError(t, tarred.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}))
	_, err = tarred.Write([]byte(content))
	require.NoError(t, err)
	require.NoError(t, tarred.Close())
	require.NoError(t, zipped.Close())
	require.NoError(t, file.Close())
	return path
}
