package main

import (
	"strings"
	"testing"
)

func TestPrintedTableIsReadBack(t *testing.T) {
	var printed strings.Builder
	if err := table(&printed, []row{
		{"saving one record in a vault of 10,000 (0.63 ms) against 10 (0.64 ms), p50", 0.985, 1.5, "times"},
		{"first load of the page, brotli", 1.53, 1.6, "MB"},
	}); err != nil {
		t.Fatal(err)
	}
	got, err := parseTable(printed.String())
	want := []figure{{"saving one record in a vault of 10,000 against 10, p50", 0.985, "times"}, {"first load of the page, brotli", 1.53, "MB"}}
	if err != nil || len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
}

func TestMalformedTableIsRejected(t *testing.T) {
	for _, printed := range []string{"", "panic: no", "| what | measured | at most | measured / at most |\n| a | fast | 1 s | 1 |\n"} {
		if got, err := parseTable(printed); err == nil {
			t.Errorf("%q was read as %v", printed, got)
		}
	}
}

func TestRatiosUseMediansAndNameMissingFigures(t *testing.T) {
	runs := [][]figure{
		{{"a", 3, "ms"}, {"gone", 1, "ms"}}, {{"a", 1, "ms"}, {"gone", 1, "ms"}}, {{"a", 2, "ms"}, {"gone", 1, "ms"}},
	}
	var printed strings.Builder
	if err := ratios(&printed, "0123456789ab", medians(runs), []figure{{"a", 3, "ms"}, {"new", 5, "MB"}}); err != nil {
		t.Fatal(err)
	}
	words := strings.Join(strings.Fields(printed.String()), " ")
	for _, line := range []string{"| a | 2.00 ms | 3.00 ms | 1.50 |", "| new | not measured | 5.00 MB |", "| gone | 1.00 ms | not measured |"} {
		if !strings.Contains(words, line) {
			t.Errorf("%q is missing in\n%s", line, printed.String())
		}
	}
}
