package source

import (
	"strconv"
	"testing"
	"time"
)

func TestOtherNumbersAreNotTimes(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"1.7976931348623157e308", "-1.7976931348623157e308", "1e300", "1e20", "-1e20", "1e999", "NaN", "nan", "Inf", "-Infinity", "0", "-0", "0.0", "", "-", "e5", "0x", "\x00",
	} {
		if got, ok := jsonTime(s); ok {
			t.Errorf("%q is %s", s, got)
		}
	}
}

func FuzzTimes(f *testing.F) {
	for _, s := range []string{"1700000000", "-1.5", "1.7976931348623157e308", "9223372036854775807", "2026-01-02T03:04:05Z", "9999-12-31T23:59:59-12:00", "/Date(1)/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, parse := range map[string]func(string) (time.Time, bool){"table": parseTime, "JSON": jsonTime} {
			got, ok := parse(s)
			if _, err := strconv.ParseFloat(s, 64); !ok || err != nil { // a layout may require a four-digit year
				continue
			}
			if got.Year() < -5000 || got.Year() > 15000 {
				t.Errorf("%s: %q is %s", name, s, got)
			}
		}
	})
}
