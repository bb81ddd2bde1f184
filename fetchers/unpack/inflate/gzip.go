package inflate

import (
	"bytes"
	"hash/crc32"
	"io"
)

var magic = []byte{0x1f, 0x8b}

// Reader reads a gzip file: one or several members, one after the other. It ends where no other
// begins, since archives are often padded and gzip itself ignores what follows.
type Reader struct {
	d     decoder
	table *crc32.Table

	inMember bool // between a header and its trailer
	sum      uint32
	size     uint32
	given    int // in d.out: where what was not handed out yet begins
	summed   int // in d.out: up to where sum goes
	err      error
}

// NewReader reads r, which begins with a gzip header. Nothing is read yet.
func NewReader(r io.Reader) *Reader {
	z := &Reader{table: crc32.MakeTable(crc32.IEEE)}
	z.d.source = newSource(r)
	z.d.meanings = newMeanings()
	z.d.state = atEnd
	return z
}

// Next inflates into buf, and returns size bytes of it; fewer only with an error. After them
// the error is io.EOF at a good end, io.ErrUnexpectedEOF where the file ends too early, a
// *CorruptError, or that of the reader.
//
// buf holds History + size + Slack bytes. Until the call after, it belongs to the Reader, which
// may look at what it wrote but does not write: what Next returned may be read meanwhile. The
// next call may be given the same buffer or another.
func (z *Reader) Next(buf []byte) ([]byte, error) {
	z.move(buf)
	limit := len(buf) - Slack
	for z.d.at < limit && z.err == nil {
		z.err = z.inflate(limit)
	}
	end := min(z.d.at, limit)
	data := buf[z.given:end]
	z.given = end
	if z.err != nil && end < z.d.at {
		return data, nil // the rest comes with the next call, and then the error
	}
	return data, z.err
}

// move goes on in buf, with the history before it.
func (z *Reader) move(buf []byte) {
	keep := min(z.given, History)
	from := z.given - keep
	copy(buf[History-keep:], z.d.out[from:z.d.at])
	shift := History - keep - from
	z.d.out = buf
	z.d.at += shift
	z.given += shift
	z.summed += shift
	z.d.from = max(z.d.from+shift, 0)
}

// inflate goes on with the member, or begins the next.
func (z *Reader) inflate(limit int) error {
	if !z.inMember {
		if err := z.begin(); err != nil {
			return err
		}
	}
	err := z.d.inflate(limit)
	fresh := z.d.out[z.summed:z.d.at]
	z.sum = crc32.Update(z.sum, z.table, fresh)
	z.size += uint32(len(fresh))
	z.summed = z.d.at
	if err != nil || z.d.state != atEnd {
		return err
	}
	if err := z.trailer(); err != nil {
		return unexpected(err)
	}
	z.inMember = false
	if !z.another() {
		if z.d.err != nil && z.d.err != io.EOF {
			return z.d.err
		}
		return io.EOF
	}
	return nil
}

func (z *Reader) begin() error {
	if err := z.header(); err != nil {
		return unexpected(err)
	}
	z.d.reset()
	z.inMember, z.sum, z.size, z.summed = true, 0, 0, z.d.at
	return nil
}

// another looks whether a member follows.
func (z *Reader) another() bool {
	_ = z.d.more()
	return bytes.HasPrefix(z.d.in[z.d.pos:z.d.end], magic)
}

// trailer compares what RFC 1952 has after the data: CRC and size.
func (z *Reader) trailer() error {
	z.d.align()
	sum, err := z.d.take(32)
	if err != nil {
		return err
	}
	size, err := z.d.take(32)
	switch {
	case err != nil:
		return err
	case sum != z.sum:
		return z.d.corrupt("the checksum (CRC-32) of the data does not match")
	case size != z.size:
		return z.d.corrupt("the size of the data does not match")
	}
	return nil
}

// The flags of a header.
const (
	flagSum     = 1 << 1
	flagExtra   = 1 << 2
	flagName    = 1 << 3
	flagComment = 1 << 4
	flagsOther  = 0xe0
)

// maxText is how long a name or comment may be; nobody looks at it.
const maxText = 64 << 10

// header reads over a header, whose parts say nothing that matters here.
func (z *Reader) header() error {
	h := header{d: &z.d, table: z.table}
	fixed := make([]byte, 10)
	if err := h.read(fixed); err != nil {
		return err
	}
	flags := fixed[3]
	switch {
	case !bytes.HasPrefix(fixed, magic):
		return z.d.corrupt("a gzip header does not begin as one")
	case fixed[2] != 8:
		return z.d.corrupt("the packing is another than deflate")
	case flags&flagsOther != 0:
		return z.d.corrupt("the gzip header has flags that mean nothing")
	}
	if flags&flagExtra != 0 {
		if err := h.extra(); err != nil {
			return err
		}
	}
	for _, flag := range []byte{flagName, flagComment} {
		if flags&flag != 0 {
			if err := h.text(); err != nil {
				return err
			}
		}
	}
	if flags&flagSum != 0 {
		return h.check()
	}
	return nil
}

// header is one that is being read.
type header struct {
	d     *decoder
	table *crc32.Table
	sum   uint32
}

func (h *header) read(p []byte) error {
	for got := 0; got < len(p); {
		n, err := h.d.readBytes(p[got:])
		if err != nil {
			return err
		}
		got += n
	}
	h.sum = crc32.Update(h.sum, h.table, p)
	return nil
}

func (h *header) extra() error {
	size := make([]byte, 2)
	if err := h.read(size); err != nil {
		return err
	}
	return h.read(make([]byte, int(size[0])|int(size[1])<<8))
}

func (h *header) text() error {
	char := make([]byte, 1)
	for range maxText {
		if err := h.read(char); err != nil || char[0] == 0 {
			return err
		}
	}
	return h.d.corrupt("a name in the gzip header has no end")
}

func (h *header) check() error {
	want := uint16(h.sum)
	sum := make([]byte, 2)
	if err := h.read(sum); err != nil {
		return err
	}
	if want != uint16(sum[0])|uint16(sum[1])<<8 {
		return h.d.corrupt("the checksum of the gzip header does not match")
	}
	return nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
