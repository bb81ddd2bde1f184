package main_test

import (
	"path/filepath"
	"testing"

	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
)

func build(t *testing.T) string {
	t.Helper()
	return plugintest.Build(t, ".", "alluxio-mesos-ramdisk-tmpfs", "1.2.3")
}

func TestConformance(t *testing.T) {
	t.Parallel()
	plugintest.RamdiskBinaryTest(t, build(t), plugintest.RamdiskWorld{Path: filepath.Join(t.TempDir(), "alluxio-mesos", "plugintest", "worker-0")})
}

func TestRunByHand(t *testing.T) {
	t.Parallel()
	plugintest.ByHandTest(t, build(t), "alluxio-mesos-ramdisk-tmpfs 1.2.3")
}
