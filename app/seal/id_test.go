package seal

import (
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
)

// If ids could begin with any character, the probability that none of 5,000 begins with a hyphen would be 10⁻³⁴.
func TestNoIDBeginsWithAHyphen(t *testing.T) {
	t.Parallel()
	seen := map[chain.ID]bool{}
	for range 5000 {
		id := NewID()
		if id.String()[0] == '-' || seen[id] {
			t.Fatalf("id %q", id)
		}
		seen[id] = true
	}
}

func TestSaltsHaveOneSpelling(t *testing.T) {
	t.Parallel()
	s := NewSalt()
	if got, err := ParseSalt(s.String()); err != nil || got != s || s == NewSalt() {
		t.Errorf("%s: %s, %v", s, got, err)
	}
	text := s.String()
	for name, bad := range map[string]string{
		"empty": "", "short": text[:21], "long": text + "A", "padded": text + "==", "standard": "++++++++++++++++++++AA",
		"stray bits": "AAAAAAAAAAAAAAAAAAAAAB", "line break": "AAAAAAAAAAAAAAAAAAAA\nA", "zero": "AAAAAAAAAAAAAAAAAAAAAA",
	} {
		if _, err := ParseSalt(bad); !errors.Is(err, ErrBadID) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
