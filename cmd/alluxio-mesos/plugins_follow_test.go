package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/scheduler/api"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/client"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/plan"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/state"
)

// swapping is a scheduler in the middle of a swap.
type swapping struct{ swap *api.Swap }

func (s swapping) View() plan.View { return plan.View{} }
func (s swapping) RequestStop()    {}
func (s swapping) Plugins(context.Context) api.Plugins {
	return api.Plugins{Plugins: []api.Plugin{{Kind: "fetcher", Name: "http", Swap: s.swap}}}
}

func (s swapping) Install(context.Context, api.Upload) (api.Installed, error) {
	return api.Installed{}, errors.New("not asked for")
}

func (s swapping) Remove(context.Context, string, string) (api.Installed, error) {
	return api.Installed{}, errors.New("not asked for")
}

// followed follows a swap for a moment and returns what was printed.
func followed(t *testing.T, swap *api.Swap) (string, error) {
	t.Helper()
	dir, err := state.Open(t.TempDir())
	require.NoError(t, err)
	s := swapping{swap}
	server, err := api.Listen(api.Config{Bind: "127.0.0.1", Token: "token", Source: s, Installer: s, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	_, err = dir.Token()
	require.NoError(t, err)
	require.NoError(t, dir.SetAPI(server.URL()))
	t.Cleanup(func() { _ = server.Close(); _ = dir.Close() })
	c, err := client.Open(dir.Path())
	require.NoError(t, err)
	var out strings.Builder
	installed := client.Installed{ID: "mine", Plugin: client.Plugin{Kind: "fetcher", Name: "http"}}
	err = follow(t.Context(), &app{out: &out}, place{name: "alluxio"}, c, installed, 10*time.Millisecond, "table")
	return out.String(), err
}

func TestWhatBecameOfAnInstallIsTold(t *testing.T) {
	t.Parallel()
	swapped := client.SwapInstance{Instance: "master-0", Host: "h0", Executor: "e0", State: "swapped", From: "old", To: "new", Version: "v2"}
	gone := client.SwapInstance{Instance: "worker-0", Host: "h1", Executor: "e1", State: "gone"}
	said, err := followed(t, &api.Swap{ID: "mine", Done: true, Instances: []client.SwapInstance{swapped, gone}})
	require.NoError(t, err)
	require.Equal(t, "master-0: old -> new (v2)\nworker-0: its executor ended; the next one gets the plugin with its first task\n", said)

	silent := client.SwapInstance{Instance: "worker-1", Host: "h2", Executor: "e2", State: "waiting", Message: "its agent is unreachable"}
	refused := client.SwapInstance{Instance: "worker-2", Host: "h3", Executor: "e3", State: "refused", From: "old", Error: "no such library"}
	said, err = followed(t, &api.Swap{ID: "mine", Instances: []client.SwapInstance{swapped, silent, refused}})
	require.Equal(t, "master-0: old -> new (v2)\n", said)
	require.EqualError(t, err, "2 of 3 instances did not swap:\n"+
		"worker-1 on h2: silent for 10ms: its agent is unreachable\n"+
		"worker-2 on h3: refused, old stays: no such library")

	_, err = followed(t, &api.Swap{ID: "another", Done: true})
	require.ErrorContains(t, err, "another change of fetcher-http has taken the place of this one")
}

func TestTheWayOnNamesTheDeployment(t *testing.T) {
	t.Parallel()
	require.Equal(t, `nothing is deployed; start it with "alluxio-mesos start MESOS"`, wayOn(place{"alluxio", t.TempDir()}))
	require.Equal(t, `nothing is deployed; start it with "alluxio-mesos start MESOS --name blue"`, wayOn(place{"blue", t.TempDir()}))
}

func TestAFileNameSaysWhichPluginItIs(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"alluxio-mesos-fetcher-http": "fetcher http", "alluxio-mesos-ramdisk-tmpfs": "ramdisk tmpfs", "alluxio-mesos-fetcher-my-own": "fetcher my-own",
		"alluxio-mesos-fetcher-": "", "alluxio-mesos-executor": "", "fetcher-http": "", "alluxio-mesos-shelf-x": "",
	} {
		kind, plugin, ok := pluginOf(name)
		require.Equal(t, want != "", ok, name)
		if ok {
			require.Equal(t, want, kind+" "+plugin)
		}
	}
}
