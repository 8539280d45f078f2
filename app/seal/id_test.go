package seal_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/seal"
)

// If ids could begin with any character, the probability that none of 5,000 begins with a hyphen would be 10⁻³⁴.
func TestNoIDBeginsWithAHyphen(t *testing.T) {
	t.Parallel()
	for range 5000 {
		for _, id := range []string{string(seal.NewUserID()), string(seal.NewAccountID()), string(seal.NewAttachmentID())} {
			if id[0] == '-' {
				t.Fatalf("id %q", id)
			}
		}
	}
}
