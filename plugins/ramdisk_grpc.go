package plugins

import (
	"context"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/alluxio-mesos/alluxio-mesos/internal/printable"
	ramdiskv1 "github.com/alluxio-mesos/alluxio-mesos/proto/ramdisk/v1"
)

// RamdiskPlugin ties a Ramdisk to go-plugin. A host leaves Impl empty.
type RamdiskPlugin struct {
	plugin.NetRPCUnsupportedPlugin
	Impl Ramdisk
}

// GRPCServer registers Impl with the plugin's server.
func (p *RamdiskPlugin) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	RegisterRamdisk(s, p.Impl)
	return nil
}

// GRPCClient makes the host's Ramdisk.
func (p *RamdiskPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return NewRamdiskClient(conn), nil
}

// RegisterRamdisk serves r over gRPC.
func RegisterRamdisk(s grpc.ServiceRegistrar, r Ramdisk) {
	ramdiskv1.RegisterRamdiskServer(s, &ramdiskServer{impl: r})
}

// NewRamdiskClient is the Ramdisk at the other end of a connection.
func NewRamdiskClient(conn grpc.ClientConnInterface) Ramdisk {
	return &ramdiskClient{client: ramdiskv1.NewRamdiskClient(conn)}
}

type ramdiskServer struct {
	ramdiskv1.UnimplementedRamdiskServer
	impl Ramdisk
}

func (s *ramdiskServer) GetInfo(ctx context.Context, _ *ramdiskv1.GetInfoRequest) (*ramdiskv1.GetInfoResponse, error) {
	info, err := s.impl.Info(ctx)
	if err != nil {
		return nil, toStatus(err)
	}
	return &ramdiskv1.GetInfoResponse{Name: info.Name, Version: info.Version, Contract: uint32(info.Contract)}, nil
}

func (s *ramdiskServer) Init(ctx context.Context, in *ramdiskv1.InitRequest) (*ramdiskv1.InitResponse, error) {
	return &ramdiskv1.InitResponse{}, toStatus(s.impl.Init(ctx, in.GetConfig()))
}

func (s *ramdiskServer) Mount(ctx context.Context, in *ramdiskv1.MountRequest) (*ramdiskv1.MountResponse, error) {
	result, err := s.impl.Mount(ctx, MountRequest{
		Path: in.GetPath(), Size: in.GetSizeBytes(), Framework: in.GetFramework(), Instance: in.GetInstance(),
	})
	if err != nil {
		return nil, toStatus(err)
	}
	return &ramdiskv1.MountResponse{Disk: diskToProto(result.Disk), Reused: result.Reused, Notice: result.Notice}, nil
}

func (s *ramdiskServer) Unmount(ctx context.Context, in *ramdiskv1.UnmountRequest) (*ramdiskv1.UnmountResponse, error) {
	return &ramdiskv1.UnmountResponse{}, toStatus(s.impl.Unmount(ctx, in.GetPath()))
}

func (s *ramdiskServer) List(ctx context.Context, _ *ramdiskv1.ListRequest) (*ramdiskv1.ListResponse, error) {
	disks, err := s.impl.List(ctx)
	if err != nil {
		return nil, toStatus(err)
	}
	out := &ramdiskv1.ListResponse{}
	for _, disk := range disks {
		out.Disks = append(out.Disks, diskToProto(disk))
	}
	return out, nil
}

func (s *ramdiskServer) Shutdown(ctx context.Context, _ *ramdiskv1.ShutdownRequest) (*ramdiskv1.ShutdownResponse, error) {
	return &ramdiskv1.ShutdownResponse{}, toStatus(s.impl.Shutdown(ctx))
}

type ramdiskClient struct{ client ramdiskv1.RamdiskClient }

func (c *ramdiskClient) Info(ctx context.Context) (Info, error) {
	out, err := c.client.GetInfo(ctx, &ramdiskv1.GetInfoRequest{})
	if err != nil {
		return Info{}, fromStatus(ctx, err)
	}
	return Info{Name: out.GetName(), Version: printable.Line(out.GetVersion(), maxVersion), Contract: int(out.GetContract())}, nil
}

func (c *ramdiskClient) Init(ctx context.Context, config map[string]string) error {
	_, err := c.client.Init(ctx, &ramdiskv1.InitRequest{Config: config})
	return fromStatus(ctx, err)
}

func (c *ramdiskClient) Mount(ctx context.Context, request MountRequest) (MountResult, error) {
	out, err := c.client.Mount(ctx, &ramdiskv1.MountRequest{
		Path: request.Path, SizeBytes: request.Size, Framework: request.Framework, Instance: request.Instance,
	})
	if err != nil {
		return MountResult{}, fromStatus(ctx, err)
	}
	return MountResult{Disk: diskFromProto(out.GetDisk()), Reused: out.GetReused(), Notice: printable.Line(out.GetNotice(), maxText)}, nil
}

func (c *ramdiskClient) Unmount(ctx context.Context, path string) error {
	_, err := c.client.Unmount(ctx, &ramdiskv1.UnmountRequest{Path: path})
	return fromStatus(ctx, err)
}

func (c *ramdiskClient) List(ctx context.Context) ([]Disk, error) {
	out, err := c.client.List(ctx, &ramdiskv1.ListRequest{})
	if err != nil {
		return nil, fromStatus(ctx, err)
	}
	var disks []Disk
	for _, disk := range out.GetDisks() {
		disks = append(disks, diskFromProto(disk))
	}
	return disks, nil
}

func (c *ramdiskClient) Shutdown(ctx context.Context) error {
	_, err := c.client.Shutdown(ctx, &ramdiskv1.ShutdownRequest{})
	return fromStatus(ctx, err)
}

func diskToProto(d Disk) *ramdiskv1.Disk {
	return &ramdiskv1.Disk{Path: d.Path, SizeBytes: d.Size, Framework: d.Framework, Instance: d.Instance, Kind: d.Kind}
}

func diskFromProto(d *ramdiskv1.Disk) Disk {
	return Disk{
		Path: d.GetPath(), Size: d.GetSizeBytes(), Framework: d.GetFramework(), Instance: d.GetInstance(), Kind: d.GetKind(),
	}
}
