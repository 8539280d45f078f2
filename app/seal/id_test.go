package seal_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Of 5,000 ids that may begin with anything, none with a hyphen is as likely as 10⁻³⁴.
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
