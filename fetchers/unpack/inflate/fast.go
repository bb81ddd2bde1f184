package inflate

import "encoding/binary"

// fast decodes symbols while the input holds fastInput bytes, until the block ends or out
// holds limit bytes. It may write Slack bytes further than that. The bit buffer is filled
// without a branch: whole words are read, and of bytes that do not fit the bits are read
// again the next time. At least 56 bits are there then, enough for five looks at literals, or three of
// 11 bits and a length (at most 15 + 5), or for a distance (15 + 13). Of n only the lowest six
// bits count, so that whole entries can be subtracted.
//
//nolint:funlen // calls in this loop cost more than all else that was tried
func (d *decoder) fast(limit int) error {
	in, pos, bits, n := d.in[:d.end], d.pos, d.bits, d.n
	out, at, from := d.out, d.at, d.from
	literals, distances := &d.literals, &d.distances
	reason := ""
	for at < limit && pos <= len(in)-fastInput {
		bits |= binary.LittleEndian.Uint64(in[pos:]) << (n & 63)
		pos += int(63-n&63) >> 3
		n |= 56
		e := literals[bits&(1<<literalBits-1)]
		if isLiteral(e) {
			binary.LittleEndian.PutUint16(out[at:], uint16(e>>literalAt))
			at += int(e >> literalsAt)
			bits >>= e & 63
			n -= uint(e)
			e = literals[bits&(1<<literalBits-1)]
			if isLiteral(e) {
				binary.LittleEndian.PutUint16(out[at:], uint16(e>>literalAt))
				at += int(e >> literalsAt)
				bits >>= e & 63
				n -= uint(e)
				e = literals[bits&(1<<literalBits-1)]
				if isLiteral(e) {
					binary.LittleEndian.PutUint16(out[at:], uint16(e>>literalAt))
					at += int(e >> literalsAt)
					bits >>= e & 63
					n -= uint(e)
					// Two more fit, but no length after them: that is looked up again with more bits.
					e = literals[bits&(1<<literalBits-1)]
					if isLiteral(e) {
						binary.LittleEndian.PutUint16(out[at:], uint16(e>>literalAt))
						at += int(e >> literalsAt)
						bits >>= e & 63
						n -= uint(e)
						e = literals[bits&(1<<literalBits-1)]
						if isLiteral(e) {
							binary.LittleEndian.PutUint16(out[at:], uint16(e>>literalAt))
							at += int(e >> literalsAt)
							bits >>= e & 63
							n -= uint(e)
						}
					}
					continue
				}
			}
		}
		if e&special != 0 {
			if e>>kindAt&3 == kindTable {
				bits >>= literalBits
				n -= literalBits
				e = literals[subIndex(e, bits)&(literalEntries-1)]
				if isLiteral(e) {
					binary.LittleEndian.PutUint16(out[at:], uint16(e>>literalAt))
					at += int(e >> literalsAt)
					bits >>= e & 63
					n -= uint(e)
					continue
				}
			}
			if e&special != 0 {
				bits >>= e & 63
				n -= uint(e)
				if e>>kindAt&3 != kindEnd {
					reason = reasonCode
				}
				d.state = atHeader
				break
			}
		}
		length := int(e>>valueAt) + int(bits&(1<<(e&63)-1)>>(e>>codeBitsAt&codeBitsMask))
		bits >>= e & 63
		n -= uint(e)

		bits |= binary.LittleEndian.Uint64(in[pos:]) << (n & 63)
		pos += int(63-n&63) >> 3
		n |= 56
		e = distances[bits&(1<<distanceBits-1)]
		if e&special != 0 {
			if e>>kindAt&3 == kindTable {
				bits >>= distanceBits
				n -= distanceBits
				e = distances[subIndex(e, bits)&(distanceEntries-1)]
			}
			if e&special != 0 {
				reason = reasonCode
				break
			}
		}
		distance := int(e>>valueAt) + int(bits&(1<<(e&63)-1)>>(e>>codeBitsAt&codeBitsMask))
		bits >>= e & 63
		n -= uint(e)
		if distance > at-from {
			reason = reasonDistance
			break
		}
		if distance >= 8 && length <= 16 {
			to, match := out[at:at+16], out[at-distance:at-distance+16]
			binary.LittleEndian.PutUint64(to, binary.LittleEndian.Uint64(match))
			binary.LittleEndian.PutUint64(to[8:], binary.LittleEndian.Uint64(match[8:]))
		} else {
			copyMatch(out, at, distance, length)
		}
		at += length
	}
	d.pos, d.bits, d.n, d.at = pos, bits, n&63, at
	d.giveBack()
	if reason != "" {
		return d.corrupt(reason)
	}
	return nil
}

// copyMatch repeats length bytes from distance before at, in words where these do not overlap.
// It may write up to 7 bytes more.
func copyMatch(out []byte, at, distance, length int) {
	from, end := at-distance, at+length
	switch {
	case distance >= 8:
		for at < end {
			binary.LittleEndian.PutUint64(out[at:], binary.LittleEndian.Uint64(out[from:]))
			at += 8
			from += 8
		}
	case distance == 1:
		word := uint64(out[from]) * 0x0101010101010101
		for at < end {
			binary.LittleEndian.PutUint64(out[at:], word)
			at += 8
		}
	default:
		for at < end {
			out[at] = out[from]
			at++
			from++
		}
	}
}
