package alluxio

import (
	"bytes"
	"fmt"
	"unicode/utf16"
)

// Bytes returns the pairs as a site file, one "key=value" a line, in plain ASCII and so escaped that Java reads the
// same pairs back.
func (p Properties) Bytes() []byte {
	var b bytes.Buffer
	for _, key := range p.keys {
		escape(&b, key, true)
		b.WriteByte('=')
		escape(&b, p.values[key], false)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// escape writes text. In a key all blanks and separators need a backslash, in a value only a leading blank does.
func escape(b *bytes.Buffer, text string, key bool) {
	for i, c := range text {
		switch c {
		case ' ':
			if key || i == 0 {
				b.WriteByte('\\')
			}
			b.WriteByte(' ')
		case '\t':
			b.WriteString(`\t`)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\f':
			b.WriteString(`\f`)
		case '\\':
			b.WriteString(`\\`)
		case '=', ':', '#', '!':
			if key {
				b.WriteByte('\\')
			}
			b.WriteRune(c)
		default:
			escapeRune(b, c)
		}
	}
}

func escapeRune(b *bytes.Buffer, c rune) {
	if c >= ' ' && c <= '~' {
		b.WriteRune(c)
		return
	}
	for _, unit := range utf16.Encode([]rune{c}) {
		fmt.Fprintf(b, `\u%04X`, unit)
	}
}
