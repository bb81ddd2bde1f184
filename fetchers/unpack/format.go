package unpack

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/mikelolasagasti/xz"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/unpack/inflate"
)

// What archives begin with.
const (
	gzipMagic  = "\x1f\x8b"
	zstdMagic  = "\x28\xb5\x2f\xfd"
	xzMagic    = "\xfd7zXZ\x00"
	bzip2Magic = "BZh"
	zipMagic   = "PK\x03\x04"
	emptyZip   = "PK\x05\x06"
)

const (
	// maxWindow is what "zstd --long" makes at most without a word to the reader.
	maxWindow = 128 << 20
	// maxDictionary is that of "xz -9".
	maxDictionary = 64 << 20
)

// decoder is the unpacked stream of one format. next gives its next chunkSize bytes, fewer only
// with an error, in a buffer that it may look at again the next time (inflate.Reader).
type decoder struct {
	format string
	next   func(buffer []byte) ([]byte, error)
	close  func()
}

// opener begins to read one format.
type opener func(*bufio.Reader) (decoder, error)

// tell tells the format by the first bytes.
func tell(head []byte) (opener, error) {
	begins := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	switch {
	case begins(gzipMagic):
		return openGzip, nil
	case begins(zstdMagic):
		return openZstd, nil
	case begins(xzMagic):
		return openXz, nil
	case begins(bzip2Magic):
		return openBzip2, nil
	case isTar(head):
		return openTar, nil
	}
	return nil, refuse("it is not an archive of a known type (tar, tar.gz, tar.zst, tar.xz, tar.bz2, zip): %s", describe(head))
}

func isZip(head []byte) bool {
	return bytes.HasPrefix(head, []byte(zipMagic)) || bytes.HasPrefix(head, []byte(emptyZip))
}

func openTar(br *bufio.Reader) (decoder, error) {
	return decoder{format: "tar", next: fillFrom(br), close: func() {}}, nil
}

func openXz(br *bufio.Reader) (decoder, error) {
	z, err := xz.NewReader(br, maxDictionary)
	if err != nil {
		return decoder{}, damaged("xz", explainXz(err))
	}
	next := fillFrom(z)
	return decoder{format: "xz", close: func() {}, next: func(buffer []byte) ([]byte, error) {
		data, err := next(buffer)
		return data, explainXz(err)
	}}, nil
}

func explainXz(err error) error {
	switch err {
	case xz.ErrMemlimit:
		return refuse("it was packed with a dictionary of more than %d MB; pack it anew with xz -9 or less", maxDictionary>>20)
	case xz.ErrBuf:
		return io.ErrUnexpectedEOF
	}
	return err
}

func openBzip2(br *bufio.Reader) (decoder, error) {
	return decoder{format: "bzip2", next: fillFrom(bzip2.NewReader(br)), close: func() {}}, nil
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
	case bytes.HasPrefix(head, []byte("7z\xbc\xaf")), bytes.HasPrefix(head, []byte("Rar!")):
		return "it is a 7z or rar file"
	case bytes.HasPrefix(head, []byte("\x7fELF")):
		return "it is a program"
	case strings.HasPrefix(text, "<!doctype html"), strings.HasPrefix(text, "<html"):
		return "it is a web page; a login or an error page of the server?"
	case strings.HasPrefix(text, "<?xml"):
		return "it is an XML document; an error message of the server?"
	}
	return "its first bytes fit none of them"
}
