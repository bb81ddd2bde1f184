package acceptance

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/alluxio-mesos/alluxio-mesos/internal/procs"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
	"github.com/alluxio-mesos/alluxio-mesos/test/deploy"
)

const fetcherHTTP = "fetcher-http"

// A new http fetcher for a deployment of a master and three workers, while it runs: no Alluxio is disturbed, the next
// fetch uses it, a broken one changes nothing, and another scheduler ships it as well.
func TestPluginsAreInstalledWhileItRuns(t *testing.T) {
	t.Parallel()
	jdk, newer := deploy.OtherJDK(t), rebuilt(t, "rebuilt-for-a-test")
	server := deploy.Serve(t, jdk.File)
	mesostest.Each(t, mesostest.Options{Agents: agents(t, 3)}, func(t *testing.T, c *mesostest.Cluster) {
		d := deploy.New(t, c.Address(), map[string]string{
			deploy.Prefix + "alluxio.jar.url": "LOCAL", deploy.Prefix + "alluxio.jar.checksum": "", "alluxio.home": deploy.Home(t),
			deploy.Prefix + "jdk.url": server.URL(jdk.File), deploy.Prefix + "jdk.checksum": jdk.Checksum,
		})
		d.Site[deploy.Prefix+"cache.dir"] = d.Dir + "/cache"
		d.Start()
		s := d.Serving(4, startLimit)
		before, first := pids(d), digestOf(t, filepath.Join(filepath.Dir(deploy.Binary(t)), "alluxio-mesos-"+fetcherHTTP))

		refused(t, d, first)

		second := digestOf(t, newer)
		r := d.Run("plugins install", newer, "--timeout", "1m", "-o", "json")
		require.Zero(t, r.Code, "%s\n%s", r, d.Log())
		requireSwapped(t, r, first, second)
		require.Equal(t, before, pids(d), "no process of Alluxio was touched")

		fetched := server.Sent()
		again(t, d, s, jdk.Checksum)
		require.Greater(t, server.Sent(), fetched, "the restarted task has fetched")
		requireUsed(t, d, "worker-0", second)

		end, cancel := deadline(t, 20*time.Second)
		defer cancel()
		require.NoError(t, d.Scheduler().End(end, unix.SIGTERM))
		require.Equal(t, 3, d.Run("plugins list").Code)
		d.Start()
		d.Serving(4, startLimit)
		require.Equal(t, second, shipped(t, d), "what was installed is still shipped")
		r = d.Run("plugins list")
		require.Regexp(t, `fetcher +http +rebuilt-for-a-test +`+second[:12]+` +installed`, r.Stdout)

		r = d.Run("plugins remove", "http")
		require.Zero(t, r.Code, "%s\n%s", r, d.Log())
		require.Regexp(t, `worker-2: `+second[:12]+` -> `+first[:12], r.Stdout)
		require.Equal(t, first, shipped(t, d))
		require.Equal(t, 1, d.Run("plugins remove", "http").Code, "it is not installed any more")
		d.Stop()
	})
}

// rebuilt is the http fetcher of the same code and another version.
func rebuilt(t *testing.T, version string) string {
	t.Helper()
	return plugintest.Build(t, "../../cmd/alluxio-mesos-"+fetcherHTTP, "alluxio-mesos-"+fetcherHTTP, version)
}

func digestOf(t *testing.T, file string) string {
	t.Helper()
	sum, _, err := host.DigestFile(file)
	require.NoError(t, err)
	return sum
}

// pids of the JVMs.
func pids(d *deploy.Deployment) []int {
	var all []int
	for _, p := range append(d.Java("master"), d.Java("worker")...) {
		all = append(all, p.PID)
	}
	return all
}

// refused tries what is no working fetcher, and sees that nothing changes.
func refused(t *testing.T, d *deploy.Deployment, first string) {
	t.Helper()
	for content, why := range map[string]string{
		"#!/bin/sh\necho hello\n":                                   "it is no plugin of this kind",
		"#!/bin/sh\necho no licence >&2; exit 3\n":                  "no licence",
		"#!/bin/sh\necho '1|0|unix|/nowhere|grpc'\nexec sleep 60\n": "contract 0",
	} {
		file := filepath.Join(t.TempDir(), "alluxio-mesos-"+fetcherHTTP)
		require.NoError(t, os.WriteFile(file, []byte(content), 0o755))
		r := d.Run("plugins install", file)
		require.Equal(t, 1, r.Code, r)
		require.Contains(t, r.Stderr, why)
		require.Contains(t, r.Stderr, "nothing was changed")
		require.Empty(t, r.Stdout)
	}
	require.Equal(t, first, shipped(t, d))
}

func requireSwapped(t *testing.T, r deploy.Result, first, second string) {
	t.Helper()
	var change struct {
		client.Installed
		Instances []client.SwapInstance
	}
	require.NoError(t, json.Unmarshal([]byte(r.Stdout), &change), r)
	require.Equal(t, first, change.Before)
	require.Equal(t, second, change.Plugin.SHA256)
	require.Equal(t, "rebuilt-for-a-test", change.Plugin.Version)
	require.Len(t, change.Instances, 4)
	for _, i := range change.Instances {
		require.Equal(t, "swapped", i.State, "%+v", i)
		require.Equal(t, [3]string{first, second, "rebuilt-for-a-test"}, [3]string{i.From, i.To, i.Version}, i.Instance)
	}
}

// again takes the JDK out of the cache and kills a worker: it has to fetch it once more.
func again(t *testing.T, d *deploy.Deployment, s client.Status, checksum string) {
	t.Helper()
	hex := strings.TrimPrefix(checksum, "sha256:")
	require.NoError(t, filepath.WalkDir(d.Dir+"/cache", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && entry.Name() == hex {
			// Renamed, since the others go on using it.
			require.NoError(t, os.Rename(path, d.Dir+"/cache/taken-out"))
			return fs.SkipAll
		}
		return err
	}))
	require.DirExists(t, d.Dir+"/cache/taken-out")
	var victims []procs.Process
	for _, p := range d.Java("worker") {
		if strings.Contains(strings.Join(p.Args, " "), "/worker-0/") {
			victims = append(victims, p)
		}
	}
	require.Len(t, victims, 1)
	serving := deploy.Serving(s)
	kill(t, victims)
	replaced(d, serving, []string{"worker-0 worker"})
}

// requireUsed looks for a fetcher's digest where the instance tells it, and in its executor's log.
func requireUsed(t *testing.T, d *deploy.Deployment, instance, digest string) {
	t.Helper()
	status, _ := d.Status()
	for _, i := range status.Instances {
		if i.Name == instance {
			require.Equal(t, digest, i.Plugins[fetcherHTTP])
		}
	}
	found := false
	for _, executor := range d.Executors() {
		log, err := os.ReadFile(fmt.Sprintf("/proc/%d/cwd/stderr", executor.PID))
		require.NoError(t, err)
		text := string(log)
		found = found || strings.Contains(text, instance) && strings.Contains(text, "a plugin was swapped") && strings.Contains(text, "version=rebuilt-for-a-test")
	}
	require.True(t, found, "the executor's log tells it")
}

// shipped is the digest of the http fetcher that executors get.
func shipped(t *testing.T, d *deploy.Deployment) string {
	t.Helper()
	r := d.Run("plugins list", "-o", "json")
	require.Zero(t, r.Code, r)
	var list client.Plugins
	require.NoError(t, json.Unmarshal([]byte(r.Stdout), &list))
	for _, p := range list.Plugins {
		if p.Kind+"-"+p.Name == fetcherHTTP {
			require.NotEmpty(t, p.Version)
			return p.SHA256
		}
	}
	return ""
}
