package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/plugins/plugintest"
)

func TestAPluginThatSpeaksANewerContractToo(t *testing.T) {
	t.Parallel()
	p := plugintest.Fake(t, plugintest.TwoContracts)
	packed := archive(t, 60, 1<<20)
	o := serve(t, packed)
	h := newHost(t, quick(t, p))
	a, err := h.Artifact(t.Context(), want(o.source(), digestOf(packed)), nil)
	require.NoError(t, err)
	requireUnpacked(t, a, packed)
}
