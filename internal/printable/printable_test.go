package printable_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/internal/printable"
)

func TestText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "cannot: überall\n\tno": "cannot: überall\n\tno",
		"\x1b]0;title\a\x1b[31mred": "?]0;title??[31mred", "a\rb\x00c\x7f": "a?b?c?", "\u009b31m": "?31m", "a\u202eb": "a?b", "a\xffb": "a?b",
	} {
		require.Equal(t, want, printable.Text(in))
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a?b", printable.Line("a\nb", 3))
	require.Equal(t, "ab...", printable.Line("abc", 2))
	require.Equal(t, "a...", printable.Line("aéé", 2), "no half characters")
}
