package httpfetch

import (
	"context"
	"errors"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

type fetcher struct{ version string }

// New makes the fetcher; version is that of its binary.
func New(version string) plugins.Fetcher { return &fetcher{version: version} }

func (f *fetcher) Info(context.Context) (plugins.Info, error) { return plugins.Info{}, nil }

func (f *fetcher) Init(context.Context, map[string]string) error { return nil }

func (f *fetcher) Fetch(context.Context, plugins.FetchRequest, func(plugins.Progress)) (plugins.FetchResult, error) {
	return plugins.FetchResult{}, errors.New("cannot fetch")
}

func (f *fetcher) Shutdown(context.Context) error { return nil }
