package v1

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
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

// AddressError says that no Mesos can have such an address.
type AddressError struct {
	Address string
	Err     error
}

func (e *AddressError) Error() string {
	return fmt.Sprintf("cannot use Mesos address %q: %s", redactUser(e.Address), e.Err)
}

func (e *AddressError) Unwrap() error { return e.Err }

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
			return nil, &AddressError{masters, err}
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
		return "", fmt.Errorf("%w; want host:port, http://host:port or zk://host:port/path", bare(err))
	}
	if u.User != nil {
		return "", errors.New("it holds a user name, which everybody can read in the list of processes: leave it out, and set " +
			"alluxio.integration.mesos.principal and secret in the site file")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("unknown scheme %q; want host:port, http://host:port or zk://host:port/path", u.Scheme)
	}
	if u.Hostname() == "" {
		return "", errors.New("it names no host; want host:port, http://host:port or zk://host:port/path")
	}
	if port, err := strconv.Atoi(u.Port()); u.Port() != "" && (err != nil || port < 1 || port > 65535) {
		return "", fmt.Errorf("%s is no port: write a number from 1 to 65535", u.Port())
	}
	if u.Port() == "" && u.Scheme == "http" {
		u.Host = net.JoinHostPort(u.Hostname(), masterPort)
	}
	return u.Scheme + "://" + u.Host + strings.TrimRight(u.Path, "/"), nil
}

// bare is what is wrong with a URL, without the URL: there may be a password in it.
func bare(err error) error {
	var wrong *url.Error
	if errors.As(err, &wrong) {
		return wrong.Err
	}
	return err
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
