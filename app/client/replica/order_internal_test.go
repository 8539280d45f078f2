package replica

import (
	"slices"
	"testing"
)

func TestTitlesAreInTheOrderThatPeopleCount(t *testing.T) {
	t.Parallel()
	want := []string{"", "10", "a", "mail", "mail 2", "mail 2 b", "mail 10", "mail 010 b", "mail 99999999999999999999999", "mail b", "ü 1"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, compareTitles)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Binary search in the list of items fails if the order is inconsistent.
func FuzzCompareTitles(f *testing.F) {
	f.Add("mail 2", "mail 10", "mail 02")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if compareTitles(a, b) != -compareTitles(b, a) {
			t.Errorf("%q and %q: each is before the other", a, b)
		}
		if compareTitles(a, b) <= 0 && compareTitles(b, c) <= 0 && compareTitles(a, c) > 0 {
			t.Errorf("%q, %q, %q form a cycle", a, b, c)
		}
	})
}
