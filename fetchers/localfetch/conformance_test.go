package localfetch_test

import (
	"testing"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/localfetch"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/localfetch/localfetchtest"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	plugintest.FetcherTest(t, func() plugins.Fetcher { return localfetch.New("1.2.3") }, localfetchtest.World(t))
}
