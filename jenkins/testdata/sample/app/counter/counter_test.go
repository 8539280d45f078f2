package counter

import "testing"

func TestWinnerHasMostVotes(t *testing.T) {
	if got := Winner(map[string]int{"a": 1, "b": 3, "c": 2}, []string{"a", "b", "c"}); got != "b" {
		t.Errorf("the winner is %q, want b", got)
	}
}
