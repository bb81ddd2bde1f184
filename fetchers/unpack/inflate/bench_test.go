package inflate_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"testing"

	fast "github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/unpack/inflate"
)

// BenchmarkInflate inflates the file $INFLATE_BENCH_FILE, or this machine's gzipped Go
// command, with this package and with others. MB/s counts what comes out.
func BenchmarkInflate(b *testing.B) {
	packed, size := benchInput(b)
	b.Run("this", func(b *testing.B) {
		b.SetBytes(size)
		buf := make([]byte, inflate.History+256<<10+inflate.Slack)
		for b.Loop() {
			z := inflate.NewReader(bytes.NewReader(packed))
			var err error
			for err == nil {
				_, err = z.Next(buf)
			}
			require.Equal(b, io.EOF, err)
		}
	})
	b.Run("klauspost", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			z, err := fast.NewReader(bytes.NewReader(packed))
			require.NoError(b, err)
			_, err = io.CopyBuffer(onlyWriter{io.Discard}, onlyReader{z}, make([]byte, 256<<10))
			require.NoError(b, err)
		}
	})
	b.Run("compress", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			z, err := gzip.NewReader(bytes.NewReader(packed))
			require.NoError(b, err)
			_, err = io.CopyBuffer(onlyWriter{io.Discard}, onlyReader{z}, make([]byte, 256<<10))
			require.NoError(b, err)
		}
	})
}

type onlyWriter struct{ io.Writer }
type onlyReader struct{ io.Reader }

func benchInput(b *testing.B) ([]byte, int64) {
	b.Helper()
	var packed bytes.Buffer
	if name := os.Getenv("INFLATE_BENCH_FILE"); name != "" {
		data, err := os.ReadFile(name)
		require.NoError(b, err)
		packed.Write(data)
	} else {
		exe, err := os.Executable()
		require.NoError(b, err)
		data, err := os.ReadFile(exe)
		require.NoError(b, err)
		w := gzip.NewWriter(&packed)
		_, err = w.Write(data)
		require.NoError(b, err)
		require.NoError(b, w.Close())
	}
	z, err := fast.NewReader(bytes.NewReader(packed.Bytes()))
	require.NoError(b, err)
	size, err := io.Copy(io.Discard, z)
	require.NoError(b, err)
	return packed.Bytes(), size
}
