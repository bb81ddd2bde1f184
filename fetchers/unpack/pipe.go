package unpack

import (
	"bufio"
	"context"
	"io"
)

const (
	chunkSize  = 256 << 10 // a multiple of tar's blocks
	chunks     = 16
	inputSize  = 256 << 10
	blockSize  = 512
	tarMagicAt = 257
)

// pipe carries the unpacked stream from the goroutine that inflates to the one that
// reads entries, in whole chunks.
type pipe struct {
	ctx   context.Context
	full  chan []byte
	empty chan []byte
	err   error // why the stream ended; set before full is closed

	chunk, rest []byte
	done        bool // all was read, and err may be looked at
	zeros       bool // the last read was a block of zeros
}

func newPipe(ctx context.Context) *pipe {
	p := &pipe{ctx: ctx, full: make(chan []byte, chunks), empty: make(chan []byte, chunks)}
	for range chunks {
		p.empty <- make([]byte, chunkSize)
	}
	return p
}

// fill inflates in until its end, its limits or the end of ctx.
func (p *pipe) fill(in *input) {
	defer close(p.full)
	p.err = p.inflate(in)
	if cause := in.err.Load(); p.err != io.EOF && cause != nil {
		p.err = *cause
	}
}

// inflate sends chunks until an error, which is io.EOF where all is well.
func (p *pipe) inflate(in *input) error {
	br := bufio.NewReaderSize(in, inputSize)
	d, err := open(br)
	if err != nil {
		return err
	}
	defer d.close()
	var unpacked int64
	for err == nil {
		var chunk []byte
		select {
		case chunk = <-p.empty:
		case <-p.ctx.Done():
			return context.Cause(p.ctx)
		}
		var n int
		n, err = fillChunk(d.r, chunk[:chunkSize])
		p.full <- chunk[:n] // never blocks: there are no more chunks than places
		unpacked += int64(n)
		if limit := in.check(unpacked); limit != nil {
			return limit
		}
	}
	if err != io.EOF {
		return damaged(d.format, err)
	}
	// Whoever hashes what is read here needs all of it, padding and all.
	if _, err := io.Copy(io.Discard, br); err != nil {
		return err
	}
	return io.EOF
}

// fillChunk is io.ReadFull, but it keeps the reader's own io.ErrUnexpectedEOF (truncated)
// apart from a last chunk that is merely short.
func fillChunk(r io.Reader, chunk []byte) (n int, err error) {
	for n < len(chunk) && err == nil {
		var m int
		m, err = r.Read(chunk[n:])
		n += m
	}
	return n, err
}

// Read hands out the stream. Chunks hold whole blocks, so a block is read in one piece.
func (p *pipe) Read(b []byte) (int, error) {
	for len(p.rest) == 0 {
		if p.chunk != nil {
			p.empty <- p.chunk // never blocks, as above
			p.chunk = nil
		}
		select {
		case chunk, ok := <-p.full:
			if !ok {
				p.done = true
				return 0, p.err
			}
			p.chunk, p.rest = chunk, chunk
		case <-p.ctx.Done():
			return 0, context.Cause(p.ctx)
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	p.zeros = n == blockSize && isZero(b[:n])
	return n, nil
}

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// ended says that the stream was read to a good end.
func (p *pipe) ended() bool { return p.done && p.err == io.EOF }

// failed says that the stream was read to a bad end.
func (p *pipe) failed() bool { return p.done && p.err != io.EOF }
