package unpack

import (
	"io"
	"sync/atomic"
)

// Limits end an archive that unpacks to more than it should. All must be set.
type Limits struct {
	// Bytes of the unpacked stream, and of all files (which are more where a file is sparse).
	Bytes int64
	// Files is the number of entries, folders that they imply included.
	Files int
	// Ratio of unpacked to packed bytes, looked at once RatioFrom bytes are unpacked.
	Ratio     int64
	RatioFrom int64
	// Name is the length of an entry's path.
	Name int
}

// DefaultLimits are far above any JDK or Alluxio distribution, whose ratio is 1 to 4.
func DefaultLimits() Limits {
	return Limits{Bytes: 20 << 30, Files: 200_000, Ratio: 200, RatioFrom: 64 << 20, Name: 4000}
}

// input is the archive as it comes: it counts, and keeps the reader's own error apart
// from those of the formats read from it.
type input struct {
	r      io.Reader
	limits Limits
	packed atomic.Int64
	err    atomic.Pointer[error]
}

func (in *input) Read(p []byte) (int, error) {
	n, err := in.r.Read(p)
	in.packed.Add(int64(n))
	if err != nil && err != io.EOF {
		in.err.CompareAndSwap(nil, &err)
	}
	return n, err
}

// check ends what has unpacked to too much. The packed bytes are counted ahead of the
// unpacked ones, which can only be in the archive's favour.
func (in *input) check(unpacked int64) error {
	if unpacked > in.limits.Bytes {
		return refuse("the archive unpacks to more than %d bytes", in.limits.Bytes)
	}
	packed := in.packed.Load()
	if unpacked > in.limits.RatioFrom && unpacked/in.limits.Ratio > packed {
		return refuse("the archive unpacks to more than %d times its size (%d bytes out of %d)",
			in.limits.Ratio, unpacked, packed)
	}
	return nil
}
