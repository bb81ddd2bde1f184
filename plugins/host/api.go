package host

import (
	"context"
	"errors"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

func (h *Host) artifact(ctx context.Context, w Want, progress func(Progress)) (Artifact, error) {
	return Artifact{}, errors.New("cannot fetch")
}

func (h *Host) ramdisk(ctx context.Context, name string) (plugins.Ramdisk, error) {
	return nil, errors.New("cannot start ramdisk")
}

// DigestFile is the sha256 of a file in hex digits, and its size.
func DigestFile(path string) (sha256hex string, size int64, err error) { return "", 0, errors.New("cannot digest") }

// ListDir lists the plugins in a folder by their file names, with their digests.
func ListDir(dir string) ([]Plugin, error) { return nil, errors.New("cannot list") }
