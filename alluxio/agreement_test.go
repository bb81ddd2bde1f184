package alluxio_test

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

const generated = 3000

// TestAgreesWithJava holds the parser and the printer against java.util.Properties, over files made of all that is
// awkward in this format. Where ours refuses a file, Java may read it (see ParseProperties); where Java refuses one,
// ours has to.
func TestAgreesWithJava(t *testing.T) {
	t.Parallel()
	java := findJava(t)
	random := rand.New(rand.NewPCG(1, 2))
	dir := t.TempDir()
	inputs := map[string][]byte{}
	for i := range generated {
		inputs[fmt.Sprintf("in%d", i)] = awkwardFile(random)
	}
	parsed := map[string]alluxio.Properties{}
	for name, data := range inputs {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
		if p, err := alluxio.ParseProperties(name, data); err == nil {
			parsed[name] = p
			require.NoError(t, os.WriteFile(filepath.Join(dir, "printed-"+name), p.Bytes(), 0o600))
		}
	}
	require.Greater(t, len(parsed), generated/4, "too few of the files can be parsed at all")

	read := readByJava(t, java, dir)
	for name, p := range parsed {
		require.NotContains(t, read[name], "!", "Java refuses this, ours does not: %q", inputs[name])
		assert.Equal(t, units(p), read[name], "read differently: %q", inputs[name])
		assert.Equal(t, units(p), read["printed-"+name], "printed differently: %q as %q", inputs[name], p.Bytes())
		again, err := alluxio.ParseProperties(name, p.Bytes())
		require.NoError(t, err)
		assert.Equal(t, p, again)
	}
}

// awkwardFile strings some pieces together.
func awkwardFile(random *rand.Rand) []byte {
	pieces := []string{
		"a.b", "key.c", "x", "=", ":", " ", "\t", "\f", "\n", "\r", "\r\n", "\\", "\\\n", "\\\r\n", "\\\\", "\\u0041", "\\uD83D\\uDE00",
		"\\u00", "\\t", "\\n", "\\z", "#", "!", "\xe9", "\xff", "${a.b}", "\\=", "\\:", "\\ ", "\x01", "\x7f", "v", "1.5", "'", "\"",
		"a.b=", "c.d : ", "\ne.f=", "\n\\ g.h=", "\n#",
	}
	var file []byte
	for range 1 + random.IntN(14) {
		file = append(file, pieces[random.IntN(len(pieces))]...)
	}
	return file
}

// readByJava returns what Java reads from each file of dir, in hexadecimal UTF-16; of a file that it refuses, "!".
func readByJava(t *testing.T, java alluxio.Java, dir string) map[string]map[string]string {
	t.Helper()
	read := map[string]map[string]string{}
	for _, line := range strings.Split(runJava(t, java, ".", "Load.java", dir), "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if read[fields[0]] == nil {
			read[fields[0]] = map[string]string{}
		}
		if fields[1] == "!" {
			read[fields[0]]["!"] = ""
			continue
		}
		read[fields[0]][fields[1]] = fields[2]
	}
	return read
}

// units writes properties as Load.java does. Without any, it is nil, as no line is printed.
func units(p alluxio.Properties) map[string]string {
	var all map[string]string
	for key, value := range p.Map() {
		if all == nil {
			all = map[string]string{}
		}
		all[hexUnits(key)] = hexUnits(value)
	}
	return all
}

func hexUnits(text string) string {
	var b strings.Builder
	b.WriteByte('x')
	for _, unit := range utf16.Encode([]rune(text)) {
		b.WriteString(hex.EncodeToString([]byte{byte(unit >> 8), byte(unit)}))
	}
	return b.String()
}
