package alluxio

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// ParseSize reads a number of bytes as Alluxio does (FormatUtils.parseSpaceSize): "64MB", "1.5g", "1024", "2GiB"; all
// units are powers of 1024. What Alluxio turns into nonsense, a negative size or one beyond 8 EB, is refused.
func ParseSize(s string) (int64, error) {
	text := strings.TrimSpace(s)
	split := strings.LastIndexAny(text, "0123456789") + 1
	factor, known := sizeFactor(strings.ToLower(text[split:]))
	number := text[:split]
	// big.Rat would take fractions and hexadecimal as well.
	if !known || number == "" || strings.Trim(number, "+-.0123456789eE") != "" || len(number) > 40 {
		return 0, fmt.Errorf("%q is not a size: write a number and B, KB, MB, GB, TB or PB, such as 512MB", s)
	}
	if exponent, err := strconv.ParseFloat(number, 64); err != nil || math.Abs(exponent) > 1e19 {
		return 0, fmt.Errorf("%q is not a size: write a number and B, KB, MB, GB, TB or PB, such as 512MB", s)
	}
	value, ok := new(big.Rat).SetString(number)
	if !ok || value.Sign() < 0 {
		return 0, fmt.Errorf("%q is not a size: write a positive number and B, KB, MB, GB, TB or PB, such as 512MB", s)
	}
	value.Mul(value, new(big.Rat).SetInt64(factor))
	bytes := new(big.Int).Quo(value.Num(), value.Denom())
	if !bytes.IsInt64() {
		return 0, fmt.Errorf("%q is too large a size", s)
	}
	return bytes.Int64(), nil
}

func sizeFactor(unit string) (int64, bool) {
	if unit == "" || unit == "b" {
		return 1, true
	}
	power := strings.IndexByte("kmgtp", unit[0])
	switch unit[1:] {
	case "", "b", "i", "ib":
		return 1 << (10 * (power + 1)), power >= 0
	}
	return 0, false
}

// FormatSize prints a number of bytes so that ParseSize and Alluxio read the same number back: in the largest unit
// that holds it without a fraction.
func FormatSize(n int64) string {
	unit := 0
	for unit < 5 && n != 0 && n%1024 == 0 {
		n /= 1024
		unit++
	}
	return strconv.FormatInt(n, 10) + [...]string{"B", "KB", "MB", "GB", "TB", "PB"}[unit]
}

// ParseDuration reads a time as Alluxio does (FormatUtils.parseTimeSize): "30s", "5min", "1hour", "500ms", "2day"; a
// number without a unit is milliseconds, and there are no fractions. Weeks, which Alluxio does not know, are for the
// framework's own properties: "2w", "1week", "2weeks".
func ParseDuration(s string) (time.Duration, error) {
	text := strings.TrimSpace(s)
	split := strings.LastIndexAny(text, "0123456789") + 1
	number, err := strconv.ParseInt(text[:split], 10, 64)
	unit, known := timeUnit(strings.ToLower(text[split:]))
	if err != nil || !known {
		return 0, fmt.Errorf("%q is not a time: write a whole number and ms, s, min, h, d or w, such as 30s", s)
	}
	if number > math.MaxInt64/int64(unit) || number < math.MinInt64/int64(unit) {
		return 0, fmt.Errorf("%q is too long a time: at most 292 years", s)
	}
	return time.Duration(number) * unit, nil
}

func timeUnit(name string) (time.Duration, bool) {
	switch name {
	case "", "ms", "millisecond":
		return time.Millisecond, true
	case "s", "sec", "second":
		return time.Second, true
	case "m", "min", "minute":
		return time.Minute, true
	case "h", "hr", "hour":
		return time.Hour, true
	case "d", "day":
		return 24 * time.Hour, true
	case "w", "week", "weeks":
		return 7 * 24 * time.Hour, true
	}
	return 0, false
}
