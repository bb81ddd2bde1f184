package deploy

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOtherJDKIsARealOne(t *testing.T) {
	jdk := OtherJDK(t)
	file, err := os.Open(jdk.File)
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	archive := tar.NewReader(unzipped)
	for {
		header, err := archive.Next()
		require.False(t, errors.Is(err, io.EOF), "there is no bin/java in it")
		require.NoError(t, err)
		if header.Name == "jdk-"+jdk.Version+"/bin/java" {
			require.NotZero(t, header.Mode&0o100)
			return
		}
	}
}
