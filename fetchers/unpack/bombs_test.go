package unpack_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/unpack"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// smallLimits are near what the bombs reach.
func smallLimits() unpack.Limits {
	return unpack.Limits{Bytes: 4 << 20, Files: 1000, Ratio: 50, RatioFrom: 256 << 10, Name: 1000}
}

func TestBombs(t *testing.T) {
	t.Parallel()
	plain := pack(t, entry{name: "zeros", body: strings.Repeat("\x00", 3<<20)})
	tests := map[string]struct {
		packed []byte
		want   string
	}{
		"gzip":               {gzipped(t, plain), "times its size"},
		"zstd":               {zstded(t, plain), "times its size"},
		"xz":                 {xzed(t, plain), "times its size"},
		"bzip2":              {bzip2ed(t), "times its size"},
		"zip":                {zipped(t, plain), "times its size"},
		"gzip, many members": {manyMembers(t, plain), "times its size"},
		"gzip, empty ones":   {bytes.Repeat(gzipped(t, nil), 10_000), "the archive is empty"},
		"gzip in gzip":       {gzipped(t, gzipped(t, plain)), "not a tar archive"},
		"zstd, window":       {zstdWindow(), "window size exceeded"},
		"xz, dictionary":     {xzDictionary(t, plain), "a dictionary of more than 64 MB"},
		"many in zip":        {manyInZip(t, 1001), "more than 1000 entries"},
		"list of a zip":      {manyInZip(t, 40_000), "more than 1000 entries"},
		"folders in a zip":   {zipOf(t, zip.FileHeader{Name: strings.Repeat("d/", 400) + "f"}, zip.FileHeader{Name: "e/" + strings.Repeat("d/", 400) + "f"}, zip.FileHeader{Name: "g/" + strings.Repeat("d/", 400) + "f"}), "more than 1000 entries"},
		"a long name in zip": {zipOf(t, zip.FileHeader{Name: strings.Repeat("d/", 600) + "f"}), "more than 1000 bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := unpack.Archive(t.Context(), bytes.NewReader(tt.packed), "x", t.TempDir(), smallLimits())
			require.ErrorContains(t, err, tt.want)
			require.Equal(t, plugins.Permanent, plugins.KindOf(err))
		})
	}
}

// manyMembers is data in members of 64 KB each.
func manyMembers(t testing.TB, data []byte) []byte {
	var all []byte
	for len(data) > 0 {
		n := min(len(data), 64<<10)
		all = append(all, gzipped(t, data[:n])...)
		data = data[n:]
	}
	return all
}

// zstdWindow is a frame that asks for a window of 1 GB.
func zstdWindow() []byte {
	return append([]byte("\x28\xb5\x2f\xfd\x00\xa0"), make([]byte, 100)...)
}

// xzDictionary asks for a dictionary of 4 GB, in a header that is otherwise sound.
func xzDictionary(t testing.TB, data []byte) []byte {
	file := xzed(t, data)
	header := file[12 : 12+(int(file[12])+1)*4]
	at := bytes.Index(header, []byte{0x21, 1}) // LZMA2, with one byte of properties
	require.Positive(t, at)
	header[at+2] = 40
	binary.LittleEndian.PutUint32(header[len(header)-4:], crc32.ChecksumIEEE(header[:len(header)-4]))
	return file
}

func zipOf(t testing.TB, headers ...zip.FileHeader) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, h := range headers {
		to, err := w.CreateHeader(&h)
		require.NoError(t, err)
		if !strings.HasSuffix(h.Name, "/") {
			_, err = to.Write([]byte("body of " + h.Name))
			require.NoError(t, err)
		}
	}
	require.NoError(t, w.Close())
	return buf.Bytes()
}

func manyInZip(t testing.TB, count int) []byte {
	headers := make([]zip.FileHeader, count)
	for i := range headers {
		headers[i].Name = "f" + string(rune('a'+i%26)) + strings.Repeat("x", i/26%20)
	}
	return zipOf(t, headers...)
}

// No bomb may take the memory of the node.
func TestMemoryIsBounded(t *testing.T) { // alone: it looks at all of the process
	plain := pack(t, entry{name: "zeros", body: strings.Repeat("\x00", 3<<20)})
	bombs := [][]byte{xzDictionary(t, plain), zstdWindow(), manyInZip(t, 60_000), gzipped(t, plain)}
	for _, packed := range bombs {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		require.Error(t, unpack.Archive(t.Context(), bytes.NewReader(packed), "x", t.TempDir(), smallLimits()))
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20))
	}
}

// The tricks that a zip file can play with its list and what stands before its entries.
func TestHostileZip(t *testing.T) {
	t.Parallel()
	const list = "PK\x01\x02"
	// spoil changes the bytes at an offset in the last entry of the list.
	spoil := func(file []byte, offset int, value ...byte) []byte {
		copy(file[bytes.LastIndex(file, []byte(list))+offset:], value)
		return file
	}
	two := func() []byte { return zipOf(t, zip.FileHeader{Name: "one"}, zip.FileHeader{Name: "two"}) }
	one := func() []byte { return zipOf(t, zip.FileHeader{Name: "one"}) }
	deflated := func() []byte { return zipOf(t, zip.FileHeader{Name: "one", Method: zip.Deflate}) }
	device := zip.FileHeader{Name: "null"}
	device.ExternalAttrs, device.CreatorVersion = 0o020666<<16, 3<<8
	tests := map[string]struct {
		file []byte
		want string
	}{
		"entries that share data":   {spoil(two(), 42, 0, 0, 0, 0), "share data"},
		"a data range into another": {spoil(two(), 42, 1, 0, 0, 0), "damaged"},
		"a name twice":              {zipOf(t, zip.FileHeader{Name: "one"}, zip.FileHeader{Name: "./one"}), "is there twice"},
		"smaller than said":         {spoil(deflated(), 24, 100), "is truncated"},
		"larger than said":          {spoil(deflated(), 24, 1), `in entry "one": the archive is damaged`},
		"much larger than said":     {spoil(one(), 20, 255, 255, 0, 0, 255, 255, 0, 0), "is truncated"},
		"a size below zero":         {spoil(one(), 20, 254, 255, 255, 255, 254, 255, 255, 255), "takes the archive above"},
		"a wrong checksum":          {spoil(one(), 16, 1, 2, 3, 4), "damaged"},
		"encrypted":                 {spoil(one(), 8, 1), "is encrypted"},
		"another packing":           {spoil(one(), 10, 99), "other than deflate"},
		"an entry beyond the end":   {spoil(one(), 42, 255, 255, 255, 0), "is truncated"},
		"a device":                  {zipOf(t, device), "is a device"},
		"a list that is cut":        {one()[:len(one())-30], "no complete zip file"},
		"a list of none":            {zipOf(t), "the archive is empty"},
		"file over a folder":        {zipOf(t, zip.FileHeader{Name: "d/"}, zip.FileHeader{Name: "d"}), "a folder of this name"},
		"folder over a file":        {zipOf(t, zip.FileHeader{Name: "d"}, zip.FileHeader{Name: "d/"}), "has this name already"},
		"a folder with data":        {zipOf(t, zip.FileHeader{Name: "../d/"}), "leads out"},
		"a name of nothing":         {zipOf(t, zip.FileHeader{Name: "\x00"}), "no usable name"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			top := hostileTop(t)
			err := unpack.Archive(t.Context(), bytes.NewReader(tt.file), "x", filepath.Join(top, "in"), smallLimits())
			require.ErrorContains(t, err, tt.want)
			require.Equal(t, plugins.Permanent, plugins.KindOf(err))
			requireUntouched(t, top)
		})
	}
}

// A zip file that only its local headers and data descriptors contradict is read by its list.
func TestZipGoesByItsList(t *testing.T) {
	t.Parallel()
	file := zipOf(t, zip.FileHeader{Name: "one", Method: zip.Deflate})
	copy(file[30:], "../") // the name before the data
	dir, err := archive(t, file)
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(dir, "one"))
}

// A frame that holds no data may follow, as pzstd writes such.
func TestZstdSkipsFrames(t *testing.T) {
	t.Parallel()
	dir, err := archive(t, append(zstded(t, jdk(t)), "\x50\x2a\x4d\x18\x04\x00\x00\x00skip"...))
	require.NoError(t, err)
	requireJDK(t, dir)
}
