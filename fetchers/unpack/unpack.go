// Package unpack turns an archive into a tree of files while the archive still
// arrives: tar, tar.gz and tar.zst, told apart by their first bytes. It trusts nothing in
// an archive: no entry leaves the folder, by name or by link, no device is made, no setuid
// bit kept, and limits end what would fill the disk. It neither hashes nor renames into
// place: until the digest has matched, the folder is only a draft (plugins/host,
// fetchers/cache).
package unpack

import (
	"context"
	"errors"
	"io"
)

// Limits end an archive that unpacks to more than it should.
type Limits struct {
	Bytes int64 // of the unpacked stream, headers and sparse files included
	Files int   // entries of any kind
	Ratio int   // unpacked to packed, once more than RatioFrom bytes are unpacked
	// RatioFrom is the size below which no ratio is looked at.
	RatioFrom int64
	Name      int // bytes of an entry's path
}

// DefaultLimits are far above any JDK or Alluxio distribution.
func DefaultLimits() Limits {
	return Limits{Bytes: 20 << 30, Files: 200_000, Ratio: 200, RatioFrom: 64 << 20, Name: 4000}
}

// Archive unpacks r, called name in errors, into dir, which exists.
func Archive(ctx context.Context, r io.Reader, name, dir string, l Limits) error {
	return errors.New("cannot unpack")
}
