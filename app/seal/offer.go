package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// InvitationKeys are what the two ends of an invitation link share, and no server: one key seals the offer of the inviter, the other proves
// who answers it.
type InvitationKeys struct {
	Offer OfferKey
	Join  JoinKey
}

// OfferKey seals an offer. JoinKey proves an answer.
type (
	OfferKey struct{ secret }
	JoinKey  struct{ secret }
)

// KeysOfInvitation derives the keys from the secret of a link.
func KeysOfInvitation(s protocol.JoinSecret) InvitationKeys {
	return InvitationKeys{OfferKey{sealing.Of(s.Key(labelOffer))}, JoinKey{sealing.Of(s.Key(labelJoin))}}
}

// Wipe does what MasterKey.Wipe does.
func (k *InvitationKeys) Wipe() {
	sealing.Wipe(&k.Offer.secret)
	sealing.Wipe(&k.Join.secret)
}

// MaxOfferContent bounds the content of an offer, so that its token has at most protocol.MaxOfferBytes.
const MaxOfferContent = 20<<10 - 16

// SealOffer encrypts the offer of an invitation.
func (k InvitationKeys) SealOffer(content []byte) (string, error) {
	if len(content) > MaxOfferContent {
		return "", ErrTooLarge
	}
	token, err := sealing.SealToken(k.Offer.secret, pad([]byte{chain.Format, plainOffer}, content))
	if err != nil {
		return "", fmt.Errorf("seal offer: %w", err)
	}
	return token, nil
}

// OpenOffer decrypts an offer. It returns ErrAltered unless somebody with the secret of the link sealed it.
func (k InvitationKeys) OpenOffer(token string) ([]byte, error) {
	plaintext, err := sealing.OpenTokenUpTo(protocol.MaxOfferBytes, k.Offer.secret, token)
	if err != nil {
		return nil, fmt.Errorf("open offer: %w", ErrAltered)
	}
	r := read(plaintext, plainOffer)
	if r.Bad() {
		return nil, fmt.Errorf("open offer: %w", ErrAltered)
	}
	content, ok := sealing.CutPadded(plaintext, 2)
	if !ok || len(content) > MaxOfferContent {
		return nil, fmt.Errorf("open offer: %w", ErrAltered)
	}
	return content, nil
}

// Answer proves that the user with a card of generation 1 has the secret of the link, and has seen this offer.
func (k InvitationKeys) Answer(offer chain.Hash, user chain.ID, card chain.Hash) chain.Hash {
	mac := hmac.New(sha256.New, sealing.Bytes(&k.Join.secret))
	_, _ = mac.Write(offer[:]) // a hash never returns an error
	_, _ = mac.Write(user[:])
	_, _ = mac.Write(card[:])
	return chain.Hash(mac.Sum(nil))
}

// Answered compares an answer in constant time.
func (k InvitationKeys) Answered(answer, offer chain.Hash, user chain.ID, card chain.Hash) bool {
	want := k.Answer(offer, user, card)
	return hmac.Equal(answer[:], want[:])
}
