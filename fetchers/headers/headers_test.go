package headers_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/headers"
)

func TestRange(t *testing.T) {
	t.Parallel()
	require.Equal(t, "bytes=5-", headers.Range(5, -1))
	require.Equal(t, "bytes=5-9", headers.Range(5, 10))
}

func TestContentRange(t *testing.T) {
	t.Parallel()
	first, last, total, ok := headers.ContentRange("bytes 5-9/10")
	require.Equal(t, []any{int64(5), int64(9), int64(10), true}, []any{first, last, total, ok})
	_, _, total, ok = headers.ContentRange("bytes 5-9/*")
	require.True(t, ok)
	require.Zero(t, total)
	for _, bad := range []string{"", "bytes */10", "bytes 9-5/10", "bytes 5-10/10", "bytes a-9/10", "bytes 5-b/10", "bytes 5-9/c", "bytes -5-9/10", "5-9/10"} {
		_, _, _, ok := headers.ContentRange(bad)
		require.False(t, ok, bad)
	}
}

func TestUnsatisfied(t *testing.T) {
	t.Parallel()
	total, ok := headers.Unsatisfied("bytes */10")
	require.True(t, ok)
	require.EqualValues(t, 10, total)
	for _, bad := range []string{"", "bytes */*", "bytes */-1", "bytes 0-9/10", "*/10"} {
		_, ok := headers.Unsatisfied(bad)
		require.False(t, ok, bad)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"7": 7 * time.Second, "-7": 0, "": 0, "soon": 0, "999999999": 24 * time.Hour,
		"Mon, 03 Feb 2020 04:05:36 GMT": 30 * time.Second, "Mon, 03 Feb 2020 04:05:00 GMT": 0, "Mon, 03 Feb 2025 04:05:00 GMT": 24 * time.Hour,
	} {
		require.Equal(t, want, headers.RetryAfter(text, now), text)
	}
}

func FuzzContentRange(f *testing.F) {
	for _, s := range []string{"bytes 5-9/10", "bytes 5-9/*", "bytes */10", "bytes 9-5/10", "bytes 0-9223372036854775807/*", "bytes -5-9/10", "bytes +5-9/10"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		first, last, total, ok := headers.ContentRange(s)
		if ok && (first < 0 || last < first || last+1 < last || (total != 0 && last >= total) || total < 0) {
			t.Errorf("%q gave %d-%d/%d", s, first, last, total)
		}
		if size, ok := headers.Unsatisfied(s); ok && size < 0 {
			t.Errorf("%q gave the size %d", s, size)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
	f.Add("7")
	f.Add("Mon, 03 Feb 2020 04:05:06 GMT")
	f.Fuzz(func(t *testing.T, s string) {
		if wait := headers.RetryAfter(s, now); wait < 0 || wait > 24*time.Hour {
			t.Errorf("%q gave %v", s, wait)
		}
	})
}
