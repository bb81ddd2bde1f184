package scheduler_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/mesos/mesostest"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/state"
)

// fakes puts a plugin into the folder that is shipped.
func (k *kit) fakes(p host.Plugin) {
	k.t.Helper()
	data, err := os.ReadFile(p.URL)
	require.NoError(k.t, err)
	require.NoError(k.t, os.WriteFile(filepath.Join(k.config.PluginDir, "alluxio-mesos-"+p.Kind+"-"+p.Name), data, 0o755))
}

func (k *kit) client() *client.Client {
	k.t.Helper()
	c, err := client.Open(k.config.StateDir)
	require.NoError(k.t, err)
	return c
}

func (k *kit) install(p host.Plugin) (client.Installed, error) {
	k.t.Helper()
	file, err := os.Open(p.URL)
	require.NoError(k.t, err)
	defer file.Close()
	return k.client().InstallPlugin(k.t.Context(), client.Upload{Kind: p.Kind, Name: p.Name, SHA256: p.SHA256, Size: p.Size, Body: file})
}

// swapped waits until a plugin's latest swap is done, and returns what is shipped.
func (k *kit) swapped(name string) client.Plugin {
	k.t.Helper()
	var found client.Plugin
	require.Eventually(k.t, func() bool {
		c, err := client.Open(k.config.StateDir)
		if err != nil {
			return false
		}
		all, err := c.Plugins(k.t.Context())
		if err != nil {
			return false
		}
		for _, p := range all.Plugins {
			if p.Name == name {
				found = p
			}
		}
		return found.Swap != nil && found.Swap.Done
	}, time.Minute, 50*time.Millisecond)
	return found
}

func states(s *client.Swap) map[string]string {
	all := map[string]string{}
	for _, i := range s.Instances {
		all[i.Instance] = i.State
	}
	return all
}

// A plugin is installed into executors that run, over a restart of the scheduler; broken ones change nothing.
func TestInstall(t *testing.T) {
	good := plugintest.Fake(t, "fine")
	mesostest.Each(t, twoAgents(t), func(t *testing.T, c *mesostest.Cluster) {
		k := newKit(t, c)
		k.fakes(good)
		first := k.start()
		before := k.await("all serve", serving(3))

		for _, fault := range []string{plugintest.ExitAtStart, plugintest.OldContract, plugintest.WrongName} {
			_, err := k.install(plugintest.Newer(t, good, fault, ""))
			var refused *client.RefusedError
			require.ErrorAs(t, err, &refused, fault)
			require.ErrorContains(t, err, "nothing was changed", fault)
			require.NotContains(t, err.Error(), "--unchecked", fault)
		}
		foreign := good
		foreign.URL = filepath.Join(t.TempDir(), "foreign")
		require.NoError(t, os.WriteFile(foreign.URL, []byte("\x7fELF of another machine"), 0o755))
		var err error
		foreign.SHA256, foreign.Size, err = host.DigestFile(foreign.URL)
		require.NoError(t, err)
		_, err = k.install(foreign)
		require.ErrorContains(t, err, "(for one that can only run on the agents there is --unchecked)")
		bad := plugintest.Newer(t, good, "", "")
		bad.SHA256 = good.SHA256
		_, err = k.install(bad)
		require.ErrorContains(t, err, "did not arrive whole")
		bad.Name = "../../up"
		_, err = k.install(bad)
		require.ErrorContains(t, err, "is no name of a plugin")
		_, err = k.client().RemovePlugin(t.Context(), good.Kind, good.Name)
		require.ErrorContains(t, err, "it was not installed")

		newer := plugintest.Newer(t, good, "", "")
		installed, err := k.install(newer)
		require.NoError(t, err)
		require.Equal(t, good.SHA256, installed.Before)
		require.Equal(t, "2.0.0", installed.Plugin.Version)
		p := k.swapped(good.Name)
		require.Equal(t, installed.ID, p.Swap.ID)
		require.Equal(t, map[string]string{"master-0": "swapped", "worker-0": "swapped", "worker-1": "swapped"}, states(p.Swap))
		for _, i := range p.Swap.Instances {
			require.Equal(t, [2]string{good.SHA256, newer.SHA256}, [2]string{i.From, i.To})
		}
		after := k.await("they tell what they use", func(s client.Status) bool { return s.Instances[2].Plugins["fetcher-"+good.Name] == newer.SHA256 })
		require.Equal(t, tasks(before), tasks(after))

		// One that works here and on no agent.
		refused := good
		refused.Name = "refused"
		work, err := os.ReadFile(plugintest.Newer(t, good, "", "").URL)
		require.NoError(t, err)
		refused.URL = filepath.Join(t.TempDir(), "refused")
		require.NoError(t, os.WriteFile(refused.URL, work, 0o755))
		refused.SHA256, refused.Size, err = host.DigestFile(refused.URL)
		require.NoError(t, err)
		file, err := os.Open(refused.URL)
		require.NoError(t, err)
		defer file.Close()
		_, err = k.client().InstallPlugin(t.Context(), client.Upload{Kind: refused.Kind, Name: refused.Name, Size: refused.Size, Unchecked: true, Body: file})
		require.NoError(t, err)
		require.Equal(t, map[string]string{"master-0": "refused", "worker-0": "refused", "worker-1": "refused"}, states(k.swapped("refused").Swap))
		_, err = k.client().RemovePlugin(t.Context(), refused.Kind, refused.Name)
		require.NoError(t, err)

		first.cancel()
		require.Error(t, k.wait(first))
		k.start()
		k.await("all serve under the next scheduler", serving(3))
		p = k.swapped(good.Name)
		require.Equal(t, newer.SHA256, p.SHA256)
		require.Equal(t, installed.ID, p.Swap.ID)

		removed, err := k.client().RemovePlugin(t.Context(), good.Kind, good.Name)
		require.NoError(t, err)
		require.Equal(t, newer.SHA256, removed.Before)
		p = k.swapped(good.Name)
		require.Equal(t, good.SHA256, p.SHA256)
		require.Equal(t, "1.0.0", p.Version)
		require.Equal(t, map[string]string{"master-0": "swapped", "worker-0": "swapped", "worker-1": "swapped"}, states(p.Swap))
	})
}

// The scheduler dies between keeping a plugin and telling of it: the next one tells. The same with a removal. A file that
// was damaged since is not shipped.
func TestInstallIsResumed(t *testing.T) {
	good := plugintest.Fake(t, "fine")
	newer := plugintest.Newer(t, good, "", "")
	c := mesostest.Embedded(t, twoAgents(t))
	k := newKit(t, c, "alluxio.integration.mesos.worker.count=1")
	k.fakes(good)
	r := k.start()
	k.await("all serve", serving(2))
	kept := state.Plugin{Kind: newer.Kind, Name: newer.Name, SHA256: newer.SHA256, Size: newer.Size}
	between := func(change func(*state.Plugins)) {
		r.cancel()
		require.Error(t, k.wait(r))
		dir, err := state.Open(k.config.StateDir)
		require.NoError(t, err)
		store, err := dir.Plugins()
		require.NoError(t, err)
		change(store)
		require.NoError(t, dir.Close())
		r = k.start()
		k.await("all serve", serving(2))
	}
	both := map[string]string{"master-0": "swapped", "worker-0": "swapped"}
	between(func(s *state.Plugins) { require.NoError(t, s.Put(kept, newer.URL)) })
	p := k.swapped(good.Name)
	require.Equal(t, newer.SHA256, p.SHA256)
	require.Equal(t, both, states(p.Swap))

	between(func(s *state.Plugins) { require.NoError(t, s.Remove(kept)) })
	p = k.swapped(good.Name)
	require.Equal(t, good.SHA256, p.SHA256)
	require.Equal(t, both, states(p.Swap))

	again := plugintest.Newer(t, good, "", "")
	_, err := k.install(again)
	require.NoError(t, err)
	k.swapped(good.Name)
	between(func(s *state.Plugins) {
		path := s.Path(s.Installed()[0])
		require.NoError(t, os.Chmod(path, 0o700))
		require.NoError(t, os.Truncate(path, 10))
	})
	require.Equal(t, good.SHA256, k.swapped(good.Name).SHA256)
}
