package source

import (
	"strconv"
	"strings"
	"time"
)

// timeLayouts are those in which day and month cannot be confused.
var timeLayouts = []string{
	time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04:05 MST", "2006/01/02 15:04:05", "2006/01/02 15:04", "2006/01/02", "2.1.2006 15:04:05", "2.1.2006 15:04", "2.1.2006", "2.1.2006, 15:04:05",
	time.RFC1123, time.RFC1123Z, time.RFC850, time.ANSIC, time.UnixDate, "2 January 2006", "2 Jan 2006", "January 2, 2006", "Jan 2, 2006",
	"Jan 2, 2006 15:04:05", "Jan 2, 2006 3:04:05 PM", "Jan 2, 2006, 3:04:05 PM", "2 Jan 2006 15:04:05",
}

// SetTime parses a time in one of the layouts, in UTC unless it has a zone, or a number that parseTime knows.
func SetTime(to *time.Time, value string) bool {
	t, ok := parseTime(strings.TrimSpace(value))
	if ok {
		*to = t
	}
	return ok
}

// Browsers of the Chromium family count microseconds since 1601, Windows a tenth of that.
const (
	microsecondsTo1970 = 11_644_473_600_000_000
	lastMicrosecond    = 2 * microsecondsTo1970 // in the year 2338
)

// parseTime parses a time in one of the layouts, or a count: seconds, milliseconds, microseconds or nanoseconds since 1970,
// or the counts of browsers and Windows.
func parseTime(s string) (time.Time, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return parseLayout(s)
	}
	if n <= 0 {
		return time.Time{}, false
	}
	for _, unit := range []int64{1, 10} {
		if n >= microsecondsTo1970*unit && n < lastMicrosecond*unit {
			return time.UnixMicro(n/unit - microsecondsTo1970).UTC(), true
		}
	}
	const lastSecond = 100_000_000_000 // in the year 5138; larger numbers are milliseconds or smaller units
	for n >= lastSecond*1000 {
		n /= 1000
	}
	if n < lastSecond {
		n *= 1000
	}
	return time.UnixMilli(n).UTC(), true
}

// dayLayouts are those of a day in which day and month cannot be confused.
var dayLayouts = []string{"2006-1-2", "2006/1/2", "2.1.2006", "2 January 2006", "2 Jan 2006", "January 2, 2006", "Jan 2, 2006", "January,2,2006"}

// day returns a date as YYYY-MM-DD, and any other text unchanged.
func day(s string) string {
	for _, layout := range dayLayouts {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
			return t.Format(time.DateOnly)
		}
	}
	return s
}

func parseLayout(s string) (time.Time, bool) {
	for _, layout := range timeLayouts {
		// In UTC, because time.Parse interprets offsets and abbreviations by the local time zone.
		if t, err := time.ParseInLocation(layout, s, time.UTC); err == nil && !unknownZone(t) {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// unknownZone reports whether a time has a zone abbreviation that package time does not know and takes for UTC.
func unknownZone(t time.Time) bool {
	name, offset := t.Zone()
	return offset == 0 && name != "" && name != "UTC" && name != "GMT" && name != "Z"
}
