package plugins

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/alluxio-mesos/alluxio-mesos/internal/printable"
	fetcherv1 "github.com/alluxio-mesos/alluxio-mesos/proto/fetcher/v1"
)

// FetcherPlugin ties a Fetcher to go-plugin. A host leaves Impl empty.
type FetcherPlugin struct {
	plugin.NetRPCUnsupportedPlugin
	Impl Fetcher
}

// GRPCServer registers Impl with the plugin's server.
func (p *FetcherPlugin) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	RegisterFetcher(s, p.Impl)
	return nil
}

// GRPCClient makes the host's Fetcher.
func (p *FetcherPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return NewFetcherClient(conn), nil
}

// RegisterFetcher serves f over gRPC.
func RegisterFetcher(s grpc.ServiceRegistrar, f Fetcher) {
	fetcherv1.RegisterFetcherServer(s, &fetcherServer{impl: f})
}

// NewFetcherClient is the Fetcher at the other end of a connection.
func NewFetcherClient(conn grpc.ClientConnInterface) Fetcher {
	return &fetcherClient{client: fetcherv1.NewFetcherClient(conn)}
}

type fetcherServer struct {
	fetcherv1.UnimplementedFetcherServer
	impl Fetcher
}

func (s *fetcherServer) GetInfo(ctx context.Context, _ *fetcherv1.GetInfoRequest) (*fetcherv1.GetInfoResponse, error) {
	info, err := s.impl.Info(ctx)
	if err != nil {
		return nil, toStatus(err)
	}
	return &fetcherv1.GetInfoResponse{
		Name: info.Name, Version: info.Version, Contract: uint32(info.Contract),
		Schemes: info.Schemes, Resumes: info.Resumes, InPlace: info.InPlace,
	}, nil
}

func (s *fetcherServer) Init(ctx context.Context, in *fetcherv1.InitRequest) (*fetcherv1.InitResponse, error) {
	return &fetcherv1.InitResponse{}, toStatus(s.impl.Init(ctx, in.GetConfig()))
}

func (s *fetcherServer) Shutdown(ctx context.Context, _ *fetcherv1.ShutdownRequest) (*fetcherv1.ShutdownResponse, error) {
	return &fetcherv1.ShutdownResponse{}, toStatus(s.impl.Shutdown(ctx))
}

func (s *fetcherServer) Fetch(in *fetcherv1.FetchRequest, stream grpc.ServerStreamingServer[fetcherv1.FetchResponse]) error {
	sender := &progressSender{stream: stream}
	result, err := s.impl.Fetch(stream.Context(), FetchRequest{
		Source: in.GetSource(), File: in.GetFile(), Offset: in.GetOffset(),
		Validator: in.GetValidator(), Artifact: in.GetArtifact(), Path: in.GetPath(),
	}, sender.send)
	sender.end()
	if err != nil {
		return toStatus(err)
	}
	return stream.Send(&fetcherv1.FetchResponse{Message: &fetcherv1.FetchResponse_Result{Result: &fetcherv1.Result{
		Bytes: result.Bytes, Validator: result.Validator, InPlace: result.InPlace, Name: result.Name,
	}}})
}

// progressSender lets a fetcher tell its progress from several goroutines; a stream
// takes one message at a time, and none after the end.
type progressSender struct {
	mu     sync.Mutex
	ended  bool
	stream grpc.ServerStreamingServer[fetcherv1.FetchResponse]
}

func (p *progressSender) send(at Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	// An error here means that the host has gone; then ctx has ended, too.
	_ = p.stream.Send(&fetcherv1.FetchResponse{Message: &fetcherv1.FetchResponse_Progress{Progress: &fetcherv1.Progress{
		Bytes: at.Bytes, Total: at.Total, Validator: at.Validator,
	}}})
}

func (p *progressSender) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
}

// maxVersion is how much of a plugin's version is shown.
const maxVersion = 100

type fetcherClient struct{ client fetcherv1.FetcherClient }

func (c *fetcherClient) Info(ctx context.Context) (Info, error) {
	out, err := c.client.GetInfo(ctx, &fetcherv1.GetInfoRequest{})
	if err != nil {
		return Info{}, fromStatus(ctx, err)
	}
	return Info{
		Name: out.GetName(), Version: printable.Line(out.GetVersion(), maxVersion), Contract: int(out.GetContract()),
		Schemes: out.GetSchemes(), Resumes: out.GetResumes(), InPlace: out.GetInPlace(),
	}, nil
}

func (c *fetcherClient) Init(ctx context.Context, config map[string]string) error {
	_, err := c.client.Init(ctx, &fetcherv1.InitRequest{Config: config})
	return fromStatus(ctx, err)
}

func (c *fetcherClient) Shutdown(ctx context.Context) error {
	_, err := c.client.Shutdown(ctx, &fetcherv1.ShutdownRequest{})
	return fromStatus(ctx, err)
}

func (c *fetcherClient) Fetch(ctx context.Context, request FetchRequest, progress func(Progress)) (FetchResult, error) {
	// The stream is left before its end where a plugin breaks the contract.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.client.Fetch(ctx, &fetcherv1.FetchRequest{
		Source: request.Source, File: request.File, Offset: request.Offset,
		Validator: request.Validator, Artifact: request.Artifact, Path: request.Path,
	})
	if err != nil {
		return FetchResult{}, fromStatus(ctx, err)
	}
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return FetchResult{}, AsPermanent(errors.New("fetcher ended the transfer without a result"))
		}
		if err != nil {
			return FetchResult{}, fromStatus(ctx, err)
		}
		if result := message.GetResult(); result != nil {
			return FetchResult{
				Bytes: result.GetBytes(), Validator: result.GetValidator(),
				InPlace: result.GetInPlace(), Name: result.GetName(),
			}, nil
		}
		at := message.GetProgress()
		progress(Progress{Bytes: at.GetBytes(), Total: at.GetTotal(), Validator: at.GetValidator()})
	}
}
