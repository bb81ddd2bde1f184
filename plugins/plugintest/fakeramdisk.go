package plugintest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

// Faults of fake ramdisks, besides Good and DieOnce.
const HangInCall = "hang-in-call"

const fakeRamdiskPrefix = "alluxio-mesos-ramdisk-fake-"

// FakeRamdisk is a shipped ramdisk plugin with that fault, by the name "fake-FAULT". It
// only makes folders.
func FakeRamdisk(t *testing.T, fault string) host.Plugin {
	p := Fake(t, fault)
	p.Kind = plugins.KindRamdisk
	return p
}

type fakeRamdisk struct {
	plugins.Ramdisk // not all is played
	fault           string
}

func (r *fakeRamdisk) Info(context.Context) (plugins.Info, error) {
	return plugins.Info{Name: "fake-" + r.fault, Version: "1.0.0", Contract: plugins.Contract}, nil
}

func (r *fakeRamdisk) Init(context.Context, map[string]string) error { return nil }
func (r *fakeRamdisk) Shutdown(context.Context) error                { return nil }

func (r *fakeRamdisk) Mount(_ context.Context, request plugins.MountRequest) (plugins.MountResult, error) {
	made := os.Mkdir(request.Path, 0o700) == nil
	switch {
	case r.fault == DieOnce && made:
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case r.fault == HangInCall:
		time.Sleep(time.Hour)
	}
	return plugins.MountResult{Disk: plugins.Disk{
		Path: request.Path, Size: request.Size, Framework: request.Framework, Instance: request.Instance, Kind: "folder",
	}, Reused: !made, Notice: "a fake"}, nil
}

func (r *fakeRamdisk) Unmount(_ context.Context, path string) error {
	if !strings.HasPrefix(path, "/") {
		return plugins.AsPermanent(errors.New("no absolute path"))
	}
	return os.RemoveAll(filepath.Clean(path))
}
