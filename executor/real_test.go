package executor

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

// tarball is the one that `make alluxio` builds.
const tarball = "../build/alluxio-2.9.6-bin.tar.gz"

// realThing gives the built tarball's folder, or skips, or with CI set fails.
func realThing(t *testing.T) (dir, checksum string) {
	t.Helper()
	sum, err := os.ReadFile(tarball + ".sha256")
	if err == nil {
		_, err = os.Stat(tarball)
	}
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no Alluxio to test with, run make alluxio: %v", err)
		}
		t.Skipf("no Alluxio to test with, run make alluxio: %v", err)
	}
	return filepath.Dir(tarball), "sha256:" + strings.Fields(string(sum))[0]
}

// pluginDir is where builtPlugins puts the executables; TestMain removes it.
var pluginDir = filepath.Join(os.TempDir(), "executor-test-plugins-"+strconv.Itoa(os.Getpid()))

// builtPlugins builds the real ones, once for all tests of the package.
var builtPlugins = sync.OnceValues(func() ([]host.Plugin, error) {
	if err := os.Mkdir(pluginDir, 0o755); err != nil {
		return nil, err
	}
	build := exec.Command("go", "build", "-o", pluginDir, "../cmd/alluxio-mesos-fetcher-local",
		"../cmd/alluxio-mesos-fetcher-http", "../cmd/alluxio-mesos-ramdisk-tmpfs")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, errors.New(string(out))
	}
	return host.ListDir(pluginDir)
})

// realKit is an executor with the real plugin host and plugins.
func realKit(t *testing.T) *kit {
	t.Helper()
	return startKit(t, &kit{}, func(c host.Config) (Host, error) { return host.New(c) })
}

// ship names the built plugins in a launch message, with URLs from which they can be had.
func ship(t *testing.T, m *launchv1.Launch) {
	t.Helper()
	built, err := builtPlugins()
	require.NoError(t, err)
	files := httptest.NewServer(http.FileServer(http.Dir(pluginDir)))
	t.Cleanup(files.Close)
	for _, p := range built {
		m.Plugins = append(m.Plugins, &launchv1.Plugin{
			Kind: p.Kind, Name: p.Name, Sha256: p.SHA256, Size: p.Size,
			Url: files.URL + "/alluxio-mesos-" + p.Kind + "-" + p.Name,
		})
	}
}

// makeRemovable undoes the read-only modes of a node cache, so that the test's temporary
// folder can be removed by an ordinary user too.
func makeRemovable(t *testing.T, dir string) {
	t.Cleanup(func() {
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				_ = os.Chmod(path, 0o755)
			}
			return nil
		})
	})
}

func (k *kit) realMaster(t *testing.T, url, checksum string) *launchv1.Launch {
	ufs := filepath.Join(k.node, "alluxio", "underFSStorage")
	return k.master(func(m *launchv1.Launch) {
		ship(t, m)
		m.Alluxio = &launchv1.Artifact{Source: url, Checksum: checksum}
		m.Ramdisk = nil
		m.Folders.RootUfs = ufs
		m.StartTimeoutMillis = 200_000
		for key, value := range map[string]string{
			"alluxio.master.hostname": "127.0.0.1", "alluxio.master.mount.table.root.ufs": ufs,
			"alluxio.master.update.check.enabled": "false", "alluxio.master.worker.connect.wait.time": "1s",
		} {
			m.Properties[key] = value
		}
	})
}

func TestRealAlluxioFromATarball(t *testing.T) {
	dir, checksum := realThing(t)
	files := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer files.Close()
	k := realKit(t)
	makeRemovable(t, k.node)
	m := k.realMaster(t, files.URL+"/"+filepath.Base(tarball), checksum)
	k.launch("t1", m)
	s, r := k.agent.state(t, "t1", mesos.TaskRunning)
	require.Contains(t, s.Message, "serving: Alluxio 2.9.6 on Java ")
	require.True(t, r.GetJournalFormatted())
	require.Contains(t, r.GetPlugins(), "fetcher-http")
	require.FileExists(t, filepath.Join(k.sandbox, "logs", "master.out"))
	require.FileExists(t, filepath.Join(k.sandbox, "logs", "master.log"))
	require.NotContains(t, k.everything(), "hush-hush")
	journal := filepath.Join(k.node, "alluxio", "master-0", "work", "journal")
	marks, err := filepath.Glob(filepath.Join(journal, "*", "v1", "_format_*"))
	require.NoError(t, err)
	require.NotEmpty(t, marks)

	// Its JVM is killed, and it is started again on the same journal, with nothing fetched.
	require.NoError(t, syscall.Kill(int(r.GetPid()), syscall.SIGKILL))
	s, r = k.agent.state(t, "t1", mesos.TaskFailed)
	require.Contains(t, s.Message, "killed by SIGKILL")
	require.NotEmpty(t, r.GetLogTail())
	files.Close()
	m.Journal.Expected = true
	k.launch("t2", m)
	k.agent.state(t, "t2", mesos.TaskRunning)
	again, err := filepath.Glob(filepath.Join(journal, "*", "v1", "_format_*"))
	require.NoError(t, err)
	require.Equal(t, marks, again)

	// A worker of the same node: another executor, the same cache, a real ramdisk.
	w := realKit(t)
	makeRemovable(t, w.node)
	w.launch("w1", w.realWorker(t, k, m))
	_, r = w.agent.state(t, "w1", mesos.TaskRunning)
	require.True(t, r.GetRamdiskMounted())
	pid := int(r.GetPid())
	w.tell(mesos.ExecutorShutdown{Grace: 30 * time.Second})
	require.NoError(t, w.end())
	_, r = w.agent.last(t, "w1")
	require.False(t, r.GetRamdiskMounted())
	require.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH)
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	require.NotContains(t, string(mounts), w.node)

	k.tell(mesos.ExecutorShutdown{Grace: 30 * time.Second})
	require.NoError(t, k.end())
	k.agent.await(t, "t2", func(s mesos.Status) bool { return s.State == mesos.TaskKilled })
}

func (k *kit) realWorker(t *testing.T, master *kit, like *launchv1.Launch) *launchv1.Launch {
	return k.master(func(m *launchv1.Launch) {
		ship(t, m)
		m.Process, m.Instance, m.Journal = "worker", "worker-0", nil
		m.Alluxio = like.GetAlluxio()
		m.Folders.Cache = like.GetFolders().GetCache()
		m.Ramdisk = &launchv1.Ramdisk{Plugin: "tmpfs", Path: filepath.Join(k.node, "ramdisk"), SizeBytes: 96 << 20}
		m.JvmOptions = []string{"-Xmx512m", "-XX:MaxDirectMemorySize=256m"}
		m.StartTimeoutMillis = 200_000
		m.Properties = map[string]string{
			"alluxio.master.hostname": "127.0.0.1", "alluxio.master.rpc.port": master.ports[0],
			"alluxio.worker.hostname": "127.0.0.1", "alluxio.worker.rpc.port": k.ports[0], "alluxio.worker.web.port": k.ports[1],
			"alluxio.worker.ramdisk.size": "96MB", "alluxio.worker.tieredstore.level0.alias": "MEM",
			"alluxio.master.mount.table.root.ufs": like.GetProperties()["alluxio.master.mount.table.root.ufs"],
		}
	})
}

// notAlluxio is an archive with a file that has nothing to do with Alluxio.
func notAlluxio(t *testing.T) (data []byte, checksum string) {
	t.Helper()
	var archive bytes.Buffer
	zip := gzip.NewWriter(&archive)
	w := tar.NewWriter(zip)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "x/readme", Mode: 0o644, Size: 2, Typeflag: tar.TypeReg}))
	_, err := w.Write([]byte("hi"))
	require.NoError(t, errors.Join(err, w.Close(), zip.Close()))
	sum := sha256.Sum256(archive.Bytes())
	return archive.Bytes(), "sha256:" + hex.EncodeToString(sum[:])
}

func TestRealFetchesThatCannotWork(t *testing.T) {
	data, checksum := notAlluxio(t)
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/x.tar.gz" {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}))
	defer files.Close()
	cases := map[string]struct {
		path, checksum string
		spoil          func(m *launchv1.Launch)
		want           string
	}{
		"not Alluxio":     {"/x.tar.gz", checksum, nil, "not an Alluxio distribution"},
		"another digest":  {"/x.tar.gz", "sha256:" + strings.Repeat("0", 64), nil, checksum[7:]},
		"not found":       {"/y.tar.gz", "", nil, "404"},
		"no LOCAL home":   {"", "", func(m *launchv1.Launch) { m.Alluxio = &launchv1.Artifact{Source: "LOCAL", Path: "/no/home"} }, "/no/home"},
		"a wrong plugin":  {"/x.tar.gz", checksum, func(m *launchv1.Launch) { m.Plugins[0].Sha256 = strings.Repeat("0", 64) }, "fetcher"},
		"no such fetcher": {"", "", func(m *launchv1.Launch) { m.Alluxio.Source = "gopher::x/y.tar.gz" }, "gopher"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			k := realKit(t)
			makeRemovable(t, k.node)
			m := k.realMaster(t, files.URL+c.path, c.checksum)
			if c.spoil != nil {
				c.spoil(m)
			}
			k.launch("t1", m)
			s, r := k.agent.state(t, "t1", mesos.TaskFailed)
			t.Log(s.Message)
			require.Contains(t, s.Message, c.want)
			require.True(t, r.GetPermanent(), s.Message)
			require.NoDirExists(t, filepath.Join(k.node, "alluxio", "master-0", "conf"), "nothing half done")
		})
	}
}
