package host

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// errChecksum says that the file is not the one that was pinned.
var errChecksum = errors.New("the file does not have the sha256 that the deployment names")

// pinned is made anew for each client: the hash in it keeps what it has read.
func pinned(sum []byte) *plugin.SecureConfig {
	return &plugin.SecureConfig{Checksum: sum, Hash: sha256.New()}
}

// quiet turns go-plugin's own logging off. What it would say is in its errors, and what
// the plugin writes is logged by tail.
func quiet() hclog.Logger { return hclog.NewNullLogger() }

// dyingFetcher and dyingRamdisk are the adapters, and note the context that go-plugin ends
// with the process.
type dyingFetcher struct {
	plugins.FetcherPlugin
	p *process
}

func (d *dyingFetcher) GRPCClient(ctx context.Context, broker *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	d.p.died = ctx
	return d.FetcherPlugin.GRPCClient(ctx, broker, conn)
}

type dyingRamdisk struct {
	plugins.RamdiskPlugin
	p *process
}

func (d *dyingRamdisk) GRPCClient(ctx context.Context, broker *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	d.p.died = ctx
	return d.RamdiskPlugin.GRPCClient(ctx, broker, conn)
}

func (p *process) adapter() plugin.Plugin {
	if p.exe.kind == plugins.KindRamdisk {
		return &dyingRamdisk{p: p}
	}
	return &dyingFetcher{p: p}
}

// connect asks the process what it is. An error leaves it as it is.
func (p *process) connect(ctx context.Context, client *plugin.Client) error {
	connection, err := client.Client()
	if err != nil {
		return fmt.Errorf("cannot connect to it: %w", err)
	}
	raw, err := connection.Dispense(p.exe.kind)
	if err != nil {
		return plugins.AsPermanent(fmt.Errorf("cannot use it as a %s: %w", p.exe.kind, err))
	}
	init := p.take(raw)
	if err := p.getInfo(ctx); err != nil {
		return err
	}
	if err := init(ctx, forPlugin(p.exe.config)); err != nil {
		return fmt.Errorf("it refuses its configuration: %w", err)
	}
	return nil
}

// take notes the plugin under its kind.
func (p *process) take(raw any) (init func(context.Context, map[string]string) error) {
	switch impl := raw.(type) {
	case plugins.Fetcher:
		p.fetcher = impl
		return impl.Init
	case plugins.Ramdisk:
		p.ramdisk = impl
		return impl.Init
	}
	return func(context.Context, map[string]string) error {
		return plugins.AsPermanent(fmt.Errorf("it is no %s", p.exe.kind))
	}
}

func (p *process) getInfo(ctx context.Context) error {
	var err error
	switch {
	case p.fetcher != nil:
		p.info, err = p.fetcher.Info(ctx)
	case p.ramdisk != nil:
		p.info, err = p.ramdisk.Info(ctx)
	}
	if plugins.KindOf(err) == plugins.Permanent {
		return fmt.Errorf("it does not answer as a %s: %w", p.exe.kind, err)
	}
	if err != nil {
		return fmt.Errorf("it does not answer: %w", err)
	}
	if p.info.Contract != plugins.Contract {
		return wrongContract(fmt.Sprint(p.info.Contract))
	}
	return nil
}

func wrongContract(theirs string) error {
	return plugins.AsPermanent(fmt.Errorf("it was made for contract %s, and this host speaks contract %d; "+
		"install a version of the plugin for contract %d", theirs, plugins.Contract, plugins.Contract))
}

// startError makes of go-plugin's errors, which are texts for developers of many lines,
// one line for operators.
func (p *process) startError(err error) error {
	text, _, _ := strings.Cut(err.Error(), "\n")
	if errors.Is(err, plugin.ErrChecksumsDoNotMatch) {
		return plugins.AsPermanent(fmt.Errorf("%w: %s should have %s", errChecksum, p.exe.path, p.exe.sha256))
	}
	if _, versions, found := strings.Cut(text, "Plugin version: "); found && strings.HasPrefix(text, "incompatible API version") {
		theirs, _, _ := strings.Cut(versions, ",")
		return wrongContract(theirs)
	}
	if line, found := strings.CutPrefix(text, "Unrecognized remote plugin message: "); found {
		if line == "" {
			return errors.New("it ended without a word on how to reach it")
		}
		return plugins.AsPermanent(fmt.Errorf("it is no plugin of this kind: its first line on stdout is %.100q", line))
	}
	return fmt.Errorf("%s%w", text, silent{err})
}
