package source

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// jsonLayouts are the layouts of JSON libraries in other languages, beside those of tables.
var jsonLayouts = []string{
	"2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05 Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02T15:04Z0700", "2006-01-02T15:04",
	"2006-01-02 15:04:05Z0700", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05 Z0700", "2006-01-02 15:04:05 -0700 UTC", "20060102T150405Z0700",
}

// jsonTime parses a date with an optional time and zone (default UTC), or a number of seconds, milliseconds, microseconds or
// nanoseconds since 1970, which may be fractional and negative.
func jsonTime(s string) (time.Time, bool) {
	s = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(s), "/Date("), ")/") // .NET
	if t, ok := parseTime(s); ok {
		return t, true
	}
	for _, layout := range jsonLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	const lastSecond = 1e11 // as in parseTime
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || n == 0 || math.IsNaN(n) || math.Abs(n) >= lastSecond*1e9 { // not a number, or beyond nanoseconds
		return time.Time{}, false
	}
	for n *= 1000; math.Abs(n) >= lastSecond*1000; {
		n /= 1000
	}
	return time.UnixMilli(int64(math.Round(n))).UTC(), true
}

// ChosenDay returns the day that a user chose where the file has local midnight, which is another day in UTC for half of the
// world. Thirteen hours later it is the same day from Auckland in summer to Honolulu. For any other time of day, it returns
// t.
func ChosenDay(t time.Time) string {
	if IsMidnight(t) {
		t = t.Add(13 * time.Hour)
	}
	return t.UTC().Format(time.DateOnly)
}

// IsMidnight reports whether t may be midnight somewhere: UTC offsets are multiples of a quarter of an hour.
func IsMidnight(t time.Time) bool { return t.Equal(t.Truncate(15 * time.Minute)) }
