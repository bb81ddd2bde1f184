package host

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/source"
)

// Reading may be faster than hashing, so that all buffers are on the way, and may end with
// a buffer that is just full.
func TestHashingEndsWhereABufferEnds(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, chunk - 1, chunk, chunk + 1, 64 * chunk, 64*chunk + 1} {
		data := bytes.Repeat([]byte("alluxio"), size/7+1)[:size]
		for range 5 {
			h := startHashing(bytes.NewReader(data))
			_, err := io.CopyBuffer(onlyWriter{io.Discard}, h, make([]byte, chunk))
			require.NoError(t, err)
			sum := sha256.Sum256(data)
			require.Equal(t, source.Digest("sha256:"+hex.EncodeToString(sum[:])), h.end(), size)
		}
	}
}
