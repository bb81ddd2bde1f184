package inflate

import "io"

const (
	inputSize = 256 << 10
	// fastInput is how many bytes the fast loop may look at in one turn: two refills, of which
	// the first advances by at most 7.
	fastInput = 16
	// kept is how many bytes before pos stay in the buffer: the bit buffer may give them back.
	kept = 8
)

// source is the packed data, by bits. Outside of the fast loop the bits of the buffer above n
// are zeros.
type source struct {
	r    io.Reader
	in   []byte
	pos  int
	end  int
	bits uint64
	n    uint
	gone int64 // bytes that were before in[0]
	err  error // of r, once it gave one
}

func newSource(r io.Reader) source { return source{r: r, in: make([]byte, inputSize)} }

// ahead is how many bytes are in the buffer.
func (s *source) ahead() int { return s.end - s.pos }

// more reads until fastInput bytes are there, or r has no more.
func (s *source) more() error {
	for s.ahead() < fastInput {
		if err := s.read(); err != nil {
			return err
		}
	}
	return nil
}

// read reads once.
func (s *source) read() error {
	if s.err != nil {
		return s.err
	}
	if keep := max(s.pos-kept, 0); s.end == len(s.in) && keep > 0 {
		copy(s.in, s.in[keep:s.end])
		s.gone += int64(keep)
		s.pos -= keep
		s.end -= keep
	}
	var n int
	n, s.err = s.r.Read(s.in[s.end:])
	s.end += n
	if n > 0 {
		return nil
	}
	return s.err
}

// needByte puts one more byte into the bit buffer.
func (s *source) needByte() error {
	for s.pos == s.end {
		if err := s.read(); err != nil {
			return err
		}
	}
	s.bits |= uint64(s.in[s.pos]) << s.n
	s.pos++
	s.n += 8
	return nil
}

// take reads at most 32 bits.
func (s *source) take(count uint) (uint32, error) {
	for s.n < count {
		if err := s.needByte(); err != nil {
			return 0, err
		}
	}
	value := uint32(s.bits & (1<<count - 1))
	s.drop(count)
	return value, nil
}

func (s *source) drop(count uint) {
	s.bits >>= count
	s.n -= count
}

// giveBack leaves no whole byte in the bit buffer.
func (s *source) giveBack() {
	s.pos -= int(s.n >> 3)
	s.n &= 7
	s.bits &= 1<<s.n - 1
}

// align goes to the next whole byte.
func (s *source) align() {
	s.giveBack()
	s.bits, s.n = 0, 0
}

// readBytes reads whole bytes; the bit buffer is empty. It gives at least one, or an error.
func (s *source) readBytes(p []byte) (int, error) {
	for s.pos == s.end {
		if err := s.read(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.in[s.pos:s.end])
	s.pos += n
	return n, nil
}

func (s *source) corrupt(reason string) error {
	return &CorruptError{Offset: s.gone + int64(s.pos), Reason: reason}
}
