package mesostest

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
	"github.com/alluxio-mesos/alluxio-mesos/mesos/devcluster"
)

func (o Options) withDefaults(t testing.TB) Options {
	t.Helper()
	if o.Version == "" {
		o.Version = DefaultVersion
	}
	if o.Timing.Allocation == 0 {
		o.Timing.Allocation = 100 * time.Millisecond
	}
	if len(o.Agents) == 0 {
		o.Agents = []devcluster.Agent{{Resources: Resources(4, 4096, Ports(t, 20))}}
	}
	agents := make([]devcluster.Agent, len(o.Agents))
	for i, a := range o.Agents {
		if a.Host == "" {
			a.Host = fmt.Sprintf("127.0.0.1%d", i+1)
		}
		agents[i] = a
	}
	o.Agents = agents
	return o
}

// Resources of an agent: cpus, memory in MB, 10 GB of disk, and ports.
func Resources(cpus, mem float64, ports mesos.Range) []mesos.Resource {
	return []mesos.Resource{
		{Name: "cpus", Scalar: cpus}, {Name: "mem", Scalar: mem}, {Name: "disk", Scalar: 10000},
		{Name: "ports", Ranges: []mesos.Range{ports}},
	}
}

// Ports reserves n consecutive free ports for the test: no other test that asks
// here gets them, in this process or another.
func Ports(t testing.TB, n int) mesos.Range {
	t.Helper()
	const block, first, last = 16, 12000, 32000 // below the ports that the kernel hands out
	blocks := (n + block - 1) / block
	start := os.Getpid() % ((last - first) / block)
	for i := range (last - first) / block {
		at := first + (start+i)*block%(last-first)
		if release, ok := reservePorts(at, blocks, block); ok {
			t.Cleanup(release)
			return mesos.Range{Begin: uint64(at), End: uint64(at + n - 1)}
		}
	}
	t.Fatalf("no %d consecutive ports are free between %d and %d", n, first, last)
	return mesos.Range{}
}

// reservePorts locks a file for each block for as long as the test runs. The kernel
// drops the locks of a test that dies.
func reservePorts(at, blocks, block int) (release func(), ok bool) {
	var locks []*os.File
	release = func() {
		for _, f := range locks {
			f.Close()
		}
	}
	for i := range blocks {
		f, err := lockFile(filepath.Join(os.TempDir(), fmt.Sprintf("mesostest-%d", os.Getuid())), fmt.Sprint(at+i*block))
		if err != nil {
			release()
			return nil, false
		}
		locks = append(locks, f)
	}
	for port := at; port < at+blocks*block; port++ {
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			release()
			return nil, false
		}
		l.Close()
	}
	return release, true
}

func lockFile(dir, name string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Logger writes to the test's log.
func Logger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}
