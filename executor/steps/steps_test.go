package steps

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/executor/internal/standin"
	"github.com/alluxio-mesos/alluxio-mesos/executor/supervise"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

func TestPrepareMakesEverythingReadyAndCanBeRepeated(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.Order.RootUFS = filepath.Join(k.Order.Node, "alluxio", "underFSStorage")
	k.Order.ConfFiles = map[string][]byte{"core-site.xml": []byte("<x/>")}
	for range 2 {
		require.NoError(t, k.prepare())
	}
	require.Equal(t, 2, k.host.Fetches(), "Alluxio and the JDK, once")
	require.Equal(t, "2.9.6", k.Home.Version.String())
	require.Equal(t, 17, k.Java.Major)
	require.True(t, k.Instance.JournalFormatted())
	require.DirExists(t, k.Order.RootUFS)
	require.Equal(t, []string{
		StepCheck, StepFetch, StepHome, StepJava, StepRamdisk, StepConf, StepJournal,
	}, k.watched.steps[:7])

	site := k.siteText()
	require.Contains(t, site, "hush-hush")
	parsed, err := alluxio.ParseProperties("site", []byte(site))
	require.NoError(t, err)
	work, _ := parsed.Get(workDirKey)
	require.Equal(t, k.paths().Work, work)
	webui, _ := parsed.Get("alluxio.web.ui.enabled")
	require.Equal(t, "false", webui)
	requireMode(t, k.paths().Conf, fs.ModeDir|0o700)
	for _, name := range []string{siteFile, log4jFile, "core-site.xml"} {
		requireMode(t, filepath.Join(k.paths().Conf, name), 0o600)
	}

	k.Order.ConfFiles = nil
	require.NoError(t, k.prepare())
	require.NoFileExists(t, filepath.Join(k.paths().Conf, "core-site.xml"), "what nobody wants any more is removed")
}

func requireMode(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, mode, info.Mode(), path)
}

func TestTheSecretIsOnlyInTheConfFolder(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	require.NoError(t, k.prepare())
	cfg, err := Process(t.Context(), k.Job)
	require.NoError(t, err)
	require.NotContains(t, strings.Join(append(cfg.Argv, cfg.Env...), " "), "hush-hush")
	require.Contains(t, cfg.Argv, "-Djava.io.tmpdir="+filepath.Join(k.paths().Temp, "java-master"))
	require.Contains(t, cfg.Argv, alluxio.Traceless, "no file in /tmp either")
	require.Equal(t, "key *** here", cfg.Redact("key hush-hush here"))
	require.NoError(t, filepath.WalkDir(k.Tools.Logs, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		require.NotContains(t, string(data), "hush-hush", path)
		return err
	}))
	require.NoError(t, Undo(t.Context(), k.Job))
	require.NoDirExists(t, k.paths().Conf)
}

func TestUndoAndLeaveKeepOnlyTheJournal(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	require.NoError(t, k.prepare())
	require.NoError(t, Undo(t.Context(), k.Job))
	require.NoError(t, Undo(t.Context(), k.Job), "undoing twice is no error")
	require.NoError(t, Leave(k.Job))
	require.ElementsMatch(t, []string{"work", "journal.json"}, names(t, k.paths().Instance))

	worker := newKit(t)
	worker.Order.Process, worker.Order.Instance, worker.Order.Journal = alluxio.Worker, "worker-0", Journal{}
	worker.Order.Ramdisk = Ramdisk{Plugin: "tmpfs", Path: "/mnt/x/worker-0", Size: 256 << 20}
	ports := standin.Ports(t, 2)
	worker.Order.Properties.Set("alluxio.worker.rpc.port", ports[0])
	worker.Order.Properties.Set("alluxio.worker.web.port", ports[1])
	require.NoError(t, worker.prepare())
	require.Contains(t, worker.siteText(), "/mnt/x/worker-0")
	require.True(t, worker.Instance.RamdiskMounted())
	require.Len(t, worker.host.Disk.Mounted(), 1)
	require.NoError(t, Undo(t.Context(), worker.Job))
	require.NoError(t, Leave(worker.Job))
	require.Empty(t, worker.host.Disk.Mounted())
	require.False(t, worker.Instance.RamdiskMounted())
	require.Empty(t, names(t, worker.Order.Node), "a worker leaves nothing at all")
}

func TestTheUserNeedsAName(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	require.NoError(t, checkUser(t.Context(), k.Job, "0"))
	err := checkUser(t.Context(), k.Job, "3999888777")
	require.ErrorContains(t, err, "the user with the number 3999888777 has no name on this agent")
	require.Equal(t, plugins.Permanent, plugins.KindOf(err))
}

// An executor that waits for another one to go, and is told to end, takes only what is its own.
func TestLeaveWithoutAClaim(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	temp := k.paths().Temp
	require.NoError(t, os.MkdirAll(filepath.Join(temp, "plugin"), 0o700))
	require.NoError(t, os.Mkdir(k.paths().Work, 0o700))
	require.NoError(t, os.WriteFile(k.paths().Lock, nil, 0o600))
	require.NoError(t, Leave(k.Job))
	require.ElementsMatch(t, []string{"work", filepath.Base(k.paths().Lock)}, names(t, k.paths().Instance))
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

func TestUndoTouchesNothingOfAnotherExecutor(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.Order.Ramdisk = Ramdisk{Plugin: "tmpfs", Path: "/mnt/x/worker-0", Size: 256 << 20}
	require.NoError(t, k.prepare())
	other := *k.Job
	other.Instance = &Instance{}
	require.NoError(t, Undo(t.Context(), &other))
	require.NoError(t, Leave(&other))
	require.Len(t, k.host.Disk.Mounted(), 1)
	require.FileExists(t, filepath.Join(k.paths().Conf, siteFile))
}

func TestSweepAfterADeadExecutor(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.Order.Ramdisk = Ramdisk{Plugin: "tmpfs", Path: "/mnt/x/worker-0", Size: 256 << 20}
	require.NoError(t, k.prepare())
	require.NoError(t, os.MkdirAll(filepath.Join(k.paths().Instance, "tmp-1"), 0o700))
	next := k.again()
	next.Order.Sweep = true
	require.NoError(t, Sweep(t.Context(), next.Job))
	require.Empty(t, k.host.Disk.Mounted())
	require.ElementsMatch(t, []string{"work", "journal.json", "executor.lock"}, names(t, k.paths().Instance))
	k.host.Disk.Err = errors.New("busy")
	require.ErrorContains(t, Sweep(t.Context(), next.Job), "cannot sweep master-0: cannot unmount the ramdisk /mnt/x/worker-0: busy")
}

func TestWhatCannotBePrepared(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name      string
		spoil     func(k *kit)
		step      string
		permanent bool
		want      []string
	}{
		{"a name that is no folder", func(k *kit) { k.Order.Instance = "../x"; k.Order.Node = "rel" }, StepCheck, true,
			[]string{`the instance name "../x" cannot be the name of a folder`, `"rel" is not an absolute path`}},
		{"conf file that leaves", func(k *kit) { k.Order.ConfFiles = map[string][]byte{"../x": nil} }, StepCheck, true,
			[]string{`"../x" cannot be a file of the conf folder`}},
		{"unknown process", func(k *kit) { k.Order.Process = "fuse" }, StepCheck, true, []string{`"fuse" is not known`}},
		{"node folder not writable", func(k *kit) { k.Order.Node = "/proc/alluxio" }, StepCheck, true,
			[]string{"cannot use the node folder /proc/alluxio", "alluxio.integration.mesos.node.dir"}},
		{"tarball not found", func(k *kit) {
			k.Order.Alluxio.Source = "http://h/a.tar.gz"
			k.host.ArtifactFunc = func(_ context.Context, w host.Want, _ func(host.Progress)) (host.Artifact, error) {
				if w.Artifact == "jdk" {
					return host.Artifact{Dirs: []string{"/"}, InPlace: true}, nil
				}
				return host.Artifact{}, plugins.AsPermanent(errors.New("http://h/a.tar.gz: 404 Not Found"))
			}
		}, StepFetch, true, []string{"404"}},
		{"no Java at all", func(k *kit) {
			k.host.ArtifactFunc = func(_ context.Context, w host.Want, _ func(host.Progress)) (host.Artifact, error) {
				if w.Artifact == "jdk" {
					return host.Artifact{}, plugins.AsPermanent(errors.New("no Java on this node"))
				}
				return host.Artifact{Dirs: []string{k.host.AlluxioDir}, InPlace: true}, nil
			}
		}, StepFetch, true, []string{"no Java on this node", "alluxio.integration.mesos.jdk.url"}},
		{"not Alluxio", func(k *kit) { k.host.AlluxioDir = k.t.TempDir() }, StepHome, true,
			[]string{"cannot use LOCAL", "not an Alluxio distribution", "alluxio.home"}},
		{"Java 1.7", func(k *kit) { k.host.JavaDir = standin.Java(k.t, "1.7.0_80") }, StepJava, true,
			[]string{"no Java for Alluxio 2.9.6 among ", "(1.7.0_80): Java 1.7.0_80 is too old", "jdk.path"}},
		{"a folder without Java", func(k *kit) { k.host.JavaDir = k.t.TempDir() }, StepJava, true,
			[]string{"there is no bin/java in it"}},
		{"an archive without Java", func(k *kit) {
			dir := k.t.TempDir()
			k.Order.JDK.Source = "http://bob:hush@h/jdk.tar.gz"
			k.host.ArtifactFunc = func(_ context.Context, w host.Want, _ func(host.Progress)) (host.Artifact, error) {
				if w.Artifact == "jdk" {
					return host.Artifact{Dirs: []string{dir}}, nil
				}
				return host.Artifact{Dirs: []string{k.host.AlluxioDir}, InPlace: true}, nil
			}
		}, StepJava, true, []string{"there is no bin/java in it), which came from http://xxxxx@h/jdk.tar.gz: let"}},
		{"ramdisk", func(k *kit) {
			k.Order.Ramdisk = Ramdisk{"tmpfs", "/mnt/r", 1 << 20}
			k.host.Disk.Err = plugins.AsPermanent(errors.New("something else is mounted there"))
		}, StepRamdisk, true, []string{"cannot make a ramdisk of 1048576 bytes at /mnt/r: something else"}},
		{"a key that may not stand in a site file", func(k *kit) {
			k.Order.Properties.Set("alluxio.logs.dir", "/x")
		}, StepConf, true, []string{"alluxio.logs.dir"}},
		{"a port that is none", func(k *kit) { k.Order.Properties.Set("alluxio.master.web.port", "web") }, StepCheck, true,
			[]string{"alluxio.master.web.port=web is not a port"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			k.Order.Alluxio.Source = local
			c.spoil(k)
			err := k.prepare()
			var step *Error
			require.ErrorAs(t, err, &step)
			require.Equal(t, c.step, step.Step, err)
			require.Equal(t, c.permanent, plugins.KindOf(err) == plugins.Permanent, err)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestAnUnwritableFolderIsNamedForAnOrdinaryUser(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	err := makeWritable(file, filepath.Join(file, "x"))
	require.ErrorContains(t, err, "cannot use the node folder "+file)
	require.ErrorContains(t, err, "not a directory: make it writable for the user")
}

func TestAPortInUseNamesHolderPropertyAndWayOut(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	port, _ := k.Order.Properties.Get("alluxio.master.rpc.port")
	listener, err := net.Listen("tcp4", ":"+port)
	require.NoError(t, err)
	err = k.prepare()
	require.ErrorContains(t, err, "cannot start master: port "+port+" is already taken by pid ")
	require.ErrorContains(t, err, "alluxio.master.rpc.port")
	require.NotEqual(t, plugins.Permanent, plugins.KindOf(err), "it may become free")
	require.Zero(t, k.host.Fetches(), "nothing is fetched in vain")
	require.NoError(t, listener.Close())
	require.NoError(t, k.prepare())
}

func TestTheFirstFittingJavaIsTaken(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	old, good, other := standin.Java(t, "1.7.0_80"), standin.Java(t, "11.0.2"), standin.Java(t, "17.0.1")
	k.host.ArtifactFunc = func(_ context.Context, w host.Want, _ func(host.Progress)) (host.Artifact, error) {
		if w.Artifact == "jdk" {
			return host.Artifact{Dirs: []string{"/nowhere", old, good, other}, InPlace: true}, nil
		}
		return host.Artifact{Dirs: []string{t.TempDir(), k.host.AlluxioDir}, InPlace: true}, nil
	}
	require.NoError(t, k.prepare())
	require.Equal(t, good, k.Java.Home)
	require.Equal(t, k.host.AlluxioDir, k.Home.Dir)
	require.Contains(t, k.env(), "JAVA_HOME="+good)
}

func TestTheFolderInsideAnArchive(t *testing.T) {
	t.Parallel()
	top := filepath.Join(t.TempDir(), "jdk1.8.0_151")
	require.NoError(t, os.MkdirAll(filepath.Join(top, "jre"), 0o755))
	for path, want := range map[string]string{
		"jdk1.8.0_151": top, "jdk1.8.0_151/jre": filepath.Join(top, "jre"), "jre": filepath.Join(top, "jre"),
	} {
		got, err := within(top, path)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for path, want := range map[string]string{"../x": "leaves the archive", "/abs": "leaves the archive", "nothing": `no folder "nothing"`} {
		_, err := within(top, path)
		require.ErrorContains(t, err, want)
	}
}

func TestOneFailureEndsTheOtherFetch(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.host.ArtifactFunc = func(ctx context.Context, w host.Want, _ func(host.Progress)) (host.Artifact, error) {
		if w.Artifact == "alluxio" {
			return host.Artifact{}, errors.New("connection refused")
		}
		<-ctx.Done()
		return host.Artifact{}, ctx.Err()
	}
	require.ErrorContains(t, k.prepare(), "connection refused")
}

func TestAKillEndsAFetch(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	cause := errors.New("killed")
	ctx, cancel := context.WithCancelCause(t.Context())
	k.host.ArtifactFunc = func(ctx context.Context, _ host.Want, _ func(host.Progress)) (host.Artifact, error) {
		cancel(cause)
		<-ctx.Done()
		return host.Artifact{}, ctx.Err()
	}
	require.ErrorIs(t, Prepare(ctx, k.Job), cause)
}

func TestOnlyOneExecutorPerInstance(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	require.NoError(t, k.prepare())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := acquire(ctx, k.paths().Lock)
	require.ErrorContains(t, err, "another executor (pid ")
	waited := make(chan error, 1)
	go func() {
		held, err := acquire(t.Context(), k.paths().Lock)
		if err == nil {
			err = held.release()
		}
		waited <- err
	}()
	require.NoError(t, Leave(k.Job))
	require.NoError(t, <-waited)
	require.NoFileExists(t, k.paths().Lock)

	require.NoError(t, os.RemoveAll(k.paths().Instance), "its folder may go while somebody waits")
	held, err := acquire(t.Context(), k.paths().Lock)
	require.NoError(t, err)
	require.NoError(t, held.release())
}

func TestAMasterServesAndOneOfManyMayStandBy(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	require.NoError(t, k.prepare())
	cfg, err := Process(t.Context(), k.Job)
	require.NoError(t, err)
	require.Equal(t, defaultStart, cfg.StartTimeout)
	cfg.ProbeInterval = time.Millisecond
	p, err := k.launcher.Start(cfg)
	require.NoError(t, err)
	select {
	case <-p.Serving():
	case <-p.Done():
		t.Fatal(p.Exit(), p.Tail())
	}
	require.NoError(t, p.Stop(t.Context(), 10*time.Second))
	require.Equal(t, supervise.Exit{Code: 143, Asked: true}, p.Exit())
	require.FileExists(t, filepath.Join(k.Tools.Logs, "master.out"))

	require.False(t, oneOfMany(k.Job))
	k.site.Set("alluxio.master.embedded.journal.addresses", "a:19200,b:19200,c:19200")
	require.True(t, oneOfMany(k.Job))
}

func TestBindHost(t *testing.T) {
	t.Parallel()
	p := alluxio.FromMap(map[string]string{"alluxio.master.bind.host": "10.0.0.1", "alluxio.master.web.bind.host": "0.0.0.0"})
	require.Equal(t, "10.0.0.1", bindHost(p, alluxio.Port{Name: "rpc", Property: "alluxio.master.rpc.port"}))
	require.Empty(t, bindHost(p, alluxio.Port{Name: "web", Property: "alluxio.master.web.port"}))
}
