package v1

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
)

const (
	zooKeeperPort = "2181"
	// zooKeeperLimit bounds one look-up.
	zooKeeperLimit = 10 * time.Second
	// masterNode begins the name of each contending master's node. The number that
	// follows says who came first, and so who leads. (Mesos 0.24; before it was
	// "info_", in protobuf.)
	masterNode = "json.info_"
)

// zooKeeper finds masters where they contend for leadership. It looks afresh at
// each attempt to subscribe and keeps no session in between: that a leader is gone
// shows in the connection to it.
type zooKeeper struct {
	servers  []string
	path     string
	userinfo string // "user:password" or empty
}

// newZooKeeper reads "zk://[user:password@]host[:port][,host[:port]...]/path".
func newZooKeeper(address string) (directory, error) {
	rest := strings.TrimPrefix(address, "zk://")
	z := zooKeeper{}
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		z.userinfo, rest = rest[:at], rest[at+1:]
	}
	hosts, path, _ := strings.Cut(rest, "/")
	z.path = "/" + strings.Trim(path, "/")
	if z.path == "/" {
		return nil, &AddressError{address, errors.New("it names no path; want zk://host:port/path, often /mesos")}
	}
	for _, host := range strings.Split(hosts, ",") {
		host = strings.TrimSpace(host)
		if host == "" {
			return nil, &AddressError{address, errors.New("an empty host; want zk://host:port[,host:port...]/path")}
		}
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), zooKeeperPort)
		}
		z.servers = append(z.servers, host)
	}
	return z, nil
}

// redactUser takes a password out of an address.
func redactUser(address string) string {
	scheme, rest, found := strings.Cut(address, "://")
	if !found {
		scheme, rest = "", address
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		rest = "***@" + rest[at+1:]
	}
	if !found {
		return rest
	}
	return scheme + "://" + rest
}

func (z zooKeeper) String() string { return "zk://" + strings.Join(z.servers, ",") + z.path }

func (z zooKeeper) masters(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, zooKeeperLimit)
	defer cancel()
	conn, events, err := zk.Connect(z.servers, zooKeeperLimit, zk.WithLogInfo(false), zk.WithLogger(silent{}))
	if err != nil {
		return nil, fmt.Errorf("cannot ask ZooKeeper %s: %w", z, err)
	}
	type answer struct {
		bases []string
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		bases, err := z.look(conn)
		done <- answer{bases, err}
	}()
	var out answer
	select {
	case out = <-done:
		conn.Close()
	case <-ctx.Done():
		conn.Close() // which ends the look-up
		<-done
		out.err = fmt.Errorf("no answer: %w", ctx.Err())
	}
	for range events { // closed when the connection's goroutines are gone
	}
	if out.err != nil {
		return nil, fmt.Errorf("cannot find Mesos masters in ZooKeeper %s: %w", z, out.err)
	}
	return out.bases, nil
}

// look reads the contenders, the leader first.
func (z zooKeeper) look(conn *zk.Conn) ([]string, error) {
	if z.userinfo != "" {
		if err := conn.AddAuth("digest", []byte(z.userinfo)); err != nil {
			return nil, err
		}
	}
	children, _, err := conn.Children(z.path)
	if errors.Is(err, zk.ErrNoNode) {
		return nil, errors.New("no master ever contended there")
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, child := range contenders(children) {
		data, _, err := conn.Get(z.path + "/" + child)
		if errors.Is(err, zk.ErrNoNode) {
			continue // it went just now
		}
		if err != nil {
			return nil, err
		}
		base, err := masterOf(data)
		if err != nil {
			return nil, fmt.Errorf("node %s: %w", child, err)
		}
		out = append(out, base)
	}
	if len(out) == 0 {
		return nil, errors.New("no master is there")
	}
	return out, nil
}

// contenders sorts the nodes of masters by their number.
func contenders(children []string) []string {
	number := func(child string) int {
		n, err := strconv.Atoi(strings.TrimPrefix(child, masterNode))
		if err != nil || !strings.HasPrefix(child, masterNode) {
			return -1
		}
		return n
	}
	var out []string
	for _, child := range children {
		if number(child) >= 0 {
			out = append(out, child)
		}
	}
	sort.Slice(out, func(i, j int) bool { return number(out[i]) < number(out[j]) })
	return out
}

// masterOf reads the base URL out of a MasterInfo in JSON.
func masterOf(data []byte) (string, error) {
	var info struct {
		Address struct {
			Hostname string `json:"hostname"`
			IP       string `json:"ip"`
			Port     int    `json:"port"`
		} `json:"address"`
	}
	if err := json.Unmarshal(data, &info); err != nil {
		return "", fmt.Errorf("not a MasterInfo: %w", err)
	}
	host := info.Address.IP
	if host == "" {
		host = info.Address.Hostname
	}
	if host == "" || info.Address.Port == 0 {
		return "", fmt.Errorf("no address in MasterInfo %.200q", data)
	}
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(host, strconv.Itoa(info.Address.Port))}
	return u.String(), nil
}

type silent struct{}

func (silent) Printf(string, ...any) {}
