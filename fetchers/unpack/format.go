package unpack

import (
	"bufio"
	"bytes"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/unpack/inflate"
)

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// maxWindow is what "zstd --long" makes at most without a word to the reader.
const maxWindow = 128 << 20

// decoder is the unpacked stream of one format. next gives its next chunkSize bytes, fewer only
// with an error, in a buffer that it may look at again the next time (inflate.Reader).
type decoder struct {
	format string
	next   func(buffer []byte) ([]byte, error)
	close  func()
}

// open tells the format by the first bytes.
func open(br *bufio.Reader) (decoder, error) {
	head, err := br.Peek(blockSize)
	if err != nil && err != io.EOF {
		return decoder{}, err
	}
	switch {
	case bytes.HasPrefix(head, gzipMagic):
		return openGzip(br)
	case bytes.HasPrefix(head, zstdMagic):
		return openZstd(br)
	case isTar(head):
		return decoder{format: "tar", next: fillFrom(br), close: func() {}}, nil
	}
	return decoder{}, refuse("it is not an archive of a known type (tar, tar.gz, tar.zst): %s", describe(head))
}

func openGzip(br *bufio.Reader) (decoder, error) {
	return decoder{format: "gzip", next: inflate.NewReader(br).Next, close: func() {}}, nil
}

func openZstd(br *bufio.Reader) (decoder, error) {
	// Concurrency 2 decodes ahead in goroutines of its own, which Close ends.
	z, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return decoder{}, damaged("zstd", err)
	}
	return decoder{format: "zstd", next: fillFrom(z), close: z.Close}, nil
}

// fillFrom reads as io.ReadFull does, but it keeps the reader's own io.ErrUnexpectedEOF
// (truncated) apart from a last chunk that is merely short.
func fillFrom(r io.Reader) func([]byte) ([]byte, error) {
	return func(buffer []byte) ([]byte, error) {
		buffer = buffer[:chunkSize]
		var n int
		var err error
		for n < len(buffer) && err == nil {
			var m int
			m, err = r.Read(buffer[n:])
			n += m
		}
		return buffer[:n], err
	}
}

// isTar knows POSIX and GNU headers by their magic; older ones by a checksum that fits.
func isTar(head []byte) bool {
	if len(head) < blockSize {
		return false
	}
	if bytes.HasPrefix(head[tarMagicAt:], []byte("ustar")) || isZero(head) {
		return true
	}
	sum, want := int64(0), int64(0)
	for i, c := range head {
		if i >= 148 && i < 156 { // the checksum itself counts as spaces
			c = ' '
		}
		sum += int64(c)
	}
	digits := strings.Trim(string(head[148:156]), " \x00")
	for _, c := range digits {
		if c < '0' || c > '7' {
			return false
		}
		want = want*8 + int64(c-'0')
	}
	return digits != "" && sum == want
}

// describe says what else the bytes look like.
func describe(head []byte) string {
	text := strings.ToLower(strings.TrimSpace(string(head)))
	switch {
	case len(head) == 0:
		return "it is empty"
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return "it is a zip file"
	case bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")):
		return "it is an xz file"
	case bytes.HasPrefix(head, []byte("BZh")):
		return "it is a bzip2 file"
	case bytes.HasPrefix(head, []byte("\x7fELF")):
		return "it is a program"
	case strings.HasPrefix(text, "<!doctype html"), strings.HasPrefix(text, "<html"):
		return "it is a web page; a login or an error page of the server?"
	case strings.HasPrefix(text, "<?xml"):
		return "it is an XML document; an error message of the server?"
	}
	return "its first bytes fit none of them"
}
