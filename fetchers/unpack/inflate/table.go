package inflate

import "math/bits"

// An entry of a table says what the next bits of the stream mean:
//
//	bits 0-5    how many bits it takes, extra bits included
//	bits 30-31  how many literals it is: 0 to 2, in bits 8-23, the first lowest
//	bit 7       it is special: bits 8-9 its kind; for a second table, bits 10-13 how many bits
//	            index it, and 15-29 where it begins
//	otherwise   a length or distance: bits 8-12 the bits of its code alone, 15-29 its least value
const (
	totalBits    = 63
	literalsAt   = 30
	oneLiteral   = 1 << literalsAt
	twoLiterals  = 2 << literalsAt
	special      = 1 << 7
	literalAt    = 8
	codeBitsAt   = 8
	codeBitsMask = 31
	kindAt       = 8
	indexBitsAt  = 10
	valueAt      = 15

	kindNone  = 0 // no code
	kindEnd   = 1 // the end of the block
	kindTable = 2 // a second table, for longer codes
)

const (
	maxCode      = 15
	maxLiterals  = 288
	maxDistances = 32
	endSymbol    = 256

	// Tables are as large as their codes can make them, rounded up to a power of two: 2342
	// entries for 288 symbols and 11 bits, 594 for 32 and 9 (zlib's "enough" computes such).
	literalBits     = 11
	literalEntries  = 4096
	distanceBits    = 9
	distanceEntries = 1024
	orderBits       = 7
)

func isLiteral(e uint32) bool { return e >= oneLiteral }

func isTable(e uint32) bool {
	return !isLiteral(e) && e&(special|3<<kindAt) == special|kindTable<<kindAt
}

// subIndex is the place of an entry in a second table; next are the bits after the first.
func subIndex(e uint32, next uint64) uint32 {
	return e>>valueAt + uint32(next)&(1<<(e>>indexBitsAt&15)-1)
}

// codeBits is how long the code of an entry is, without extra bits.
func codeBits(e uint32) uint {
	if isLiteral(e) || e&special != 0 {
		return uint(e & totalBits)
	}
	return uint(e >> codeBitsAt & codeBitsMask)
}

// withBits is the entry of a symbol whose code is so long.
func withBits(e uint32, count int) uint32 {
	if !isLiteral(e) && e&special == 0 {
		e |= uint32(count) << codeBitsAt
	}
	return e + uint32(count)
}

// build makes the table of a code from the lengths of its symbols, and the symbols' entries
// without these lengths. The first look takes root bits. A code must be complete, as zlib and
// others have it, but for one of no symbol or of one with a single bit.
func build(table []uint32, root int, lengths []uint8, entries []uint32) bool {
	var count, next [maxCode + 2]int
	for _, length := range lengths {
		count[length]++
	}
	used := len(lengths) - count[0]
	free := 1
	for length := 1; length <= maxCode; length++ {
		free = free<<1 - count[length]
		if free < 0 {
			return false
		}
		next[length+1] = next[length] + count[length]
	}
	if free > 0 {
		return incomplete(table, root, lengths, entries, used == 0 || used == 1 && count[1] == 1)
	}
	var sorted [maxLiterals]uint16
	for symbol, length := range lengths {
		if length != 0 {
			sorted[next[length]] = uint16(symbol)
			next[length]++
		}
	}
	b := builder{table: table, root: root, entries: entries, count: &count}
	b.short(sorted[:used])
	return true
}

// incomplete makes the table of a code that has at most the single code "0".
func incomplete(table []uint32, root int, lengths []uint8, entries []uint32, allowed bool) bool {
	if !allowed {
		return false
	}
	for i := range 1 << root {
		table[i] = withBits(special|kindNone<<kindAt, 1)
	}
	for symbol, length := range lengths {
		if length == 1 {
			for i := 0; i < 1<<root; i += 2 {
				table[i] = withBits(entries[symbol], 1)
			}
		}
	}
	return true
}

// builder fills a table in the order of the codes, shortest first. Codes are read from their
// first bit on, which is the lowest of an index: so all is counted in reversed bits, and a table
// for one bit more begins as the old one, twice.
type builder struct {
	table   []uint32
	root    int
	entries []uint32
	count   *[maxCode + 2]int
	code    uint // reversed
}

// short fills in codes of at most root bits.
func (b *builder) short(sorted []uint16) {
	for length := 1; length <= b.root; length++ {
		half := 1 << (length - 1)
		copy(b.table[half:2*half], b.table[:half])
		for range b.count[length] {
			b.table[b.code] = withBits(b.entries[sorted[0]], length)
			sorted = sorted[1:]
			b.advance(length)
		}
	}
	b.long(sorted)
}

// long fills in the others, by second tables behind the first. Each is as large as the codes
// with its beginning need.
func (b *builder) long(sorted []uint16) {
	mask := uint(1)<<b.root - 1
	end, begun := 1<<b.root, false
	var prefix uint
	var start, size int
	for length := b.root + 1; length <= maxCode; length++ {
		for left := b.count[length]; left > 0; left-- {
			if !begun || b.code&mask != prefix {
				begun, prefix, start = true, b.code&mask, end
				width := b.width(length, left)
				size = 1 << width
				end += size
				b.table[prefix] = uint32(start)<<valueAt | uint32(width)<<indexBitsAt | kindTable<<kindAt | special | uint32(b.root)
			}
			e := withBits(b.entries[sorted[0]], length-b.root)
			sorted = sorted[1:]
			for i := int(b.code >> b.root); i < size; i += 1 << (length - b.root) {
				b.table[start+i] = e
			}
			b.advance(length)
		}
	}
}

// width is how many bits the second table takes that begins with a code of length; left codes
// of that length are still to come.
func (b *builder) width(length, left int) int {
	width := length - b.root
	for space := left; space < 1<<width && length < maxCode; width++ {
		length++
		space = space<<1 + b.count[length]
	}
	return width
}

// advance is code + 1, in reversed bits. After the last code, all ones, it begins anew.
func (b *builder) advance(length int) {
	free := ^b.code & (1<<length - 1)
	if free == 0 {
		b.code = 0
		return
	}
	top := uint(1) << (bits.Len(free) - 1)
	b.code = b.code&(top-1) | top
}

// join makes entries of two literals out of those of one, where their codes together fit into
// the first look; shortest is that of a literal. It goes downwards: what follows a code is in a
// lower place.
func join(table *[literalEntries]uint32, shortest uint32) {
	if 2*shortest > literalBits {
		return
	}
	for i := uint32(1<<literalBits - 1); i > 0; i-- {
		first := table[i]
		bits := first & totalBits
		if !isLiteral(first) || bits+shortest > literalBits {
			continue
		}
		second := table[i>>bits&(literalEntries-1)]
		bits += second & totalBits
		if isLiteral(second) && bits <= literalBits {
			table[i] = twoLiterals | second&(0xff<<literalAt)<<8 | first&(0xff<<literalAt) | bits
		}
	}
}

// shortest is the length of the shortest code of a literal, or more than any.
func shortest(lengths []uint8) uint32 {
	least := uint8(maxCode + 1)
	for _, length := range lengths {
		if length != 0 {
			least = min(least, length)
		}
	}
	return uint32(least)
}
