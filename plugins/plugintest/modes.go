package plugintest

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

// OverGRPC is f at the other end of a gRPC connection in memory.
func OverGRPC(t *testing.T, f plugins.Fetcher) plugins.Fetcher {
	return plugins.NewFetcherClient(connect(t, func(s *grpc.Server) { plugins.RegisterFetcher(s, f) }))
}

// RamdiskOverGRPC is r at the other end of a gRPC connection in memory.
func RamdiskOverGRPC(t *testing.T, r plugins.Ramdisk) plugins.Ramdisk {
	return plugins.NewRamdiskClient(connect(t, func(s *grpc.Server) { plugins.RegisterRamdisk(s, r) }))
}

func connect(t *testing.T, register func(*grpc.Server)) *grpc.ClientConn {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	register(server)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:plugin",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return conn
}

// Start makes a host that runs the plugin in an executable called alluxio-mesos-KIND-NAME.
func Start(t *testing.T, path string, config map[string]string) (*host.Host, host.Plugin) {
	t.Helper()
	listed, err := host.ListDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range listed {
		if "alluxio-mesos-"+p.Kind+"-"+p.Name != filepath.Base(path) {
			continue
		}
		p.URL, p.Config = path, config
		h, err := host.New(host.Config{
			Plugins: []host.Plugin{p}, CacheDir: CacheDir(t), Writable: []string{os.TempDir()}, // where the checks' files are
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		})
		return h, p
	}
	t.Fatalf("%s is no plugin's executable: it must be called alluxio-mesos-(fetcher|ramdisk)-NAME", path)
	return nil, host.Plugin{}
}
