package host

import (
	"context"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// fetcher is a fetcher plugin whose process comes and goes. Nothing is tried again here:
// what a fetch left behind matters to the next attempt, and Artifact knows how.
type fetcher struct {
	host *Host
	name string
}

func (f *fetcher) use(ctx context.Context, do func(context.Context, *process) error) error {
	ctx, end, err := f.host.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	p, err := f.host.acquire(ctx, plugins.KindFetcher, f.name)
	if err != nil {
		return err
	}
	defer f.host.release(p)
	return do(ctx, p)
}

func (f *fetcher) Info(ctx context.Context) (info plugins.Info, err error) {
	err = f.use(ctx, func(ctx context.Context, p *process) error {
		return f.host.ask(ctx, p, func(ctx context.Context) (err error) {
			info, err = p.fetcher.Info(ctx)
			return err
		})
	})
	return info, err
}

func (f *fetcher) Fetch(ctx context.Context, request plugins.FetchRequest, progress func(plugins.Progress)) (result plugins.FetchResult, err error) {
	err = f.use(ctx, func(ctx context.Context, p *process) (err error) {
		result, err = p.fetcher.Fetch(ctx, request, progress)
		return p.explain(err)
	})
	return result, err
}

func (f *fetcher) Init(context.Context, map[string]string) error { return nil }
func (f *fetcher) Shutdown(context.Context) error                { return nil }
