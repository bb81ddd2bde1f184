// Package plugins is the contract between the plugin host and its plugins: what a
// fetcher and a ramdisk must do, how their errors are meant, and the adapters that
// carry the contract over gRPC (hashicorp/go-plugin), so that a plugin is used like
// a value in the same process. ServeFetcher and ServeRamdisk are all that a plugin's
// main needs.
//
// Starting, verifying and replacing plugin processes is plugins/host; what fetchers
// share is in package fetchers; the built-in ones are in fetchers/*fetch and
// plugins/ramdisk.
package plugins

import (
	"context"
)

// Contract is the version of the contract in this package.
const Contract = 1

// Info is what a plugin says of itself.
type Info struct {
	Name     string
	Version  string
	Contract int
	// Schemes that a fetcher serves, lower case ("http", "local").
	Schemes []string
	// Resumes says that a fetch can go on from an offset.
	Resumes bool
	// InPlace says that the fetcher may answer with folders on this node.
	InPlace bool
}

// Fetcher gets the bytes of a source. The host calls Info, then Init once, then Fetch
// any number of times, also at once, then Shutdown. Errors say by their kind
// (Retryable, Permanent, Changed) whether trying again helps; the host retries.
type Fetcher interface {
	Info(ctx context.Context) (Info, error)
	Init(ctx context.Context, config map[string]string) error
	// Fetch writes the source's bytes into request.File, from request.Offset on, and
	// tells progress as they arrive (not more than some ten times a second). It
	// neither hashes nor unpacks. It returns when all bytes are there, when ctx ends,
	// or with what went wrong; what was reported as progress then stays valid.
	Fetch(ctx context.Context, request FetchRequest, progress func(Progress)) (FetchResult, error)
	Shutdown(ctx context.Context) error
}

// FetchRequest names a source and the file for its bytes.
type FetchRequest struct {
	// Source as the operator wrote it, less a forced plugin and a checksum.
	Source string
	// File exists and is the only thing that the fetcher may write.
	File string
	// Offset is how many right bytes the file holds, if the source still has Validator.
	// A fetcher that cannot resume starts at zero and says so by its progress.
	Offset    int64
	Validator string
	// Artifact is what the bytes are for: "alluxio", "jdk" or empty.
	Artifact string
	// Path is where the software lies on the node, if the operator said so.
	Path string
}

// Progress of a running fetch.
type Progress struct {
	Bytes     int64 // in the file without a gap, counted from its start
	Total     int64 // 0: unknown
	Validator string
}

// FetchResult is either bytes in the file, or folders that lie on the node already.
type FetchResult struct {
	Bytes     int64
	Validator string
	// InPlace holds folders, best first. If set, there are no bytes.
	InPlace []string
	// Name of the source's file, from which its archive type may be told.
	Name string
}

// Ramdisk gives Alluxio's memory tier a folder of a fixed size. It keeps no state but
// what the node shows (its mount table), so any process of the plugin finds the
// ramdisks of another. Calls may come at once for different paths.
type Ramdisk interface {
	Info(ctx context.Context) (Info, error)
	Init(ctx context.Context, config map[string]string) error
	// Mount makes a ramdisk, or takes over the one at the path that has the same
	// framework, instance and size. A different one there is an error (Permanent).
	Mount(ctx context.Context, request MountRequest) (MountResult, error)
	// Unmount ends a ramdisk and its content. One that is not there is no error.
	Unmount(ctx context.Context, path string) error
	// List names all ramdisks that this plugin made on this node.
	List(ctx context.Context) ([]Disk, error)
	Shutdown(ctx context.Context) error
}

// MountRequest asks for a ramdisk.
type MountRequest struct {
	Path      string
	Size      int64 // bytes
	Framework string
	Instance  string
}

// MountResult tells what was made or taken over.
type MountResult struct {
	Disk   Disk
	Reused bool
	// Notice is for the operator: why a folder of /dev/shm stands in for a mount.
	Notice string
}

// Disk is a ramdisk as it stands on the node.
type Disk struct {
	Path      string
	Size      int64
	Framework string
	Instance  string
	Kind      string // "tmpfs", or "folder" where mounting is not allowed
}
