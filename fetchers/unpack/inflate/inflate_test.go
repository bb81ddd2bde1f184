package inflate_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/unpack/inflate"
)

// readAll reads in pieces of size, through two buffers in turns.
func readAll(r io.Reader, size int) ([]byte, error) {
	z := inflate.NewReader(r)
	buffers := [2][]byte{}
	for i := range buffers {
		buffers[i] = make([]byte, inflate.History+size+inflate.Slack)
	}
	var all []byte
	for turn := 0; ; turn++ {
		data, err := z.Next(buffers[turn%2])
		all = append(all, data...)
		if err != nil {
			return all, err
		}
		if len(data) != size {
			return all, fmt.Errorf("%d bytes in place of %d", len(data), size)
		}
	}
}

// inputs are data of many kinds: what they have in common is what matches and codes they make.
func inputs() map[string][]byte {
	random := rand.NewChaCha8([32]byte{1})
	noise := make([]byte, 200_000)
	_, _ = random.Read(noise)
	skewed := make([]byte, 300_000)
	for i, c := range noise[:100_000] {
		for j := range 3 {
			skewed[i*3+j] = byte(int(c) * int(noise[i+j]) >> 8 * j)
		}
	}
	all := map[string][]byte{
		"empty": nil, "one byte": []byte("x"), "zeros": make([]byte, 1<<20), "noise": noise, "skewed": skewed,
		"text":         []byte(strings.Repeat("It is told by its first bytes, as before. ", 20_000)),
		"far matches":  bytes.Repeat(noise[:32768], 5),
		"farther ones": bytes.Repeat(noise[:32769], 5),
	}
	for period := range 20 {
		all[fmt.Sprint("period ", period+1)] = bytes.Repeat(noise[:period+1], 30_000/(period+1))
	}
	return all
}

func packed(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, level)
	require.NoError(t, err)
	_, err = w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return buf.Bytes()
}

func TestInflatesWhatWasDeflated(t *testing.T) {
	t.Parallel()
	for name, data := range inputs() {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 1, 6, 9} {
			t.Run(fmt.Sprint(name, ", level ", level), func(t *testing.T) {
				t.Parallel()
				file := packed(t, data, level)
				for _, size := range []int{1, 100, 4096, 256 << 10} {
					if size*1000 < len(data) { // each piece takes the history along
						continue
					}
					got, err := readAll(bytes.NewReader(file), size)
					require.Equal(t, io.EOF, err)
					require.True(t, bytes.Equal(data, got))
				}
				if len(file) < 50_000 {
					got, err := readAll(iotest.OneByteReader(bytes.NewReader(file)), 4096)
					require.Equal(t, io.EOF, err)
					require.True(t, bytes.Equal(data, got))
				}
				got, err := readAll(iotest.DataErrReader(iotest.HalfReader(bytes.NewReader(file))), 4096)
				require.Equal(t, io.EOF, err)
				require.True(t, bytes.Equal(data, got))
			})
		}
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	one, two := packed(t, []byte("one"), 6), packed(t, []byte("two"), 0)
	for name, tt := range map[string]struct {
		file []byte
		want string
	}{
		"two":               {slicesJoin(one, two), "onetwo"},
		"padded":            {slicesJoin(one, make([]byte, 1000)), "one"},
		"garbage after":     {slicesJoin(one, []byte("garbage")), "one"},
		"a byte of a magic": {slicesJoin(one, []byte{0x1f}), "one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := readAll(bytes.NewReader(tt.file), 100)
			require.Equal(t, io.EOF, err)
			require.Equal(t, tt.want, string(got))
		})
	}
	// A match may not reach into the member before.
	_, err := readAll(bytes.NewReader(slicesJoin(one, match(2))), 100)
	require.ErrorContains(t, err, "begins before the data")
}

// match is a member of an "a" and then 3 bytes from a distance, given by its fixed code.
func match(distance uint64) []byte {
	var w bitWriter
	w.put(1, 1)
	w.put(1, 2)
	w.code(0x30+'a', 8)
	w.code(1, 7)
	w.code(distance, 5)
	w.code(0, 7)
	return member(hex.EncodeToString(w.data), 0, 0)
}

func slicesJoin(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// member is a gzip member with the given deflate stream, in hex.
func member(stream string, sum, size uint32) []byte {
	data, err := hex.DecodeString(stream)
	if err != nil {
		panic(err) // of a test's own text
	}
	file := append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}, data...)
	for _, value := range []uint32{sum, size} {
		file = append(file, byte(value), byte(value>>8), byte(value>>16), byte(value>>24))
	}
	return file
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	w.Name, w.Comment, w.Extra = "a name", "a comment", []byte("extra")
	_, err := w.Write([]byte("data"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	got, err := readAll(&buf, 100)
	require.Equal(t, io.EOF, err)
	require.Equal(t, "data", string(got))

	plain := packed(t, []byte("data"), 6)
	withSum := bytes.Clone(plain[:10])
	withSum[3] = 1 << 1
	sum := crc32.ChecksumIEEE(withSum)
	withSum = slicesJoin(withSum, []byte{byte(sum), byte(sum >> 8)}, plain[10:])
	got, err = readAll(bytes.NewReader(withSum), 100)
	require.Equal(t, io.EOF, err)
	require.Equal(t, "data", string(got))
	withSum[10] ^= 1
	_, err = readAll(bytes.NewReader(withSum), 100)
	require.ErrorContains(t, err, "the checksum of the gzip header does not match")
}

// Every way in which a stream can be wrong has its word.
func TestCorrupt(t *testing.T) {
	t.Parallel()
	good := packed(t, []byte("some data, some data"), 6)
	spoil := func(at int, value byte) []byte {
		file := bytes.Clone(good)
		file[(at+len(file))%len(file)] ^= value
		return file
	}
	long := append([]byte{0x1f, 0x8b, 8, 1 << 3, 0, 0, 0, 0, 0, 255}, bytes.Repeat([]byte("n"), 100_000)...)
	tests := map[string]struct {
		file []byte
		want string
	}{
		"magic":             {spoil(1, 1), "does not begin as one"},
		"method":            {spoil(2, 1), "another than deflate"},
		"flags":             {spoil(3, 0x20), "flags that mean nothing"},
		"name without end":  {long, "has no end"},
		"checksum":          {spoil(-8, 1), "checksum (CRC-32) of the data"},
		"size":              {spoil(-1, 1), "size of the data"},
		"block type 3":      {member("07", 0, 0), "unknown type 3"},
		"stored size":       {member("010100ffff00", 0, 0), "size of a stored block"},
		"distance":          {member("030200", 0, 0), "begins before the data"},
		"unused length":     {member("1b0300000000", 0, 0), "stands for nothing"},
		"unused distance":   {match(30), "stands for nothing"},
		"too many literals": {member("fdff00000000", 0, 0), "more codes than there are symbols"},
		"no code lengths":   {member("05000000000000000000", 0, 0), "stands for nothing"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// With little input behind, and with much: the slow way and the fast one.
			for _, behind := range []int{0, 100} {
				_, err := readAll(bytes.NewReader(append(bytes.Clone(tt.file), make([]byte, behind)...)), 1000)
				var corrupt *inflate.CorruptError
				require.ErrorAs(t, err, &corrupt)
				require.ErrorContains(t, err, tt.want)
			}
		})
	}
}

// codes is a block whose code lengths are given, written with code lengths 0 to 15 of 4 bits
// each, followed by bits.
func codes(literals, distances []uint8) []byte {
	var w bitWriter
	w.put(1, 1)
	w.put(2, 2)
	w.put(uint64(len(literals)-257), 5)
	w.put(uint64(len(distances)-1), 5)
	w.put(19-4, 4)
	for i := range 19 {
		if i < 3 { // 16, 17, 18
			w.put(0, 3)
		} else {
			w.put(4, 3)
		}
	}
	for _, length := range append(append([]uint8{}, literals...), distances...) {
		w.code(uint64(length), 4)
	}
	w.put(0, 64)
	return w.data
}

type bitWriter struct {
	data []byte
	bits int
}

func (w *bitWriter) put(value uint64, count int) {
	for i := range count {
		if w.bits%8 == 0 {
			w.data = append(w.data, 0)
		}
		w.data[w.bits/8] |= byte(value >> i & 1 << (w.bits % 8))
		w.bits++
	}
}

// code writes a Huffman code, which comes with its highest bit first.
func (w *bitWriter) code(value uint64, count int) {
	for count--; count >= 0; count-- {
		w.put(value>>count&1, 1)
	}
}

func TestCorruptCodes(t *testing.T) {
	t.Parallel()
	literals := func(pairs ...uint8) []uint8 { // symbol, length, ...; 256 is written as 0
		all := make([]uint8, 257)
		for i := 0; i < len(pairs); i += 2 {
			symbol := int(pairs[i])
			if symbol == 0 {
				symbol = 256
			}
			all[symbol] = pairs[i+1]
		}
		return all
	}
	tests := map[string]struct {
		literals, distances []uint8
		want                string
	}{
		"no end":                 {literals(1, 1, 2, 1), []uint8{1}, "no code for its end"},
		"too many codes":         {literals(1, 1, 2, 1, 0, 1), []uint8{1}, "code of literals and lengths is none"},
		"too few codes":          {literals(1, 2, 0, 2), []uint8{1}, "code of literals and lengths is none"},
		"one code, but too long": {literals(0, 2), []uint8{1}, "code of literals and lengths is none"},
		"too many distances":     {literals(1, 1, 0, 1), []uint8{1, 1, 1}, "code of distances is none"},
		"too few distances":      {literals(1, 1, 0, 1), []uint8{2, 2}, "code of distances is none"},
		"one distance, too long": {literals(1, 1, 0, 1), []uint8{15}, "code of distances is none"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stream := hex.EncodeToString(codes(tt.literals, tt.distances))
			_, err := readAll(bytes.NewReader(member(stream, 0, 0)), 100)
			require.ErrorContains(t, err, tt.want)
			_, err = io.ReadAll(flate.NewReader(bytes.NewReader(codes(tt.literals, tt.distances))))
			require.Error(t, err, "compress/flate has it the same way")
		})
	}
}

func TestTruncated(t *testing.T) {
	t.Parallel()
	data := inputs()["text"]
	for _, level := range []int{0, 1, 9} {
		file := packed(t, data[:5000], level)
		for cut := 1; cut < len(file); cut += 1 + cut/100 {
			got, err := readAll(bytes.NewReader(file[:cut]), 1000)
			require.Equal(t, io.ErrUnexpectedEOF, err, "%d of %d", cut, len(file))
			require.True(t, bytes.HasPrefix(data, got))
		}
	}
}

func TestReadersErrorIsKept(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection lost")
	file := packed(t, inputs()["skewed"], 6)
	for _, cut := range []int{0, 5, 100, len(file) / 2, len(file) - 3, len(file)} {
		_, err := readAll(io.MultiReader(bytes.NewReader(file[:cut]), iotest.ErrReader(broken)), 1000)
		require.Equal(t, broken, err, "%d", cut)
	}
}

// FuzzReader holds this reader against compress/gzip. Where both read to the end, the data is
// the same; what one gives before an error, the other gives, too.
func FuzzReader(f *testing.F) {
	for _, data := range inputs() {
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 9} {
			f.Add(packed(f, data[:min(len(data), 3000)], level), uint16(100))
		}
	}
	f.Fuzz(func(t *testing.T, file []byte, size uint16) {
		const most = 4 << 20
		ours, err := readAll(io.LimitReader(bytes.NewReader(file), 1<<20), int(size)+2000)
		theirs, theirErr := referenceGzip(file, most)
		if len(ours) > most {
			ours = ours[:most]
		}
		if !bytes.HasPrefix(ours, theirs) && !bytes.HasPrefix(theirs, ours) {
			t.Fatalf("%d bytes of ours and %d of theirs differ", len(ours), len(theirs))
		}
		if theirErr == nil && err == io.EOF {
			require.Len(t, ours, len(theirs))
		}
		if err != nil && strings.Contains(err.Error(), "flags that mean nothing") {
			return // RFC 1952 has it so, but compress/gzip does not look
		}
		if theirErr == gzip.ErrHeader && len(file) > 512 {
			return // it takes no name of more bytes
		}
		if theirErr == nil && err != io.EOF && len(theirs) < most {
			t.Fatalf("only ours refuses it: %v", err)
		}
		if theirErr != nil && err == io.EOF {
			t.Fatalf("only theirs refuses it: %v", theirErr)
		}
	})
}

// referenceGzip reads members as the Reader does, with Go's own package.
func referenceGzip(file []byte, most int64) ([]byte, error) {
	br := bytes.NewReader(file)
	var all bytes.Buffer
	z, err := gzip.NewReader(br)
	for err == nil {
		z.Multistream(false)
		if _, err = io.Copy(&all, io.LimitReader(z, most-int64(all.Len()))); err != nil || int64(all.Len()) == most {
			break
		}
		rest := file[len(file)-br.Len():]
		if !bytes.HasPrefix(rest, []byte{0x1f, 0x8b}) {
			return all.Bytes(), nil
		}
		err = z.Reset(br)
	}
	return all.Bytes(), err
}

// FuzzDeflate makes a gzip file of any stream, so that its checksum is not what fails first.
func FuzzDeflate(f *testing.F) {
	f.Add(codes(append(make([]uint8, 256), 1), []uint8{1}), uint16(10))
	for _, data := range inputs() {
		file := packed(f, data[:min(len(data), 3000)], 9)
		f.Add(file[10:len(file)-8], uint16(1000))
	}
	f.Fuzz(func(t *testing.T, stream []byte, size uint16) {
		const most = 4 << 20
		theirs, theirErr := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(stream)), most))
		ours, err := readAll(bytes.NewReader(member(hex.EncodeToString(stream), crc32.ChecksumIEEE(theirs), uint32(len(theirs)))), int(size)+2000)
		if theirErr == nil && len(theirs) < most {
			// What follows the stream is taken for the trailer, so its end may be wrong, but the data cannot.
			require.True(t, bytes.HasPrefix(ours, theirs), "%d bytes of ours, %d of theirs: %v", len(ours), len(theirs), err)
			return
		}
		if !bytes.HasPrefix(ours, theirs) && !bytes.HasPrefix(theirs, ours) {
			t.Fatalf("%d bytes of ours and %d of theirs differ", len(ours), len(theirs))
		}
	})
}
