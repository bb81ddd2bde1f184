package httpfetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/netconf"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/transfer"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// explain words an error for the operator: the URL without credentials, the kind kept.
func explain(ctx context.Context, u *url.URL, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var known *plugins.Error
	var urlErr *url.Error
	var here transfer.Local
	switch {
	case errors.As(err, &known):
		text := fmt.Errorf("cannot fetch %s: %w", redact.URL(u.String()), known.Err)
		return &plugins.Error{Kind: known.Kind, RetryAfter: known.RetryAfter, Err: text}
	case errors.As(err, &here):
		return fmt.Errorf("cannot store %s: %w", redact.URL(u.String()), here.Err)
	case errors.As(err, &urlErr):
		err = netconf.Unanswered(urlErr.Err) // net/http names the URL again, with its query
	}
	return transport(u, err)
}

// transport words errors of the connection. What waiting cannot mend is permanent.
func transport(u *url.URL, err error) error {
	about := redact.URL(u.String())
	var certificate *tls.CertificateVerificationError
	var name x509.HostnameError
	var record tls.RecordHeaderError
	var address *net.AddrError
	switch {
	case errors.As(err, &name):
		return permanent("cannot fetch %s: the server's certificate is not one of %q; use a name that it is for: %w", about, u.Hostname(), name)
	case errors.As(err, &certificate):
		return permanent("cannot fetch %s: the server's certificate is not trusted on this node ("+property+"ca.file adds your own CA): %w", about, certificate.Err)
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record) && strings.HasPrefix(record.Msg, "first record"):
		return permanent("cannot fetch %s: the server does not speak https at this port; write http://, or name the port of its https", about)
	case errors.As(err, &address) && address.Err == "invalid port": // of a redirect
		return permanent("cannot fetch %s: it leads to a port that there is none of: %w", about, address)
	}
	return fmt.Errorf("cannot fetch %s: %s", about, redact.Text(err.Error()))
}
