package client

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/scheduler/api"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/state"
)

type installer struct {
	err  error
	body string
}

func (i *installer) Plugins(context.Context) api.Plugins {
	return api.Plugins{Plugins: []api.Plugin{{Kind: "fetcher", Name: "http", Swap: &api.Swap{ID: "id", Done: true}}}}
}

func (i *installer) Install(_ context.Context, u api.Upload) (api.Installed, error) {
	if i.err != nil {
		return api.Installed{}, i.err
	}
	body, err := io.ReadAll(u.Body)
	i.body = string(body)
	return api.Installed{ID: "id", Plugin: api.Plugin{Kind: u.Kind, Name: u.Name, SHA256: u.SHA256}}, err
}

func (i *installer) Remove(context.Context, string, string) (api.Installed, error) {
	return api.Installed{Before: "b"}, i.err
}

func startInstaller(t *testing.T, i api.Installer) *Client {
	t.Helper()
	dir, err := state.Open(t.TempDir())
	require.NoError(t, err)
	token, err := dir.Token()
	require.NoError(t, err)
	server, err := api.Listen(api.Config{Bind: "127.0.0.1", Token: token, Source: &source{view: sample()}, Installer: i, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.NoError(t, dir.SetAPI(server.URL()))
	t.Cleanup(func() { _ = server.Close(); _ = dir.Close() })
	c, err := Open(dir.Path())
	require.NoError(t, err)
	return c
}

func TestPlugins(t *testing.T) {
	t.Parallel()
	i := &installer{}
	c := startInstaller(t, i)
	all, err := c.Plugins(t.Context())
	require.NoError(t, err)
	require.True(t, all.Plugins[0].Swap.Done)

	upload := func() (Installed, error) {
		return c.InstallPlugin(t.Context(), Upload{Kind: "fetcher", Name: "http", SHA256: "abc", Size: 6, Body: strings.NewReader("binary")})
	}
	installed, err := upload()
	require.NoError(t, err)
	require.Equal(t, "binary", i.body)
	require.Equal(t, "abc", installed.Plugin.SHA256)
	removed, err := c.RemovePlugin(t.Context(), "fetcher", "http")
	require.NoError(t, err)
	require.Equal(t, "b", removed.Before)

	var refused *RefusedError
	i.err = &api.Refusal{Status: http.StatusConflict, Err: errors.New("the deployment is ending")}
	_, err = upload()
	require.ErrorAs(t, err, &refused)
	require.Equal(t, &RefusedError{http.StatusConflict, "the deployment is ending"}, refused)
	i.err = errors.New("the disk is full")
	_, err = upload()
	require.False(t, errors.As(err, &refused), "the scheduler wanted to")
	require.EqualError(t, err, "the disk is full")
}

// An older scheduler does not know the path.
func TestPluginsOfAnOlderScheduler(t *testing.T) {
	t.Parallel()
	_, err := startInstaller(t, nil).RemovePlugin(t.Context(), "fetcher", "http")
	require.ErrorContains(t, err, "start it again with this one")
}
