package host

import "time"

// Want asks for software.
type Want struct {
	Artifact string // what for: "alluxio" or "jdk"; for errors and for fetchers
	// Source as the operator wrote it: one, or several of the same bytes with spaces between
	// them, to be tried in that order.
	Source string
	// Checksum is "sha256:HEX"; or "file", where it stands in a file beside the source, of the
	// source's name and ".sha256"; or empty.
	Checksum string
	// Path is where it lies on the node. Only fetchers that answer in place look at it; the
	// host does not apply it to what it unpacked.
	Path string
	// Patience is how long the source may take to its first byte, all attempts together; 0: as
	// long as the attempts take.
	Patience time.Duration
}

// Phases of Progress.
const (
	PhaseWaiting   = "waiting"   // for another process that fetches the same
	PhaseFetching  = "fetching"  // bytes arrive, and are hashed and unpacked as they do
	PhaseUnpacking = "unpacking" // all bytes are here
	PhaseDone      = "done"
)

// Progress of an artifact.
type Progress struct {
	Bytes, Total int64 // Total 0: unknown
	Phase        string
}

// Artifact is software ready for use.
type Artifact struct {
	// Dirs holds the one unpacked folder (the archive's single top folder if it has one),
	// read-only; or, in place, the folders on this node, best first.
	Dirs    []string
	InPlace bool
	Digest  string // "sha256:HEX"; empty in place
	Cached  bool   // nothing was fetched
	Served  Served // where it came from; zero if nothing was fetched
}

// Served tells which source an artifact came from in the end, and who fetched it.
type Served struct {
	Source                  string // without credentials
	Plugin, Version, SHA256 string // of the fetcher
	Bytes                   int64  // 0 in place
}
