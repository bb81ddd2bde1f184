package httpfetch_test

import (
	"testing"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/httpfetch"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/httpfetch/httpfetchtest"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	plugintest.FetcherTest(t, func() plugins.Fetcher { return httpfetch.New("1.2.3") }, httpfetchtest.World(t))
}
