// Package inflate reads gzip (RFC 1952) and the deflate streams in it (RFC 1951) at about
// twice the speed of the usual packages, since inflating is most of the work of getting
// software onto a node. It is plain Go: no unsafe, no assembler; what is read from a stream is
// checked against what the RFCs allow before it is used, and the checksums are compared.
//
// Four things make it fast. Bits come through a buffer of 64, filled eight bytes at a time. A
// table of 11 bits decodes up to three literals in one look. Matches are copied by words of
// eight bytes, which may write beyond their end where the buffer has room. And output goes
// straight into the caller's buffers, with room before it for the 32 KB that matches may
// refer to.
//
// Formats other than gzip, limits and files are left to fetchers/unpack.
package inflate

import (
	"fmt"
	"io"
)

const (
	// History is how far back a match may refer.
	History = 32 << 10
	// Slack is what the last match of a buffer may write beyond its end: 258 bytes, and a
	// word or two.
	Slack = 320
)

// CorruptError says what in a stream is not as it has to be.
type CorruptError struct {
	Offset int64 // in the stream, about
	Reason string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s (near byte %d of the packed data)", e.Reason, e.Offset)
}

// state is what comes next in a deflate stream.
type state int

const (
	atHeader state = iota // of a block
	inStored
	inCodes
	atEnd // after the last block
)

// decoder inflates one deflate stream after the other into out.
type decoder struct {
	source
	state state
	last  bool // the block is the stream's last
	left  int  // bytes of a stored block still to come

	literals  [literalEntries]uint32
	distances [distanceEntries]uint32
	orders    [1 << orderBits]uint32
	lengths   [maxLiterals + maxDistances]uint8 // of the codes of the block
	meanings  *meanings

	out  []byte // history, then what is new, then Slack
	from int    // where the history begins that matches of this stream may refer to
	at   int    // where the next byte goes
}

// reset begins the next stream, in the same source.
func (d *decoder) reset() {
	d.state, d.last, d.from = atHeader, false, d.at
}

// inflate goes on until out holds limit bytes (or some more, but never Slack more) or the
// stream has ended, which state tells.
func (d *decoder) inflate(limit int) error {
	for d.at < limit && d.state != atEnd {
		if err := d.step(limit); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

func (d *decoder) step(limit int) error {
	switch d.state {
	case atHeader:
		return d.header()
	case inStored:
		return d.stored(limit)
	default:
		return d.codes(limit)
	}
}

// header reads the first bits of a block.
func (d *decoder) header() error {
	if d.last {
		d.state = atEnd
		return nil
	}
	bits, err := d.take(3)
	if err != nil {
		return err
	}
	d.last = bits&1 == 1
	switch bits >> 1 {
	case 0:
		return d.beginStored()
	case 1:
		d.state = inCodes
		return d.fixedCodes()
	case 2:
		d.state = inCodes
		return d.readCodes()
	}
	return d.corrupt("a block is of the unknown type 3")
}

func (d *decoder) beginStored() error {
	d.align()
	size, err := d.take(16)
	if err != nil {
		return err
	}
	inverse, err := d.take(16)
	if err != nil {
		return err
	}
	if size != ^inverse&0xffff {
		return d.corrupt("the size of a stored block is damaged")
	}
	d.align() // gives back what the bit buffer holds
	d.state, d.left = inStored, int(size)
	return nil
}

func (d *decoder) stored(limit int) error {
	for d.left > 0 && d.at < limit {
		n, err := d.readBytes(d.out[d.at:min(d.at+d.left, limit)])
		d.at += n
		d.left -= n
		if err != nil {
			return err
		}
	}
	if d.left == 0 {
		d.state = atHeader
	}
	return nil
}

// codes decodes symbols until the block ends or limit is reached: fast while there is input
// enough for any of them, one by one otherwise.
func (d *decoder) codes(limit int) error {
	for d.at < limit && d.state == inCodes {
		if d.ahead() >= fastInput {
			if err := d.fast(limit); err != nil {
				return err
			}
			continue
		}
		if err := d.more(); err != nil && err != io.EOF {
			return err
		}
		if d.ahead() >= fastInput {
			continue
		}
		if err := d.symbol(); err != nil {
			return err
		}
	}
	return nil
}

// symbol decodes a literal, a match or the end of the block, where the input may end at any
// bit.
func (d *decoder) symbol() error {
	e, err := d.decodeLiteral()
	if err != nil {
		return err
	}
	if isLiteral(e) {
		d.out[d.at] = byte(e >> literalAt)
		d.at++
		return nil
	}
	if e&special != 0 {
		return d.special(e)
	}
	length, err := d.value(e)
	if err != nil {
		return err
	}
	e, err = d.decodeDistance()
	if err != nil {
		return err
	}
	if e&special != 0 {
		return d.special(e)
	}
	distance, err := d.value(e)
	if err != nil {
		return err
	}
	if distance > d.at-d.from {
		return d.corrupt(reasonDistance)
	}
	for range length { // one by one, since the two may overlap
		d.out[d.at] = d.out[d.at-distance]
		d.at++
	}
	return nil
}

const (
	reasonDistance = "a match begins before the data does"
	reasonCode     = "a code stands for nothing"
)

// special acts on an entry that is neither literal, length nor distance.
func (d *decoder) special(e uint32) error {
	if e>>kindAt&3 != kindEnd {
		return d.corrupt(reasonCode)
	}
	d.state = atHeader
	return nil
}

// value is that of a length or distance whose code was read, with its extra bits.
func (d *decoder) value(e uint32) (int, error) {
	extra, err := d.take(uint(e&totalBits - e>>codeBitsAt&codeBitsMask))
	return int(e>>valueAt) + int(extra), err
}

// decodeLiteral reads a code of the literals and lengths. Of literals that the table decodes
// together it takes the first.
func (d *decoder) decodeLiteral() (uint32, error) {
	for {
		e, bits := d.literals[d.bits&(1<<literalBits-1)], uint(0)
		if isTable(e) {
			bits = literalBits
			e = d.literals[subIndex(e, d.bits>>literalBits)&(literalEntries-1)]
		}
		if isLiteral(e) {
			e = e&^totalBits | uint32(d.lengths[byte(e>>literalAt)]) - uint32(bits)
		}
		if done, err := d.accept(e, bits); done || err != nil {
			return e, err
		}
	}
}

func (d *decoder) decodeDistance() (uint32, error) {
	for {
		e, bits := d.distances[d.bits&(1<<distanceBits-1)], uint(0)
		if isTable(e) {
			bits = distanceBits
			e = d.distances[subIndex(e, d.bits>>distanceBits)&(distanceEntries-1)]
		}
		if done, err := d.accept(e, bits); done || err != nil {
			return e, err
		}
	}
}

// accept consumes the code of an entry if all its bits are there, and otherwise gets more.
// Bits that are not there look like zeros, so an entry counts only if it needs none of them.
func (d *decoder) accept(e uint32, before uint) (bool, error) {
	bits := before + codeBits(e)
	if bits > d.n {
		return false, d.needByte()
	}
	d.drop(bits)
	d.giveBack()
	return true, nil
}
