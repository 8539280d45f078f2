package seal

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

func knownSecret(t *testing.T) protocol.JoinSecret {
	t.Helper()
	s, ok := protocol.ParseJoinSecret("AAECAwQFBgcICQoLDA0ODw")
	if !ok {
		t.Fatal("not a secret")
	}
	return s
}

func TestOffersOpenOnlyWithTheSecret(t *testing.T) {
	t.Parallel()
	k := KeysOfInvitation(knownSecret(t))
	for _, content := range [][]byte{{}, []byte("offer"), make([]byte, MaxOfferContent)} {
		token, err := k.SealOffer(content)
		if err != nil || len(token) > protocol.MaxOfferBytes {
			t.Fatalf("%d bytes: %v", len(token), err)
		}
		if got, err := k.OpenOffer(token); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes: %v", len(content), err)
		}
		if _, err := KeysOfInvitation(protocol.NewJoinSecret()).OpenOffer(token); !errors.Is(err, ErrAltered) {
			t.Errorf("with another secret: %v", err)
		}
	}
	if _, err := k.SealOffer(make([]byte, MaxOfferContent+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	for name, plaintext := range map[string][]byte{
		"a device's own data": pad([]byte{chain.Format, plainDevice}, []byte("x")),
		"another format":      pad([]byte{1, plainOffer}, []byte("x")),
		"without padding":     {chain.Format, plainOffer, 0, 0, 0, 1, 'x'},
		"nothing":             {},
	} {
		token, err := sealing.SealToken(k.Offer.secret, plaintext)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.OpenOffer(token); !errors.Is(err, ErrAltered) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The numbers are those of docs/sealed-format.md.
func TestKnownAnswer(t *testing.T) {
	t.Parallel()
	k := KeysOfInvitation(knownSecret(t))
	user, card := chain.ID(slices.Repeat([]byte{1}, 16)), chain.Hash(slices.Repeat([]byte{2}, 32))
	offer := chain.HashOf(chain.HashOffer, []byte("offer"))
	got := k.Answer(offer, user, card)
	const want = "2f06f6b11cc347740bfb79c0589a60b41f538adfff22c940419bcef9ae6296e4"
	if got.String() != want {
		t.Errorf("the answer is %s", got)
	}
	for name, is := range map[string]bool{
		"another offer": k.Answered(got, chain.Hash{1}, user, card), "another user": k.Answered(got, offer, chain.ID{1}, card),
		"another card": k.Answered(got, offer, user, chain.Hash{1}), "another secret": KeysOfInvitation(protocol.NewJoinSecret()).Answered(got, offer, user, card),
		"nothing": k.Answered(chain.Hash{}, offer, user, card),
	} {
		if is {
			t.Errorf("%s is taken", name)
		}
	}
	if !k.Answered(got, offer, user, card) {
		t.Error("the answer is refused")
	}
}
