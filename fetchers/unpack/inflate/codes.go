package inflate

// The values of RFC 1951, 3.2.5, as (least value, extra bits).
var (
	lengthBase = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
		131, 163, 195, 227, 258}
	lengthExtra  = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distanceBase = [30]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
		2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distanceExtra = [30]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12,
		13, 13}
	// lengthOrder is the order in which the lengths of the lengths' codes come (3.2.7).
	lengthOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
)

// meanings are the entries of all symbols, without the lengths of their codes.
type meanings struct {
	literals  [maxLiterals]uint32
	distances [maxDistances]uint32
	orders    [len(lengthOrder)]uint32
}

func newMeanings() *meanings {
	m := &meanings{}
	for i := range m.literals {
		switch {
		case i < endSymbol:
			m.literals[i] = uint32(i)<<literalAt | oneLiteral
		case i == endSymbol:
			m.literals[i] = special | kindEnd<<kindAt
		case i-endSymbol <= len(lengthBase):
			m.literals[i] = value(lengthBase[i-endSymbol-1], lengthExtra[i-endSymbol-1])
		default:
			m.literals[i] = special | kindNone<<kindAt
		}
	}
	for i := range m.distances {
		m.distances[i] = special | kindNone<<kindAt
		if i < len(distanceBase) {
			m.distances[i] = value(distanceBase[i], distanceExtra[i])
		}
	}
	for i := range m.orders {
		m.orders[i] = uint32(i) << valueAt
	}
	return m
}

func value(base uint16, extra uint8) uint32 { return uint32(base)<<valueAt | uint32(extra) }

// fixedCodes are those of 3.2.6.
func (d *decoder) fixedCodes() error {
	lengths := d.lengths[:maxLiterals+maxDistances]
	for i := range lengths {
		switch {
		case i < 144, i >= 280 && i < maxLiterals:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 5
		}
	}
	return d.build(maxLiterals, maxDistances)
}

func (d *decoder) build(literals, distances int) error {
	if !build(d.literals[:], literalBits, d.lengths[:literals], d.meanings.literals[:]) {
		return d.corrupt("the code of literals and lengths is none")
	}
	if !build(d.distances[:], distanceBits, d.lengths[literals:literals+distances], d.meanings.distances[:]) {
		return d.corrupt("the code of distances is none")
	}
	join(&d.literals, shortest(d.lengths[:endSymbol]))
	return nil
}

// readCodes reads those of the block (3.2.7).
func (d *decoder) readCodes() error {
	counts, err := d.take(14)
	if err != nil {
		return err
	}
	literals, distances, orders := int(counts&31)+257, int(counts>>5&31)+1, int(counts>>10)+4
	if literals > 286 || distances > 30 {
		return d.corrupt("a block has more codes than there are symbols")
	}
	if err := d.readOrders(orders); err != nil {
		return err
	}
	if err := d.readLengths(literals + distances); err != nil {
		return err
	}
	if d.lengths[endSymbol] == 0 {
		return d.corrupt("a block has no code for its end")
	}
	return d.build(literals, distances)
}

// readOrders reads the code in which the lengths come.
func (d *decoder) readOrders(count int) error {
	var lengths [len(lengthOrder)]uint8
	for _, symbol := range lengthOrder[:count] {
		length, err := d.take(3)
		if err != nil {
			return err
		}
		lengths[symbol] = uint8(length)
	}
	if !build(d.orders[:], orderBits, lengths[:], d.meanings.orders[:]) {
		return d.corrupt("the code of code lengths is none")
	}
	return nil
}

// readLengths reads the lengths of all codes, of which some repeat the last or zero.
func (d *decoder) readLengths(count int) error {
	for i := 0; i < count; {
		symbol, err := d.readOrder()
		if err != nil {
			return err
		}
		if symbol < 16 {
			d.lengths[i] = uint8(symbol)
			i++
			continue
		}
		if symbol == 16 && i == 0 {
			return d.corrupt("the first code length repeats one before it")
		}
		times, err := d.readTimes(symbol)
		if err != nil {
			return err
		}
		if i+times > count {
			return d.corrupt("a block has more code lengths than codes")
		}
		var length uint8
		if symbol == 16 {
			length = d.lengths[i-1]
		}
		for range times {
			d.lengths[i] = length
			i++
		}
	}
	return nil
}

func (d *decoder) readOrder() (int, error) {
	for {
		e := d.orders[d.bits&(1<<orderBits-1)]
		done, err := d.accept(e, 0)
		switch {
		case err != nil:
			return 0, err
		case done && e&special != 0:
			return 0, d.corrupt(reasonCode)
		case done:
			return int(e >> valueAt), nil
		}
	}
}

func (d *decoder) readTimes(symbol int) (int, error) {
	switch symbol {
	case 16:
		times, err := d.take(2)
		return int(times) + 3, err
	case 17:
		times, err := d.take(3)
		return int(times) + 3, err
	}
	times, err := d.take(7)
	return int(times) + 11, err
}
