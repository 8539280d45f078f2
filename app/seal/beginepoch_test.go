package seal

import (
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
)

// To begin an epoch takes the key of the one before, and the card of every member.
func TestBeginEpochRefuses(t *testing.T) {
	t.Parallel()
	keys := NewCardKeys()
	user, vault := NewID(), NewID()
	card, err := FirstCard(user, "olga", keys)
	if err != nil {
		t.Fatal(err)
	}
	cards := &chain.Cards{}
	if err := cards.Add(card); err != nil {
		t.Fatal(err)
	}
	key := NewEpochKey()
	entry := func(m chain.Member) *chain.Entry {
		return &chain.Entry{Vault: vault, Epoch: 1, Commitment: key.Commitment(vault, 1), Roster: []chain.Member{m}}
	}
	line := chain.Member{User: user, Card: card.Hash(), Role: chain.Owner}
	before := []PreviousKey{{1, key}}
	e := entry(line)
	envelopes, err := BeginEpoch(e, before, cards)
	if err != nil || len(envelopes) != 1 || e.Epoch != 2 || e.Roster[0].Envelope != chain.HashOf(chain.HashEnvelope, envelopes[0]) {
		t.Fatalf("%+v, %v", e, err)
	}
	if next, err := keys.KEM.OpenEnvelope(e, user, envelopes[0]); err != nil || next.Equal(key) {
		t.Errorf("the new key: %v", err)
	}
	for name, c := range map[string]struct {
		line   chain.Member
		before []PreviousKey
		want   error
	}{
		"no key":              {line, nil, ErrCommitment},
		"another key":         {line, []PreviousKey{{1, NewEpochKey()}}, ErrCommitment},
		"of another epoch":    {line, []PreviousKey{{2, key}}, ErrCommitment},
		"no card":             {chain.Member{User: user, Card: chain.Hash{1}}, before, chain.ErrUnknownCard},
		"the card of another": {chain.Member{User: NewID(), Card: card.Hash()}, before, chain.ErrUnknownCard},
		"keys not in order":   {line, []PreviousKey{{1, key}, {1, key}}, ErrBadPlace},
	} {
		if _, err := BeginEpoch(entry(c.line), c.before, cards); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
