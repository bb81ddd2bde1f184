package deploy

import (
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// Shell runs a command of Alluxio's own shell as a client of the deployment, with the
// properties that "alluxio-mesos endpoints -o properties" prints and more on top.
func (d *Deployment) Shell(more map[string]string, args ...string) (output string, err error) {
	d.t.Helper()
	conf := d.clientConf(more)
	home := Home(d.t)
	distribution, err := alluxio.InspectHome(os.DirFS(home), home)
	require.NoError(d.t, err)
	line := alluxio.ShellCommand(alluxio.Run{
		Home: distribution, Java: hostJava(d), ConfDir: conf, LogsDir: filepath.Join(conf, "logs"),
		JVMOptions: strings.Fields(quickStart),
	}, args...)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	said, err := exec.CommandContext(ctx, line[0], line[1:]...).CombinedOutput()
	return string(said), err
}

func (d *Deployment) clientConf(more map[string]string) string {
	d.t.Helper()
	r := d.Run("endpoints", "-o", "properties")
	require.Zero(d.t, r.Code, "endpoints: %s", r)
	properties, err := alluxio.ParseProperties("endpoints", []byte(r.Stdout))
	require.NoError(d.t, err)
	conf := filepath.Join(d.Home, "client")
	require.NoError(d.t, os.MkdirAll(conf, 0o755))
	text := alluxio.Merge(properties, alluxio.FromMap(more)).Bytes()
	require.NoError(d.t, os.WriteFile(filepath.Join(conf, "alluxio-site.properties"), text, 0o600))
	return conf
}

func hostJava(d *Deployment) alluxio.Java {
	d.t.Helper()
	binary, err := exec.LookPath("java")
	require.NoError(d.t, err, "the tests need a Java")
	binary, err = filepath.EvalSymlinks(binary)
	require.NoError(d.t, err)
	said, err := exec.Command(binary, "-version").CombinedOutput()
	require.NoError(d.t, err)
	java, err := alluxio.ParseJavaVersion(string(said))
	require.NoError(d.t, err)
	java.Home = filepath.Dir(filepath.Dir(binary))
	return java
}

// InMemoryOnly are client properties under which a file is nowhere but in the ramdisks.
func InMemoryOnly() map[string]string {
	return map[string]string{"alluxio.user.file.writetype.default": "MUST_CACHE"}
}

// Write writes a file of random bytes into Alluxio and returns them.
func (d *Deployment) Write(path string, more map[string]string) []byte {
	d.t.Helper()
	sent := make([]byte, 2<<20+13)
	_, _ = rand.Read(sent)
	local := filepath.Join(d.Home, "sent")
	require.NoError(d.t, os.WriteFile(local, sent, 0o600))
	said, err := d.Shell(more, "copyFromLocal", local, path)
	require.NoError(d.t, err, said)
	return sent
}

// Read reads a file back.
func (d *Deployment) Read(path string) []byte {
	d.t.Helper()
	local := filepath.Join(d.Home, "received"+strings.ReplaceAll(path, "/", "-"))
	require.NoError(d.t, os.RemoveAll(local))
	said, err := d.Shell(nil, "copyToLocal", path, local)
	require.NoError(d.t, err, said)
	received, err := os.ReadFile(local)
	require.NoError(d.t, err)
	return received
}
