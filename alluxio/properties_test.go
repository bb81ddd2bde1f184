package alluxio_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

func TestProperties(t *testing.T) {
	t.Parallel()
	var p alluxio.Properties
	p.Delete("none")
	p.Set("b", "1")
	p.Set("a", "2")
	p.Set("b", "3")
	assert.Equal(t, []string{"b", "a"}, p.Keys())
	assert.Equal(t, map[string]string{"a": "2", "b": "3"}, p.Map())
	assert.Equal(t, 2, p.Len())

	copied := p
	copied.Set("c", "4")
	copied.Delete("b")
	assert.Equal(t, []string{"a", "c"}, copied.Keys())
	assert.Equal(t, []string{"b", "a"}, p.Keys(), "a change to a copy shows in the original")
	value, ok := p.Get("b")
	assert.True(t, ok)
	assert.Equal(t, "3", value)

	assert.Equal(t, "b=3\na=5\nc=4\n", string(alluxio.Merge(p, alluxio.FromMap(map[string]string{"c": "4", "a": "5"})).Bytes()))
	assert.Equal(t, []string{"a", "c"}, alluxio.FromMap(map[string]string{"c": "4", "a": "5"}).Keys())
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"comments and blanks", "# one\n\n  ! two \\\n\ta.b = 1\n", "a.b=1|"},
		{"separators", "a.a=1\na.b:2\na.c 3\na.d\t = 4\na.e ==5\n", "a.a=1|a.b=2|a.c=3|a.d=4|a.e==5|"},
		{"no value", "a.a=\na.b :\n", "a.a=|a.b=|"},
		{"blanks behind the value stay", "a.a=1  \n", "a.a=1  |"},
		{"continued", "a.a=1,\\\n   2,\\\r\n\t3\na.b=4\\\\\n", `a.a=1,2,3|a.b=4\|`},
		{"continued comment-like", "a.a=1\\\n# 2\n", "a.a=1# 2|"},
		{"continued at the end", "a.a=1\\", "a.a=1|"},
		{"old line ends", "a.a=1\ra.b=2\r\na.c=3", "a.a=1|a.b=2|a.c=3|"},
		{"escapes", `a\ b\=c.d=\t1\n\:\q\u00e9`, "a b=c.d=\t1\n:q\u00e9|"},
		{"two units make one character", `a.a=\uD83D\uDE00`, "a.a=\U0001F600|"},
		{"latin", "a.a=\xe9", "a.a=\u00e9|"},
		{"not expanded", "a.a=${a.b}/x", "a.a=${a.b}/x|"},
		{"the last counts, the place stays", "a.a=1\na.b=2\na.a=3\n", "a.a=3|a.b=2|"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := parse(t, c.text)
			var got strings.Builder
			for _, key := range p.Keys() {
				value, _ := p.Get(key)
				got.WriteString(key + "=" + value + "|")
			}
			assert.Equal(t, c.want, got.String())
		})
	}
}

func TestParseProblems(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"all at once, with their lines", "a.a=1\n\nthis is nothing\na.b=\\u12\n#\n=3\na.c=\\uD83D\n\\u00zz=1\n", []string{
			`site:3: this is not "key=value"`,
			`site:4: in the value of a.b: a \u escape has fewer than four digits`,
			"site:6: there is no key before the separator",
			`site:7: in the value of a.c: a \u escape is half of a character, without the other half`,
			`site:8: in the key: a \u escape is not followed by four hexadecimal digits`,
		}},
		{"a line is where it begins", "a.a=1,\\\n2\nhm\n", []string{`site:3: this is not "key=value"`}},
		{"a key alone", "alluxio.master.hostname\n", []string{`site:1: this is not "key=value"`}},
		{"a file of another kind", "PK\x00\x01", []string{"site:1: this is not a properties file: it has NUL bytes in it"}},
		{"a byte order mark", "\xef\xbb\xbfa.a=1", []string{"site:1: the file starts with a byte order mark, " +
			"which Java takes for part of the first key: save it without one"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := alluxio.ParseProperties("site", []byte(c.text))
			require.Error(t, err)
			assert.Equal(t, strings.Join(c.want, "\n"), err.Error())
		})
	}
}

func TestParseProblemsQuoteNoValue(t *testing.T) {
	t.Parallel()
	_, err := alluxio.ParseProperties("site", []byte("s3a.secretKey=hunter2\\u0\nhunter2\ns3a.secretKey\\u0=hunter2\n"))
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "hunter2")
}

func TestResolve(t *testing.T) {
	t.Parallel()
	p := parse(t, `
a.plain=x
a.nested = ${a.outer}/${a.plain}
a.outer=<${a.plain}>
alluxio.work.dir=/work
a.journal=${alluxio.master.journal.folder}
a.self=${a.self}
a.round=${a.trip}
a.trip=-${a.round}
a.lost=${a.none}
a.open=${a.plain
a.odd=$${a.plain}}${}
alluxio.underfs.address=hdfs://x
a.alias=${alluxio.master.mount.table.root.ufs}
`[1:])
	for _, c := range []struct{ key, want, problem string }{
		{"a.plain", "x", ""},
		{"a.nested", "<x>/x", ""},
		{"a.journal", "/work/journal", ""},
		{"alluxio.master.metastore.dir", "/work/metastore", ""},
		{"alluxio.conf.dir", "/opt/alluxio/conf", ""},
		{"alluxio.worker.rpc.port", "29999", ""},
		{"alluxio.worker.port", "29999", ""},
		{"a.alias", "hdfs://x", ""},
		{"a.open", "${a.plain", ""},
		{"a.self", "", "cannot resolve a.self: it refers to itself: a.self -> a.self"},
		{"a.round", "", "cannot resolve a.round: it refers to itself: a.round -> a.trip -> a.round"},
		{"a.lost", "", "cannot resolve a.lost: ${a.none} in a.lost has no value: set a.none, or write the value out"},
		{"a.odd", "", "cannot resolve a.odd: ${} in a.odd has no value: set , or write the value out"},
	} {
		value, ok, err := p.Resolve(c.key)
		if c.problem != "" {
			assert.EqualError(t, err, c.problem)
			continue
		}
		require.NoError(t, err, c.key)
		assert.True(t, ok, c.key)
		assert.Equal(t, c.want, value, c.key)
	}
	_, ok, err := p.Resolve("a.none")
	require.NoError(t, err)
	assert.False(t, ok)
}

func TestParseOverrides(t *testing.T) {
	t.Parallel()
	p, err := alluxio.ParseOverrides([]string{"-Da.b=1=2", "c= 3 ", "a.b=", "-De.f=${c}"})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"a.b": "", "c": " 3 ", "e.f": "${c}"}, p.Map())

	_, err = alluxio.ParseOverrides([]string{"-Da.b", "=1", "a b=2", "ok=1"})
	assert.EqualError(t, err, `override 1 is not "key=value": give -Dkey=value
override 2 has no key before "=": give -Dkey=value
override 3 has blanks in its key: give -Dkey=value`)
}
