package await

import "testing"

func TestUntilPollsUntilTrue(t *testing.T) {
	asked := 0
	Until(t, "the third answer", func() bool { asked++; return asked == 3 })
	if asked != 3 {
		t.Errorf("asked %d times", asked)
	}
}

func TestUntilGivesUp(t *testing.T) {
	if within(3*between, func() bool { return false }) {
		t.Error("it did not fail")
	}
}
