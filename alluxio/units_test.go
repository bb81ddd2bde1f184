package alluxio_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

func TestParseSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"64MB": 64 << 20, " 64mb ": 64 << 20, "1.5g": 3 << 29, "1kib": 1 << 10, "1Gi": 1 << 30, "1024": 1024, "10B": 10, "0": 0,
		"2T": 2 << 40, "3pb": 3 << 50, "+5m": 5 << 20, ".5m": 1 << 19, "1e3": 1000, "0.1KB": 102, "9007199254740993": 9007199254740993,
	} {
		got, err := alluxio.ParseSize(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "MB", "64 MB", "-1", "1d", "7EB", "0x10", "1_0m", "1/2m", "1.5.5g", "NaN", "Inf", "8192PB", "1.m",
		"1e99999999", "99999999999999999999999999999999999999999999", "--1", "e1", "infinity1"} {
		_, err := alluxio.ParseSize(text)
		assert.Error(t, err, text)
	}
}

func TestFormatSize(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0B", 1: "1B", 1023: "1023B", 1024: "1KB", 256 << 20: "256MB", 3 << 29: "1536MB", 1 << 30: "1GB", 5 << 50: "5PB",
		1<<60 + 1: "1152921504606846977B", math.MaxInt64: "9223372036854775807B",
	} {
		assert.Equal(t, want, alluxio.FormatSize(n))
		back, err := alluxio.ParseSize(want)
		require.NoError(t, err)
		assert.Equal(t, n, back)
	}
}

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"5min": 5 * time.Minute, "1hour": time.Hour, "30s": 30 * time.Second, "500ms": 500 * time.Millisecond, "100": 100 * time.Millisecond,
		"10day": 240 * time.Hour, "1M": time.Minute, "1hr": time.Hour, "-1": -time.Millisecond, "5SEC": 5 * time.Second,
		"2weeks": 336 * time.Hour, "1week": 168 * time.Hour, "3w": 504 * time.Hour, " 5s ": 5 * time.Second, "0": 0,
	} {
		got, err := alluxio.ParseDuration(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "s", "1.5h", "5 s", "5seconds", "1y", "999999999999d", "-999999999999d", "1e3s"} {
		_, err := alluxio.ParseDuration(text)
		assert.Error(t, err, text)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]alluxio.Version{
		"2.9.6": {Major: 2, Minor: 9, Patch: 6}, "1.8.2": {Major: 1, Minor: 8, Patch: 2},
		"2.10.0-SNAPSHOT": {Major: 2, Minor: 10, Suffix: "-SNAPSHOT"}, "2.9.5.1": {Major: 2, Minor: 9, Patch: 5, Suffix: ".1"},
	} {
		got, err := alluxio.ParseVersion(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got)
		assert.Equal(t, text, got.String())
	}
	assert.Equal(t, "2.9.0", version(t, "2.9").String())
	for _, text := range []string{"", "2", "2.x", "v2.9.6", "2.9.6 ", "2.9.6/..", "../2.9", "2.9.-", "99999.1"} {
		_, err := alluxio.ParseVersion(text)
		assert.Error(t, err, text)
	}
	v := version(t, "2.9.6")
	assert.True(t, v.AtLeast(1, 10) && v.AtLeast(2, 9) && v.AtLeast(2, 0))
	assert.False(t, v.AtLeast(2, 10) || v.AtLeast(3, 0))
}
