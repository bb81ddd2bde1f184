package unpack_test

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/unpack"
)

// BenchmarkArchive unpacks a JDK of this machine, or the folder $UNPACK_BENCH_DIR. MB/s
// counts unpacked bytes.
func BenchmarkArchive(b *testing.B) {
	plain := packFolder(b, benchFolder(b))
	for name, packed := range map[string][]byte{"tar": plain, "tar.gz": gzipped6(b, plain), "tar.zst": zstdedBest(b, plain)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(plain)))
			for b.Loop() {
				dir, err := os.MkdirTemp(b.TempDir(), "unpack")
				require.NoError(b, err)
				require.NoError(b, unpack.Archive(b.Context(), bytes.NewReader(packed), name, dir, unpack.DefaultLimits()))
				b.StopTimer()
				require.NoError(b, os.RemoveAll(dir))
				b.StartTimer()
			}
		})
	}
}

func benchFolder(b *testing.B) string {
	b.Helper()
	if dir := os.Getenv("UNPACK_BENCH_DIR"); dir != "" {
		return dir
	}
	homes, err := filepath.Glob("/usr/lib/jvm/*")
	require.NoError(b, err)
	for i := len(homes) - 1; i >= 0; i-- {
		if info, err := os.Lstat(homes[i]); err == nil && info.IsDir() {
			return homes[i]
		}
	}
	b.Skip("no JDK in /usr/lib/jvm; set UNPACK_BENCH_DIR")
	return ""
}

func packFolder(b *testing.B, dir string) []byte {
	b.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	require.NoError(b, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(filepath.Dir(dir), p)
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(data)), ModTime: stamp}); err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	}))
	require.NoError(b, w.Close())
	return buf.Bytes()
}

func gzipped6(b *testing.B, data []byte) []byte {
	b.Helper()
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, 6)
	require.NoError(b, err)
	_, err = w.Write(data)
	require.NoError(b, err)
	require.NoError(b, w.Close())
	return buf.Bytes()
}

func zstdedBest(b *testing.B, data []byte) []byte {
	b.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression))
	require.NoError(b, err)
	return w.EncodeAll(data, nil)
}
