package unpack

import (
	"bufio"
	"context"
	"io"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/unpack/inflate"
)

const (
	chunkSize  = 256 << 10 // a multiple of tar's blocks
	chunks     = 16
	inputSize  = 64 << 10 // readers of formats that read more at once go past this buffer
	blockSize  = 512
	tarMagicAt = 257
)

// pipe carries the unpacked stream from the goroutine that inflates to the one that
// reads entries, in whole chunks.
type pipe struct {
	ctx   context.Context
	full  chan chunk
	empty chan []byte
	made  int   // buffers, which are made when first needed
	err   error // why the stream ended; set before full is closed

	chunk, rest []byte
	done        bool // all was read, and err may be looked at
	zeros       bool // the last read was a block of zeros
}

// chunk is a piece of the stream, and the buffer that it lies in.
type chunk struct{ buffer, data []byte }

func newPipe(ctx context.Context) *pipe {
	return &pipe{ctx: ctx, full: make(chan chunk, chunks), empty: make(chan []byte, chunks)}
}

// fill inflates in until its end, its limits or the end of ctx.
func (p *pipe) fill(in *input, br *bufio.Reader, open opener) {
	defer close(p.full)
	p.err = p.inflate(in, br, open)
	if cause := in.err.Load(); p.err != io.EOF && cause != nil {
		p.err = *cause
	}
}

// inflate sends chunks until an error, which is io.EOF where all is well.
func (p *pipe) inflate(in *input, br *bufio.Reader, open opener) error {
	d, err := open(br)
	if err != nil {
		return err
	}
	defer d.close()
	var unpacked int64
	for err == nil {
		var buffer, data []byte
		if buffer, err = p.buffer(); err != nil {
			return err
		}
		data, err = d.next(buffer)
		p.full <- chunk{buffer, data} // never blocks: there are no more chunks than places
		unpacked += int64(len(data))
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

func (p *pipe) buffer() ([]byte, error) {
	if len(p.empty) == 0 && p.made < chunks {
		p.made++
		return make([]byte, inflate.History+chunkSize+inflate.Slack), nil
	}
	select {
	case buffer := <-p.empty:
		return buffer, nil
	case <-p.ctx.Done():
		return nil, context.Cause(p.ctx)
	}
}

// Read hands out the stream. Chunks hold whole blocks, so a block is read in one piece.
func (p *pipe) Read(b []byte) (int, error) {
	for len(p.rest) == 0 {
		if p.chunk != nil {
			p.empty <- p.chunk // never blocks, as above
			p.chunk = nil
		}
		select {
		case c, ok := <-p.full:
			if !ok {
				p.done = true
				return 0, p.err
			}
			p.chunk, p.rest = c.buffer, c.data
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
