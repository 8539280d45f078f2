package client

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// A new username is a new card with the same account key, so only the cards tell which of two accounts is the older one.
func TestOnlyTheKnownCardAndItsSuccessorsAreKnown(t *testing.T) {
	t.Parallel()
	v, _ := testvault.NewPerson("anna").Found()
	for range 2 {
		v.Follow(v.DraftAccount(testvault.Renewal{Card: true}))
	}
	cards := &chain.Cards{}
	for _, c := range v.Owner.Cards {
		if err := cards.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	stranger := testvault.NewPerson("anna").Card()
	if err := cards.Add(stranger); err != nil {
		t.Fatal(err)
	}
	known := v.Owner.Cards[1].Hash()
	device := &unlocked{remembered: Remembered{Card: base64.RawURLEncoding.EncodeToString(known[:])}}
	for name, c := range map[string]struct {
		card chain.Hash
		want error
	}{
		"the same":      {known, nil},
		"its successor": {v.Owner.Cards[2].Hash(), nil},
		"an older one":  {v.Owner.Cards[0].Hash(), ErrOtherIdentity},
		"a stranger's":  {stranger.Hash(), ErrOtherIdentity},
		"a missing one": {chain.Hash{1}, ErrOtherIdentity},
	} {
		if err := device.knows(c.card, cards); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, memory := range []string{"", "AAAA", "?"} {
		device.remembered.Card = memory
		if err := device.knows(known, cards); !errors.Is(err, ErrMemory) {
			t.Errorf("memory %q: %v", memory, err)
		}
	}
}
