package client

import (
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

func TestAccountKeyOfAnotherGenerationOpensNothing(t *testing.T) {
	t.Parallel()
	p := signedParts{document: &chain.Document{KeyGeneration: 2}}
	for _, generation := range []int64{1, 3} {
		if _, err := p.openIdentity(seal.NewID(), seal.NewAccountKey(), generation); !errors.Is(err, seal.ErrOldKey) {
			t.Errorf("generation %d: %v", generation, err)
		}
	}
}
