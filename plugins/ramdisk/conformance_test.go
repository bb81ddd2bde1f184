package ramdisk_test

import (
	"testing"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/ramdisk"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	path := place(t, driver(t, nil)).Path
	plugintest.RamdiskTest(t, func() plugins.Ramdisk { return ramdisk.New("1.2.3") }, plugintest.RamdiskWorld{Path: path})
}
