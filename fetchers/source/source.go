// Package source reads how an operator writes where software comes from: LOCAL, a
// path, or a URL in go-getter's syntax (a forced fetcher as in "http::https://...", a
// digest as in "?checksum=sha256:..."). It is pure: it asks neither the network nor the
// file system, and leaves to the fetchers what a source holds. Nothing that it prints
// shows credentials.
//
// The host reads sources; fetchers are given what is left for them (Source.URL), so that
// go-getter is not linked into every plugin.
package source

import (
	"log/slog"
	"path"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
)

// Local is the source of software that is on the node already.
const Local = "LOCAL"

// Source is where an artifact comes from. Printed, it shows no credentials; its fields
// Raw and URL may hold them.
type Source struct {
	// Raw is the source as it was written.
	Raw string
	// Forced is the fetcher asked for by "NAME::", or empty.
	Forced string
	// Scheme decides which fetcher serves: Forced, or else the URL's own, lower case;
	// "local" for LOCAL and "file" for paths.
	Scheme string
	// URL is what the fetcher is given: LOCAL, a path, or a URL without what was
	// meant for the host.
	URL string
	// Checksum is the digest that stood in the source ("sha256:HEX"), or empty.
	Checksum string
	// ChecksumFile is the source of the file that holds the digest (?checksum=file:...), or
	// empty. It may hold credentials, as URL may.
	ChecksumFile string

	filename string
}

// Name is the source's file name, for messages; empty for LOCAL.
func (s Source) Name() string {
	if s.filename != "" {
		return s.filename
	}
	if s.URL == Local {
		return ""
	}
	p := s.URL
	if u, err := parseURL(s.URL); err == nil && u.Scheme != "" {
		p = u.Path
	}
	name := path.Base(strings.TrimSuffix(p, "/"))
	if name == "." || name == "/" || name == ".." {
		return ""
	}
	return name
}

// String is the source without credentials.
func (s Source) String() string { return redact.URL(s.Raw) }

// GoString keeps credentials out of %#v, too.
func (s Source) GoString() string { return "source.Source{" + s.String() + "}" }

// LogValue keeps credentials out of logs.
func (s Source) LogValue() slog.Value { return slog.StringValue(s.String()) }
