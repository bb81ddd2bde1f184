package supervise

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"

	psnet "github.com/shirou/gopsutil/v3/net"
	"github.com/shirou/gopsutil/v3/process"
)

// PortTaken says that another process listens on a port that a child needs.
type PortTaken struct {
	Port   int
	Holder string // "pid 12 (java ...)", empty where it could not be found
}

func (e *PortTaken) Error() string {
	if e.Holder == "" {
		return fmt.Sprintf("port %d is already taken by another process (one that only its owner or root can see)", e.Port)
	}
	return fmt.Sprintf("port %d is already taken by %s", e.Port, e.Holder)
}

// CheckPort says whether a port can be listened on at host ("" or "0.0.0.0": all
// addresses). Alluxio's JVMs prefer IPv4, and so does this.
func CheckPort(ctx context.Context, host string, port int) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp4", net.JoinHostPort(host, strconv.Itoa(port)))
	if err == nil {
		return listener.Close()
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return &PortTaken{Port: port, Holder: holder(ctx, port)}
	}
	return fmt.Errorf("cannot listen on port %d: %w", port, err)
}

func holder(ctx context.Context, port int) string {
	pids := listeners(ctx, port)
	if len(pids) == 0 {
		return ""
	}
	pid := pids[0]
	text := fmt.Sprintf("pid %d", pid)
	p, err := process.NewProcessWithContext(ctx, pid)
	if err != nil {
		return text
	}
	// Only the program and its main class: arguments in between may hold anything.
	if args, err := p.CmdlineSliceWithContext(ctx); err == nil && len(args) > 0 {
		text += " (" + shortCommand(args) + ")"
	}
	return text
}

// shortCommand names a program without showing its options: "java
// alluxio.master.AlluxioMaster", "nginx".
func shortCommand(args []string) string {
	name := args[0][strings.LastIndexByte(args[0], '/')+1:]
	if last := args[len(args)-1]; name == "java" && strings.HasPrefix(last, "alluxio.") {
		name += " " + last
	}
	return name
}

// listeners are the processes that listen on a TCP port, as far as we may see them.
func listeners(ctx context.Context, port int) []int32 {
	sockets, err := psnet.ConnectionsWithContext(ctx, "tcp")
	if err != nil {
		return nil
	}
	var pids []int32
	for _, socket := range sockets {
		if socket.Status == "LISTEN" && int(socket.Laddr.Port) == port && socket.Pid != 0 {
			pids = append(pids, socket.Pid)
		}
	}
	return pids
}

// HTTPReady asks for a path on a port of host and wants 200, from the child itself: a
// server of somebody else on the same port is not an answer.
func HTTPReady(client *http.Client, host string, port int, path string) Probe {
	address := net.JoinHostPort(host, strconv.Itoa(port))
	return func(ctx context.Context, pid int) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return fmt.Errorf("no answer on port %d: %w", port, reason(err))
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("port %d answers %s", port, response.Status)
		}
		return owned(ctx, port, pid)
	}
}

// TCPReady wants a connection to a port of host, accepted by the child itself.
func TCPReady(host string, port int) Probe {
	address := net.JoinHostPort(host, strconv.Itoa(port))
	return func(ctx context.Context, pid int) error {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return fmt.Errorf("no answer on port %d: %w", port, reason(err))
		}
		_ = conn.Close()
		return owned(ctx, port, pid)
	}
}

// AnyReady is satisfied with the first probe that is.
func AnyReady(probes ...Probe) Probe {
	return func(ctx context.Context, pid int) error {
		var problems []error
		for _, probe := range probes {
			err := probe(ctx, pid)
			if err == nil {
				return nil
			}
			problems = append(problems, err)
		}
		return errors.Join(problems...)
	}
}

// owned says whether a listener on port belongs to the process group of pid. Where that
// cannot be seen, the check that the port was free before has to do.
func owned(ctx context.Context, port, pid int) error {
	found := listeners(ctx, port)
	for _, listener := range found {
		if group, err := syscall.Getpgid(int(listener)); err != nil || group == pid {
			return nil
		}
	}
	if len(found) == 0 {
		return nil
	}
	return &PortTaken{Port: port, Holder: holder(ctx, port)}
}

// reason takes the wrapping off a network error: the address is said already.
func reason(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
