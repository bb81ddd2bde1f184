package alluxio

import "bytes"

// lineReader takes the logical lines out of a properties file as java.util.Properties does: blank lines and comments
// are skipped, and a line that ends in an odd number of backslashes goes on in the next one, without that one's
// leading blanks.
type lineReader struct {
	rest []byte
	line int // the number of natural lines taken so far
}

// next returns a logical line and the number of its first natural line. If nothing but a backslash is left, that is a
// line too, an empty one.
func (r *lineReader) next() (text []byte, number int, ok bool) {
	open := false
	for {
		natural, more := r.natural()
		if !more {
			return text, number, open
		}
		natural = trimBlanks(natural)
		if len(text) == 0 {
			if len(natural) == 0 || natural[0] == '#' || natural[0] == '!' {
				open = false
				continue
			}
			number = r.line
		}
		if !continues(natural) {
			return append(text, natural...), number, true
		}
		text, open = append(text, natural[:len(natural)-1]...), true
	}
}

// natural cuts the next line off, which ends with \n, \r, \r\n or the file.
func (r *lineReader) natural() (line []byte, ok bool) {
	if len(r.rest) == 0 {
		return nil, false
	}
	r.line++
	end := bytes.IndexAny(r.rest, "\r\n")
	if end < 0 {
		line, r.rest = r.rest, nil
		return line, true
	}
	line = r.rest[:end]
	if bytes.HasPrefix(r.rest[end:], []byte("\r\n")) {
		end++
	}
	r.rest = r.rest[end+1:]
	return line, true
}

func continues(line []byte) bool {
	backslashes := len(line) - len(bytes.TrimRight(line, `\`))
	return backslashes%2 == 1
}
