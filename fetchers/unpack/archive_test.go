package unpack_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"github.com/ulikunitz/xz"
)

// stamp is the modification time of what the tests pack.
var stamp = time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)

// entry is a line of an archive.
type entry struct {
	kind byte // tar's type flag; 0 is a file
	name string
	body string
	link string
	mode int64
	size int64 // said, where it is not that of body
}

func pack(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, e := range entries {
		h := &tar.Header{Typeflag: e.kind, Name: e.name, Linkname: e.link, Mode: e.mode, Size: int64(len(e.body)), ModTime: stamp}
		if e.kind == 0 {
			h.Typeflag = tar.TypeReg
		}
		if h.Mode == 0 {
			h.Mode = 0o644
		}
		if e.size != 0 {
			h.Size = e.size
		}
		require.NoError(t, w.WriteHeader(h))
		_, err := io.WriteString(w, e.body)
		require.NoError(t, err)
	}
	if err := w.Close(); err != nil { // a size that lies leaves the writer waiting
		require.ErrorContains(t, err, "missed writing")
	}
	return buf.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return buf.Bytes()
}

func zstded(t testing.TB, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return w.EncodeAll(data, nil)
}

func xzed(t testing.TB, data []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := xz.NewWriter(&buf)
	require.NoError(t, err)
	_, err = w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return buf.Bytes()
}

// bzip2ed is jdk as bzip2 packs it; Go has no such writer.
func bzip2ed(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/jdk.tar.bz2")
	require.NoError(t, err)
	return data
}

// zipped makes a zip file of a tar archive. Hard links, which zip has not, become files.
func zipped(t testing.TB, archive []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	bodies := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		body, err := io.ReadAll(r)
		require.NoError(t, err)
		mode := h.FileInfo().Mode()
		switch h.Typeflag {
		case tar.TypeXGlobalHeader:
			continue
		case tar.TypeSymlink:
			body = []byte(h.Linkname)
		case tar.TypeLink:
			body, mode = bodies[path.Clean(h.Linkname)], mode.Perm()
		}
		bodies[path.Clean(h.Name)] = body
		z := &zip.FileHeader{Name: h.Name, Method: zip.Deflate, Modified: h.ModTime}
		z.SetMode(mode)
		to, err := w.CreateHeader(z)
		require.NoError(t, err)
		_, err = to.Write(body)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return buf.Bytes()
}

// endless is a reader of zeros.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
