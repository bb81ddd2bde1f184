package spec

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
)

func TestVendorJDKs(t *testing.T) {
	t.Parallel()
	for text, major := range map[string]string{"1.8.2": "temurin8", "2.9.6": "temurin11"} {
		version, err := alluxio.ParseVersion(text)
		require.NoError(t, err)
		jdks := vendorJDKs(version)
		require.Len(t, jdks, 2)
		for arch, jdk := range jdks {
			parsed, err := source.Parse(jdk.Source)
			require.NoError(t, err, arch)
			require.Equal(t, "https", parsed.Scheme)
			require.Contains(t, jdk.Source, major)
			require.Contains(t, jdk.Source, map[string]string{"amd64": "_x64_", "arm64": "_aarch64_"}[arch])
			_, err = source.ParseDigest(jdk.Checksum)
			require.NoError(t, err, arch)
		}
	}
}

// What the operator names is not second-guessed with a download.
func TestFallbacks(t *testing.T) {
	t.Parallel()
	require.Len(t, read(t).JDKFallbacks, 2)
	require.Empty(t, read(t, Prefix+"jdk.url=LOCAL").JDKFallbacks)
	require.Empty(t, read(t, Prefix+"jdk.path=/opt/jdk").JDKFallbacks)
}
