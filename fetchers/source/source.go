// Package source reads how an operator writes where software comes from: LOCAL, a
// path, or a URL in go-getter's syntax (a forced fetcher as in "http::https://...", a
// digest as in "?checksum=sha256:..."). It is pure: it asks neither the network nor the
// file system, and leaves to the fetchers what a source holds. Nothing that it prints
// shows credentials.
package source

// Source is where an artifact comes from.
type Source struct {
	// Raw is the source as it was written. It may hold credentials.
	Raw string
	// Forced is the fetcher asked for by "NAME::", or empty.
	Forced string
	// Scheme decides which fetcher serves: Forced, or else the URL's own, lower case;
	// "local" for LOCAL and "file" for paths.
	Scheme string
	// URL is what the fetcher is given: "LOCAL", a path, or a URL without what was
	// meant for the host. It may hold credentials.
	URL string
	// Checksum is the digest that stood in the source ("sha256:HEX"), or empty.
	Checksum string

	name string
}

// Parse reads a source.
func Parse(s string) (Source, error) { return parse(s) }

// Name is the source's file name, from which its archive type may be told; empty for
// LOCAL.
func (s Source) Name() string { return s.name }
