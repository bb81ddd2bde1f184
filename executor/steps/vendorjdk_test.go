package steps

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/executor/internal/standin"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
)

const vendorURL = "https://vendor/jdk-11.tar.gz"

// The vendor's JDK is asked for only where the node has none that fits and the operator named none.
func TestVendorJDK(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		onNode string // version of the Java there; empty: none
		named  string // jdk.url
		vendor error
		asked  bool
		java   string
		fails  []string
	}{
		"one fits":        {onNode: "17.0.15", java: "17.0.15"},
		"none there":      {asked: true, java: "11.0.32"},
		"too old":         {onNode: "1.7.0_80", asked: true, java: "11.0.32"},
		"LOCAL was named": {onNode: "1.7.0_80", named: "LOCAL", fails: []string{"1.7.0_80 is too old"}},
		"closed network": {onNode: "1.7.0_80", asked: true, vendor: errors.New("no byte came within 15s"), fails: []string{
			"no byte came within 15s: set alluxio.integration.mesos.jdk.url to a source that the agents can reach", "1.7.0_80"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			k.Order.JDK.Source = c.named
			if c.named == "" {
				k.Order.VendorJDK = Software{Source: vendorURL, Checksum: "sha256:ab"}
			}
			asked := false
			vendorJava := standin.Java(t, "11.0.32")
			nodeJava := ""
			if c.onNode != "" {
				nodeJava = standin.Java(t, c.onNode)
			}
			k.host.ArtifactFunc = func(_ context.Context, w host.Want, _ func(host.Progress)) (host.Artifact, error) {
				switch {
				case w.Artifact == "alluxio":
					return host.Artifact{Dirs: []string{k.host.AlluxioDir}}, nil
				case w.Source == vendorURL:
					asked = true
					require.Equal(t, vendorPatience, w.Patience)
					return host.Artifact{Dirs: []string{vendorJava}}, c.vendor
				case nodeJava == "":
					return host.Artifact{}, plugins.AsPermanent(errors.New("cannot find a Java on this node"))
				}
				return host.Artifact{Dirs: []string{nodeJava}, InPlace: true}, nil
			}
			err := k.prepare()
			require.Equal(t, c.asked, asked)
			if c.asked {
				require.Contains(t, k.watched.notices, "no Java on this agent fits, so one comes from "+vendorURL)
			}
			for _, text := range c.fails {
				require.ErrorContains(t, err, text)
			}
			if c.fails == nil {
				require.NoError(t, err)
				require.Equal(t, c.java, k.Java.Text)
			}
		})
	}
}
