package steps

import (
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/executor/internal/standin"
	"github.com/alluxio-mesos/alluxio-mesos/executor/supervise"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

func TestMain(m *testing.M) {
	standin.Main()
	goleak.VerifyTestMain(m)
}

// watched remembers what the steps told.
type watched struct {
	mu        sync.Mutex
	steps     []string
	notices   []string
	transfers map[string]host.Progress
}

func (w *watched) Step(name string) { w.mu.Lock(); w.steps = append(w.steps, name); w.mu.Unlock() }

func (w *watched) Notice(text string) {
	w.mu.Lock()
	w.notices = append(w.notices, text)
	w.mu.Unlock()
}

func (w *watched) Transfer(artifact string, p host.Progress) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.transfers == nil {
		w.transfers = map[string]host.Progress{}
	}
	w.transfers[artifact] = p
}

type kit struct {
	*Job
	t        *testing.T
	host     *standin.Host
	watched  *watched
	launcher *supervise.Launcher
}

// newKit is a job for a master of its own, with stand-ins for everything that is big.
func newKit(t *testing.T) *kit {
	t.Helper()
	launcher := supervise.NewLauncher()
	t.Cleanup(launcher.Close)
	k := &kit{
		t: t, watched: &watched{}, launcher: launcher,
		host: &standin.Host{AlluxioDir: standin.Home(t), JavaDir: standin.Java(t, "17.0.15"), Disk: &standin.Ramdisk{}},
	}
	ports := standin.Ports(t, 2)
	k.Job = &Job{
		Instance: &Instance{}, Watch: k.watched,
		Order: Order{
			Framework: "alluxio", Instance: "master-0", Process: alluxio.Master, Version: "2.9.6",
			Node: t.TempDir(), Journal: Journal{Needed: true}, JVMOptions: []string{"-Xmx1g"},
			Properties: alluxio.FromMap(map[string]string{
				"alluxio.master.rpc.port": ports[0], "alluxio.master.web.port": ports[1],
				journalType: "UFS", "alluxio.security.login.username": "me", "fs.s3a.secret.key": "hush-hush",
			}),
		},
		Tools: Tools{
			Host: k.host, Run: launcher.Run, Env: []string{"PATH=/usr/bin:/bin"},
			Logs: filepath.Join(t.TempDir(), "logs"), Logger: slog.New(slog.DiscardHandler),
		},
	}
	t.Cleanup(func() { require.NoError(t, Leave(k.Job)) })
	return k
}

// again is the same instance for another executor: nothing is known but what is on disk.
func (k *kit) again() *kit {
	k.t.Helper()
	require.NoError(k.t, Leave(k.Job))
	job := *k.Job
	job.Instance = &Instance{}
	next := *k
	next.Job = &job
	k.t.Cleanup(func() { require.NoError(k.t, Leave(next.Job)) })
	return &next
}

func (k *kit) prepare() error { return Prepare(k.t.Context(), k.Job) }

func (k *kit) siteText() string {
	k.t.Helper()
	data, err := os.ReadFile(filepath.Join(k.paths().Conf, siteFile))
	require.NoError(k.t, err)
	return string(data)
}
