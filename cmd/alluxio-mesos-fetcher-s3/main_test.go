package main_test

import (
	"testing"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/s3fetch"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
)

func build(t *testing.T) string {
	t.Helper()
	return plugintest.Build(t, ".", "alluxio-mesos-fetcher-s3", "1.2.3")
}

func TestConformance(t *testing.T) {
	t.Parallel()
	t.Run("here", func(t *testing.T) {
		plugintest.FetcherTest(t, func() plugins.Fetcher { return s3fetch.New("1.2.3") }, world(t))
	})
	t.Run("as a binary", func(t *testing.T) { plugintest.FetcherBinaryTest(t, build(t), world(t)) })
}

func TestRunByHand(t *testing.T) {
	t.Parallel()
	plugintest.ByHandTest(t, build(t), "alluxio-mesos-fetcher-s3 1.2.3")
}
