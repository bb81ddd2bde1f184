package v1

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

const (
	schedulerPath = "/api/v1/scheduler"
	masterPort    = "5050"
)

// directory knows where masters may be found. The base URLs it gives end without
// a slash; the likeliest leader comes first.
type directory interface {
	masters(ctx context.Context) ([]string, error)
}

// fixedMasters is a list that the operator gave.
type fixedMasters []string

func (f fixedMasters) masters(context.Context) ([]string, error) { return f, nil }

// newDirectory reads what the operator gave as the address of Mesos.
func newDirectory(masters string) (directory, error) {
	if strings.HasPrefix(masters, "zk://") {
		return newZooKeeper(masters)
	}
	var out fixedMasters
	for _, item := range strings.Split(masters, ",") {
		base, err := parseMaster(strings.TrimSpace(item))
		if err != nil {
			return nil, fmt.Errorf("cannot use Mesos address %q: %w", masters, err)
		}
		out = append(out, base)
	}
	return out, nil
}

func parseMaster(item string) (string, error) {
	if item == "" {
		return "", errors.New("it is empty; want host:port, http://host:port or zk://host:port/path")
	}
	if !strings.Contains(item, "://") {
		item = "http://" + item
	}
	u, err := url.Parse(item)
	if err != nil {
		return "", err
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("unknown scheme %q; want host:port, http://host:port or zk://host:port/path", u.Scheme)
	}
	if u.Hostname() == "" {
		return "", fmt.Errorf("%q names no host", item)
	}
	if u.Port() == "" && u.Scheme == "http" {
		u.Host = net.JoinHostPort(u.Hostname(), masterPort)
	}
	return u.Scheme + "://" + u.Host + strings.TrimRight(u.Path, "/"), nil
}

// leaderBase is the base URL of the leader that a redirect names. Mesos gives a
// location without scheme and with the path of the call: "//host:port/master/api/v1/scheduler".
func leaderBase(from, location string) (string, error) {
	u, err := url.Parse(from)
	if err != nil {
		return "", err
	}
	to, err := u.Parse(location)
	if err != nil || to.Host == "" {
		return "", fmt.Errorf("%s redirects to %q, which is no address", from, location)
	}
	// A master answers the same with and without "/master", but /version only without.
	path := strings.TrimSuffix(strings.TrimSuffix(to.Path, schedulerPath), "/master")
	return to.Scheme + "://" + to.Host + path, nil
}

// hostPort of a base URL.
func hostPort(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	return u.Host
}
