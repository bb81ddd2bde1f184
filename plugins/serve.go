package plugins

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
)

const (
	// lookEvery is how soon a plugin notices that it lost its host. The host also has the
	// kernel end its plugins (PR_SET_PDEATHSIG); this is for hosts and kernels that do not.
	lookEvery = time.Second
	// shutdownTime bounds Shutdown where no host waits for it any more.
	shutdownTime = 2 * time.Second
)

// ServeFetcher makes the process a fetcher plugin: it answers the host that started it
// and returns when the host is done with it. It is all that a fetcher's main does. Where
// no host started the process, it says so and exits.
func ServeFetcher(f Fetcher) {
	once := &shutdownOnce{f: f.Shutdown}
	serve(KindFetcher, &FetcherPlugin{Impl: fetcherOnce{f, once}}, once)
}

// ServeRamdisk makes the process a ramdisk plugin, as ServeFetcher does for a fetcher.
func ServeRamdisk(r Ramdisk) {
	once := &shutdownOnce{f: r.Shutdown}
	serve(KindRamdisk, &RamdiskPlugin{Impl: ramdiskOnce{r, once}}, once)
}

func serve(kind string, p plugin.Plugin, shutdown *shutdownOnce) {
	parent := os.Getppid()
	stop := make(chan struct{})
	watching := sync.WaitGroup{}
	watching.Go(func() {
		if lostParent(parent, stop) {
			_ = shutdown.bounded()
			fmt.Fprintln(os.Stderr, "plugin ends: its host is gone")
			os.Exit(1)
		}
	})
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  Handshake(),
		VersionedPlugins: map[int]plugin.PluginSet{Contract: {kind: p}},
		TLSProvider:      serverTLS,
		GRPCServer:       plugin.DefaultGRPCServer,
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr, JSONFormat: true}),
	})
	close(stop)
	watching.Wait()
	if err := shutdown.bounded(); err != nil {
		fmt.Fprintf(os.Stderr, "plugin ends: cannot shut down: %v\n", err)
	}
}

// lostParent waits until the process has another parent than at its start, or for stop.
func lostParent(parent int, stop <-chan struct{}) bool {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return false
		case <-ticker.C:
			if os.Getppid() != parent {
				return true
			}
		}
	}
}

// shutdownOnce calls a plugin's Shutdown once, whether the host asked for it or went away.
type shutdownOnce struct {
	once sync.Once
	f    func(context.Context) error
	err  error
}

func (s *shutdownOnce) call(ctx context.Context) error {
	s.once.Do(func() { s.err = s.f(ctx) })
	return s.err
}

func (s *shutdownOnce) bounded() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.call(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

type fetcherOnce struct {
	Fetcher
	shutdown *shutdownOnce
}

func (f fetcherOnce) Shutdown(ctx context.Context) error { return f.shutdown.call(ctx) }

type ramdiskOnce struct {
	Ramdisk
	shutdown *shutdownOnce
}

func (r ramdiskOnce) Shutdown(ctx context.Context) error { return r.shutdown.call(ctx) }
