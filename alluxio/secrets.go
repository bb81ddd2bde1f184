package alluxio

import "strings"

// Hidden is shown in the place of a secret value.
const Hidden = "***"

// secretKeys are properties that Alluxio 2.9 itself never shows (DisplayType.CREDENTIALS in its PropertyKey, which a
// test compares) and those of 1.8 that its code treats alike, in lower case, as far as no pattern below covers them.
const secretKeys = `
fs.cos.access.key
fs.swift.apikey
fs.swift.tenant
fs.swift.user
`

// secretWords make a key secret wherever they stand in it.
const secretWords = "secret password passwd passphrase credential"

// secretEnds make a key secret if it ends with them, blanks and dots taken out.
const secretEnds = "token accesskey accesskeyid secretkey privatekey apikey accountkey sastoken"

// secretStarts are followed by an account or a container.
const secretStarts = "fs.azure.account.key. fs.azure.sas."

// mountOption is put before the options of the root mount, which are secret as they would be on their own.
const mountOption = "alluxio.master.mount.table.root.option."

// IsSecret says whether the value of key must never be shown: not in an argv, an environment, a log or a status.
// It would rather hide too much (the path of a file with credentials) than too little.
func IsSecret(key string) bool {
	key = strings.ToLower(strings.TrimSpace(key))
	key = strings.TrimPrefix(key, mountOption)
	for _, known := range strings.Fields(secretKeys) {
		if key == known {
			return true
		}
	}
	for _, word := range strings.Fields(secretWords) {
		if strings.Contains(key, word) {
			return true
		}
	}
	for _, start := range strings.Fields(secretStarts) {
		if strings.HasPrefix(key, start) {
			return true
		}
	}
	joined := strings.NewReplacer(".", "", "-", "", "_", "").Replace(key)
	for _, end := range strings.Fields(secretEnds) {
		if strings.HasSuffix(joined, end) {
			return true
		}
	}
	return false
}

// Redact returns p with every secret value replaced.
func Redact(p Properties) Properties {
	shown := p.Clone()
	for _, key := range shown.keys {
		if IsSecret(key) {
			shown.values[key] = Hidden
		}
	}
	return shown
}
