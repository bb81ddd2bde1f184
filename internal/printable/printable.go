// Package printable makes a text that came from elsewhere fit for a terminal and a log:
// what would move the cursor, set a title or turn the direction of writing is not in it.
package printable

import (
	"strings"
	"unicode"
)

// Text is s with a question mark for each character that does not print. Lines stay lines.
func Text(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, strings.ToValidUTF8(s, "?"))
}

// Line is Text in one line of at most that many bytes and three dots.
func Line(s string, most int) string {
	return Cut(strings.NewReplacer("\n", "?", "\t", "?").Replace(Text(s)), most)
}

// Cut is s up to that many bytes, and three dots where there were more.
func Cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
