package source

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Digest is the SHA-256 of an artifact, as "sha256:" and 64 lower-case hex digits.
type Digest string

const digestPrefix = "sha256:"

// ParseDigest reads "sha256:HEX", or HEX alone.
func ParseDigest(s string) (Digest, error) {
	kind, digits, named := strings.Cut(s, ":")
	if !named {
		kind, digits = "sha256", s
	}
	if !strings.EqualFold(kind, "sha256") {
		return "", fmt.Errorf("cannot read checksum %q: only sha256 is supported; write sha256: and 64 hex digits", s)
	}
	digits = strings.ToLower(digits)
	if sum, err := hex.DecodeString(digits); err != nil || len(sum) != 32 {
		return "", fmt.Errorf("cannot read checksum %q: sha256 takes 64 hex digits, these are %d characters", s, len(digits))
	}
	return Digest(digestPrefix + digits), nil
}

// Hex is the digest's hex digits alone.
func (d Digest) Hex() string { return strings.TrimPrefix(string(d), digestPrefix) }

func (d Digest) String() string { return string(d) }
