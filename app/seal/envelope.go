package seal

import (
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// addressee is the epoch of a vault and the member that an envelope is for.
type addressee struct {
	vault chain.ID
	epoch uint32
	to    chain.ID
	card  chain.Hash // of the member's card
}

func (a addressee) append(b []byte) []byte {
	b = appendEpoch(b, a.vault, a.epoch)
	b = append(b, a.to[:]...)
	return append(b, a.card[:]...)
}

func (a addressee) info() []byte { return a.append([]byte(labelEnvelope)) }

func (a addressee) encode(key EpochKey) []byte {
	b := append(make([]byte, 0, 128), chain.Format, plainEnvelope)
	return append(a.append(b), sealing.Bytes(&key.secret)...)
}

// parseEnvelope reverses encode. It accepts only plaintexts that encode can produce.
func parseEnvelope(b []byte) (a addressee, key EpochKey, ok bool) {
	in := read(b, plainEnvelope)
	a = addressee{vault: in.ID(), epoch: in.Uint32(), to: in.ID(), card: in.Hash()}
	key = EpochKey{in.key()}
	return a, key, in.OK()
}

const (
	encapsulatedSize = 1088 + 32 // a ciphertext of ML-KEM-768 and a public key of X25519
	// EnvelopeBytes is the size of every envelope: an encapsulated key, and a token with a ciphertext of 112 bytes.
	EnvelopeBytes = encapsulatedSize + (sealing.TokenOverhead+112+2)/3*4
)

// SealEnvelope encrypts the key of an epoch for the member with this card. Callers pass cards of the roster that they are about to sign,
// and put the chain.HashEnvelope of the result into the member's line. It returns an error only for a card that chain refuses.
func (k EpochKey) SealEnvelope(vault chain.ID, epoch uint32, to *chain.Card) ([]byte, error) {
	a := addressee{vault, epoch, to.User, to.Hash()}
	// HPKE only exports the key, because everything at rest is a Fernet token.
	encapsulated, key, err := encapsulateTo(to.KEMKey, a.info())
	if err != nil {
		return nil, fmt.Errorf("seal envelope: %w", err)
	}
	b := a.encode(k)
	defer clear(b)
	token, err := sealing.SealToken(key, b)
	return append(encapsulated, token...), err
}

// OpenEnvelope decrypts the envelope that a verified log entry names for user, with the keys of user's card in that roster, and returns
// the key of the entry's epoch. It returns ErrNotMember if the roster has no such user; ErrAltered if the roster names another envelope,
// or this one does not open; ErrMisplaced if it names another vault, epoch, user or card; ErrCommitment if the entry commits to another
// key. If the roster names the envelope, the author of the log entry that put it there is at fault.
func (k KEMPrivate) OpenEnvelope(e *chain.Entry, user chain.ID, envelope []byte) (EpochKey, error) {
	m := e.Member(user)
	if m == nil {
		return EpochKey{}, ErrNotMember
	}
	if chain.HashOf(chain.HashEnvelope, envelope) != m.Envelope {
		return EpochKey{}, fmt.Errorf("envelope %w", ErrAltered)
	}
	return k.openEnvelope(addressee{e.Vault, e.Epoch, user, m.Card}, e.Commitment, envelope)
}

func (k KEMPrivate) openEnvelope(a addressee, commitment chain.Hash, envelope []byte) (EpochKey, error) {
	refuse := func(err error) (EpochKey, error) { return EpochKey{}, fmt.Errorf("envelope %w", err) }
	if len(envelope) != EnvelopeBytes {
		return refuse(ErrAltered)
	}
	key, err := k.decapsulate(envelope[:encapsulatedSize], a.info())
	if err != nil {
		return refuse(ErrAltered)
	}
	b, err := sealing.OpenToken(key, string(envelope[encapsulatedSize:]))
	if err != nil {
		return refuse(ErrAltered)
	}
	defer clear(b)
	sealed, epochKey, ok := parseEnvelope(b)
	switch {
	case !ok:
		return refuse(ErrAltered)
	case sealed != a:
		return refuse(ErrMisplaced)
	case epochKey.Commitment(a.vault, a.epoch) != commitment:
		return refuse(ErrCommitment)
	}
	return epochKey, nil
}
