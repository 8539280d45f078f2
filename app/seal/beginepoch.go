package seal

import (
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
)

// BeginEpoch fills in what a new epoch changes in e, which is about to be signed and still has the epoch before: its number, its commitment,
// the keys of earlier epochs, and an envelope for each line of the roster that e has. before has the key of the epoch before first, as in
// SealPrevious. cards has the cards of that roster, and the key is sealed to no others. It returns the envelopes in the order of the roster,
// and chain.ErrUnknownCard if a card is missing.
func BeginEpoch(e *chain.Entry, before []PreviousKey, cards *chain.Cards) ([][]byte, error) {
	if len(before) == 0 || before[0].Epoch != e.Epoch || before[0].Key.Commitment(e.Vault, e.Epoch) != e.Commitment {
		return nil, ErrCommitment
	}
	key := NewEpochKey()
	defer key.Wipe()
	e.Epoch++
	e.Commitment = key.Commitment(e.Vault, e.Epoch)
	var err error
	if e.PreviousKeys, err = key.SealPrevious(e.Vault, e.Epoch, before); err != nil {
		return nil, fmt.Errorf("seal the keys of earlier epochs: %w", err)
	}
	envelopes := make([][]byte, len(e.Roster))
	for i := range e.Roster {
		if envelopes[i], err = key.SealTo(e, &e.Roster[i], cards); err != nil {
			return nil, err
		}
	}
	return envelopes, nil
}

// SealTo seals the key of the epoch of e, which is about to be signed, for a line of its roster, and names the envelope there.
func (k EpochKey) SealTo(e *chain.Entry, line *chain.Member, cards *chain.Cards) ([]byte, error) {
	card := cards.Get(line.Card)
	if card == nil || card.User != line.User {
		return nil, chain.ErrUnknownCard
	}
	envelope, err := k.SealEnvelope(e.Vault, e.Epoch, card)
	if err == nil {
		line.Envelope = chain.HashOf(chain.HashEnvelope, envelope)
	}
	return envelope, err
}
