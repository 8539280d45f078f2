package main

import (
	"testing"
	"time"
)

func TestMoments(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 2*60*60)
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, zone)
	for text, want := range map[string]time.Time{
		"": {}, "2026-01-31": time.Date(2026, 1, 31, 0, 0, 0, 0, zone), "2026-01-31T09:26:53Z": time.Date(2026, 1, 31, 9, 26, 53, 0, time.UTC),
		"7d": time.Date(2026, 3, 3, 12, 0, 0, 0, zone), "12h": time.Date(2026, 3, 10, 0, 0, 0, 0, zone), "0d": now,
	} {
		if got, err := parseMoment(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, bad := range []string{"d", "-1d", "7", "7w", "yesterday", "2026-02-30", "9999999999d", "1.5h", "€", "7€"} {
		if got, err := parseMoment(bad, now); err == nil {
			t.Errorf("%q is %v", bad, got)
		}
	}
}
