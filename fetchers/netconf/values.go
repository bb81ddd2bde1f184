package netconf

import (
	"crypto/x509"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// Normal lets HTTPS_PROXY and the like be understood.
func Normal(key string) string { return strings.ReplaceAll(strings.ToLower(key), "_", ".") }

// Duration reads a time that is longer than none.
func Duration(key, value string) (time.Duration, error) {
	d, err := alluxio.ParseDuration(value)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s is %q; it takes a time such as 30s", key, value)
	}
	return d, nil
}

// Number reads one of those from least to most.
func Number(key, value string, least, most int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s is %q; it takes a number from %d to %d", key, value, least, most)
	}
	return n, nil
}

// CheckPath refuses what would depend on the folder that a plugin happens to run in. The
// file need not be there; empty: there is none.
func CheckPath(key, value string) error {
	if value != "" && !filepath.IsAbs(value) {
		return fmt.Errorf("%s is %q; it takes the absolute path of a file on the agents", key, value)
	}
	return nil
}

// readRoots adds the certificates of a file to those of the system; without a file it is nil.
func readRoots(key, name string) (*x509.CertPool, error) {
	if err := CheckPath(key, name); err != nil || name == "" {
		return nil, err
	}
	data, err := readBounded(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // this node has none of its own
	}
	if !roots.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s: %s holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)", key, name)
	}
	return roots, nil
}

// maxRoots is far more than the certificates of a whole system take.
const maxRoots = 10 << 20

// readBounded reads a regular file of at most maxRoots bytes: a device has no end, and a
// pipe may have no writer.
func readBounded(name string) ([]byte, error) {
	file, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", name)
	}
	data, err := io.ReadAll(io.LimitReader(file, maxRoots+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxRoots {
		return nil, fmt.Errorf("%s has more than %d bytes, too many for certificates", name, maxRoots)
	}
	return data, nil
}

// checkProxy does not repeat the value, which may hold a password.
func checkProxy(key, value string) error {
	if value == "" {
		return nil
	}
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5") {
		return fmt.Errorf("%s is not the address of a proxy; write http://HOST:PORT", key)
	}
	return nil
}
