package source

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"
)

// DigestOf finds the digest of the file called name in what a checksum file holds: lines as
// sha256sum writes them ("HEX  NAME", or with --tag "SHA256 (NAME) = HEX"), or a digest
// alone. Where there is only one digest, the name does not matter: a mirror may have
// another. An error quotes no more than names.
func DigestOf(sums []byte, name string) (Digest, error) {
	lines := sumLines(sums)
	if len(lines) == 0 {
		return "", errors.New("it holds no sha256 digest; what sha256sum prints is understood, or 64 hex digits alone")
	}
	found, names := Digest(""), []string{}
	for _, line := range lines {
		names = append(names, line.name)
		if len(lines) > 1 && path.Base(line.name) != name {
			continue
		}
		if found != "" && found != line.digest {
			return "", fmt.Errorf("it holds two digests of %q", name)
		}
		found = line.digest
	}
	if found == "" {
		return "", fmt.Errorf("it holds %d digests and none of %q, but of %s", len(lines), name, some(names))
	}
	return found, nil
}

type sumLine struct {
	digest Digest
	name   string
}

func sumLines(sums []byte) []sumLine {
	plain := regexp.MustCompile(`^\\?((?i:sha256:)?[0-9A-Fa-f]{64})(?:[ \t]+\*?(.*))?$`)
	tagged := regexp.MustCompile(`^SHA2?-?256 ?\((.*)\) ?= ?([0-9A-Fa-f]{64})$`)
	var lines []sumLine
	scanner := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(sums, []byte("\ufeff"))))
	for scanner.Scan() {
		text := strings.TrimSpace(scanner.Text())
		digest, name := "", ""
		if found := plain.FindStringSubmatch(text); found != nil {
			digest, name = found[1], found[2]
		} else if found := tagged.FindStringSubmatch(text); found != nil {
			digest, name = found[2], found[1]
		}
		if d, err := ParseDigest(digest); err == nil {
			lines = append(lines, sumLine{d, name})
		}
	}
	return lines
}

// some is the first names, in a length that a reader stands.
func some(names []string) string {
	const most, longest = 5, 80
	var shown []string
	for _, name := range names[:min(most, len(names))] {
		if len(name) > longest || !utf8.ValidString(name) {
			name = strings.ToValidUTF8(name[:min(longest, len(name))], "") + "..."
		}
		shown = append(shown, fmt.Sprintf("%q", name))
	}
	if len(names) > most {
		shown = append(shown, "...")
	}
	return strings.Join(shown, ", ")
}
