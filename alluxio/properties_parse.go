package alluxio

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
)

// ParseProperties reads a site file as Alluxio's Java does (java.util.Properties.load: ISO 8859-1, \uXXXX escapes,
// continued lines; ${...} is left alone) and reports all its problems together, each as "name:line: ...". What Java
// would accept in silence although it cannot be meant, such as a line without "=", is a problem too. Of a key that is
// given twice the last value counts, as in Java. No problem quotes a value, since a value may be secret.
//
// With an error, the properties are those of the lines without one.
func ParseProperties(name string, data []byte) (Properties, error) {
	var p Properties
	if problem := notText(data); problem != "" {
		return p, fmt.Errorf("%s:1: %s", name, problem)
	}
	var problems []error
	lines := lineReader{rest: data}
	for {
		text, number, ok := lines.next()
		if !ok {
			return p, errors.Join(problems...)
		}
		key, value, err := parseLine(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s:%d: %w", name, number, err))
			continue
		}
		p.put(key, value)
	}
}

// notText says what is wrong with a file as a whole.
func notText(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return "the file starts with a byte order mark, which Java takes for part of the first key: save it without one"
	case bytes.IndexByte(data, 0) >= 0:
		return "this is not a properties file: it has NUL bytes in it"
	}
	return ""
}

// parseLine splits a logical line into key and value.
func parseLine(text []byte) (key, value string, err error) {
	rawKey, rawValue, separated := splitLine(text)
	if key, err = unescape(rawKey); err != nil {
		return "", "", fmt.Errorf("in the key: %w", err)
	}
	if key == "" {
		return "", "", errors.New("there is no key before the separator")
	}
	// Java takes the first word of any text for a key. Alluxio then keeps a custom property that nothing reads.
	if !separated && (len(rawValue) == 0 || !strings.Contains(key, ".")) {
		return "", "", errors.New(`this is not "key=value"`)
	}
	if value, err = unescape(rawValue); err != nil {
		return "", "", fmt.Errorf("in the value of %s: %w", key, err)
	}
	return key, value, nil
}

// splitLine finds the end of the key (an unescaped blank, "=" or ":") and the start of the value behind blanks and at
// most one separator. It says whether there was an "=" or ":".
func splitLine(text []byte) (key, value []byte, separated bool) {
	end, escaped := 0, false
	for end < len(text) && (escaped || !isSeparator(text[end]) && !isBlank(text[end])) {
		escaped = text[end] == '\\' && !escaped
		end++
	}
	value = trimBlanks(text[end:])
	if len(value) > 0 && isSeparator(value[0]) {
		return text[:end], trimBlanks(value[1:]), true
	}
	return text[:end], value, false
}

// unescape decodes ISO 8859-1 with Java's escapes. Java's characters are UTF-16 units, so two \uXXXX can make one
// character.
func unescape(raw []byte) (string, error) {
	units := make([]uint16, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' || i+1 == len(raw) {
			units = append(units, uint16(raw[i]))
			continue
		}
		i++
		if raw[i] != 'u' {
			units = append(units, uint16(escapedByte(raw[i])))
			continue
		}
		if i+5 > len(raw) {
			return "", errors.New(`a \u escape has fewer than four digits`)
		}
		unit, err := strconv.ParseUint(string(raw[i+1:i+5]), 16, 16)
		if err != nil {
			return "", errors.New(`a \u escape is not followed by four hexadecimal digits`)
		}
		units = append(units, uint16(unit))
		i += 4
	}
	return decodeUnits(units)
}

func decodeUnits(units []uint16) (string, error) {
	for i := 0; i < len(units); i++ {
		if !utf16.IsSurrogate(rune(units[i])) {
			continue
		}
		if i+1 == len(units) || utf16.DecodeRune(rune(units[i]), rune(units[i+1])) == '\uFFFD' {
			return "", errors.New(`a \u escape is half of a character, without the other half`)
		}
		i++
	}
	return string(utf16.Decode(units)), nil
}

func escapedByte(c byte) byte {
	switch c {
	case 't':
		return '\t'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 'f':
		return '\f'
	}
	return c
}

func isBlank(c byte) bool           { return c == ' ' || c == '\t' || c == '\f' }
func isSeparator(c byte) bool       { return c == '=' || c == ':' }
func trimBlanks(text []byte) []byte { return bytes.TrimLeft(text, " \t\f") }
