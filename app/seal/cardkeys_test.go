package seal

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealtest"
)

func fixedCardKeys(name string) CardKeys {
	return CardKeys{Signing{sealing.Of(sealtest.Fixed(name + " signing"))}, KEMPrivate{sealing.Of(sealtest.Fixed(name + " kem"))}}
}

// fixedCards returns cards of the generations 1, 2, …, each with the keys of its generation.
func fixedCards(t testing.TB, user chain.ID, generations int) ([]CardKeys, []*chain.Card) {
	t.Helper()
	keys := []CardKeys{fixedCardKeys("card 1")}
	first, err := FirstCard(user, "ann@example.com", keys[0])
	if err != nil {
		t.Fatal(err)
	}
	cards := []*chain.Card{first}
	for len(cards) < generations {
		next := fixedCardKeys("card " + string('1'+rune(len(cards))))
		card, err := NextCard(cards[len(cards)-1], keys[len(keys)-1], "ann@example.com", next)
		if err != nil {
			t.Fatal(err)
		}
		keys, cards = append(keys, next), append(cards, card)
	}
	return keys, cards
}

func TestCardsAreSignedByTheirOwnAndTheFormerKeys(t *testing.T) {
	t.Parallel()
	keys, cards := fixedCards(t, fixedID("user"), 3)
	var known chain.Cards
	for i, c := range cards {
		if err := known.Add(c); err != nil || c.Generation != int64(i+1) {
			t.Errorf("card %d: %v", i+1, err)
		}
		if c.SigningKey != keys[i].Signing.Public() || !bytes.Equal(c.KEMKey, keys[i].KEM.Public()) {
			t.Errorf("card %d has other keys", i+1)
		}
	}
	if err := known.Descends(cards[2].Hash(), cards[0].Hash()); err != nil {
		t.Errorf("the third does not descend from the first: %v", err)
	}
	renamed, err := NextCard(cards[2], keys[2], "ann@example.org", keys[2])
	if err != nil || renamed.SigningKey != cards[2].SigningKey || known.Add(renamed) != nil || known.Descends(renamed.Hash(), cards[0].Hash()) != nil {
		t.Errorf("a new username: %v", err)
	}
}

func TestCardsAreRefusedWithWrongKeysAndNames(t *testing.T) {
	t.Parallel()
	user := fixedID("user")
	keys, cards := fixedCards(t, user, 1)
	mixed := CardKeys{keys[0].Signing, fixedCardKeys("other").KEM}
	for name, former := range map[string]CardKeys{"other keys": fixedCardKeys("other"), "another KEM key": mixed, "another signing key": {fixedCardKeys("other").Signing, keys[0].KEM}} {
		if c, err := NextCard(cards[0], former, "ann@example.com", fixedCardKeys("next")); c != nil || !errors.Is(err, ErrCardKeys) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, username := range []string{"", "a b", "a#1", "\xff", strings.Repeat("a", 256), strings.Repeat("a", 256+9)} {
		if _, err := FirstCard(user, username, keys[0]); !errors.Is(err, chain.ErrCard) {
			t.Errorf("%q: %v", username, err)
		}
		if _, err := NextCard(cards[0], keys[0], username, keys[0]); !errors.Is(err, chain.ErrCard) {
			t.Errorf("%q, next: %v", username, err)
		}
	}
	if _, err := FirstCard(chain.ID{}, "ann@example.com", keys[0]); !errors.Is(err, chain.ErrCard) {
		t.Errorf("no user: %v", err)
	}
}

func TestSigningIsEd25519(t *testing.T) {
	t.Parallel()
	k := fixedCardKeys("card 1").Signing
	public, message := k.Public(), []byte("message")
	signature := k.Sign(message)
	if !ed25519.Verify(public[:], message, signature[:]) || ed25519.Verify(public[:], []byte("massage"), signature[:]) {
		t.Error("the signature does not verify, or verifies another message")
	}
}

func TestNewCardKeysDiffer(t *testing.T) {
	t.Parallel()
	a, b := NewCardKeys(), NewCardKeys()
	if a.Signing.Equal(b.Signing) || a.KEM.Equal(b.KEM) || sealing.Equal(&a.Signing.secret, &a.KEM.secret) {
		t.Error("new keys are equal")
	}
}

func fixedIdentity(t testing.TB) (*Identity, []*chain.Card) {
	t.Helper()
	user := fixedID("user")
	keys, cards := fixedCards(t, user, 2)
	return &Identity{
		User: user, KeyGeneration: 3, Genesis: fixedHash("genesis"), Before: fixedHash("before"), Cards: keys,
		Former: []AccountKey{fixedAccountKey("account 2"), fixedAccountKey("account 1")},
	}, cards
}

func TestIdentityIsSealed(t *testing.T) {
	t.Parallel()
	key := fixedAccountKey("account")
	i, cards := fixedIdentity(t)
	token, err := key.SealIdentity(i)
	if err != nil {
		t.Fatal(err)
	}
	open := func(s string) (*Identity, error) { return key.OpenIdentity(i.User, 3, s) }
	got, err := open(token)
	if err != nil || !bytes.Equal(got.encode(), i.encode()) {
		t.Fatalf("%+v, %v", got, err)
	}
	refusesOtherSpellings(t, token, func(s string) error { _, err := open(s); return err }, ErrAltered)
	if keys, err := got.Keys(cards[0]); err != nil || !keys.KEM.Equal(i.Cards[0].KEM) {
		t.Errorf("keys of the first card: %v", err)
	}
	anchor, err := got.Anchor(cards[1])
	if err != nil || anchor != (chain.Anchor{Genesis: i.Genesis, Before: i.Before, Card: cards[1]}) {
		t.Errorf("%+v, %v", anchor, err)
	}
	got.Wipe()
	if !sealing.IsZero(&got.Cards[1].Signing.secret) || !sealing.IsZero(&got.Cards[0].KEM.secret) || !sealing.IsZero(&got.Former[1].secret) {
		t.Error("a wiped identity has keys")
	}
}

func TestIdentitiesAreRefused(t *testing.T) {
	t.Parallel()
	key, other := fixedAccountKey("account"), fixedID("other")
	i, _ := fixedIdentity(t)
	token, err := key.SealIdentity(i)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key        AccountKey
		user       chain.ID
		generation int64
		token      string
		want       error
	}{
		"another key":         {fixedAccountKey("other"), i.User, 3, token, ErrAltered},
		"another user":        {key, other, 3, token, ErrAltered},
		"another user inside": {key, other, 3, sealtest.Forge(t, key.identityKey(other), i.encode()), ErrWrongUser},
		"an older key":        {key, i.User, 4, token, ErrOldKey},
		"a newer key":         {key, i.User, 2, token, ErrOldKey},
	} {
		if got, err := c.key.OpenIdentity(c.user, c.generation, c.token); got != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A holder of the account key can seal any plaintext.
func TestMalformedIdentitiesAreAltered(t *testing.T) {
	t.Parallel()
	key := fixedAccountKey("account")
	i, _ := fixedIdentity(t)
	valid := i.encode()
	const generation, genesis = 2 + 16, 2 + 16 + 8
	const cards = genesis + 32 + 32
	const former = cards + 2 + 2*64
	bad := malformed(valid, map[string]int{"format": 0, "type": 1, "generation": generation, "cards": cards, "former": former})
	zero := func(at, n int) []byte {
		b := bytes.Clone(valid)
		clear(b[at : at+n])
		return b
	}
	bad["no user"] = zero(2, 16)
	bad["generation 0"] = zero(generation, 8)
	bad["no genesis"] = zero(genesis, 32)
	bad["no entry before"] = zero(genesis+32, 32)
	bad["zero signing key"] = zero(cards+2, 32)
	bad["zero KEM key"] = zero(cards+2+32, 32)
	bad["zero former key"] = zero(former+1, 32)
	bad["no cards"] = append(zero(cards, 2)[:cards+2], valid[former:]...)
	bad["too many former keys for the generation"] = func() []byte { b := zero(generation, 8); b[generation+7] = 2; return b }()
	for name, b := range bad {
		if got, err := key.OpenIdentity(i.User, 3, sealtest.Forge(t, key.identityKey(i.User), b)); got != nil || !errors.Is(err, ErrAltered) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIdentitiesThatCannotBeOpenedAreNotSealed(t *testing.T) {
	t.Parallel()
	key := fixedAccountKey("account")
	for name, c := range map[string]struct {
		change func(*Identity)
		want   error
	}{
		"no user":              {func(i *Identity) { i.User = chain.ID{} }, ErrBadID},
		"generation 0":         {func(i *Identity) { i.KeyGeneration = 0 }, ErrBadPlace},
		"no genesis":           {func(i *Identity) { i.Genesis = chain.Hash{} }, ErrBadPlace},
		"no entry before":      {func(i *Identity) { i.Before = chain.Hash{} }, ErrBadPlace},
		"no card":              {func(i *Identity) { i.Cards = nil }, ErrBadPlace},
		"too many cards":       {func(i *Identity) { i.Cards = make([]CardKeys, MaxCardKeys+1) }, ErrTooLarge},
		"too many former keys": {func(i *Identity) { i.KeyGeneration, i.Former = 99, make([]AccountKey, MaxFormerKeys+1) }, ErrBadPlace},
		"more than generation": {func(i *Identity) { i.KeyGeneration = 2 }, ErrBadPlace},
	} {
		i, _ := fixedIdentity(t)
		c.change(i)
		if token, err := key.SealIdentity(i); token != "" || !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheLargestIdentityIsSealedAndOpened(t *testing.T) {
	t.Parallel()
	key := fixedAccountKey("account")
	i, _ := fixedIdentity(t)
	i.KeyGeneration = MaxFormerKeys + 1
	for len(i.Cards) < MaxCardKeys {
		i.Cards = append(i.Cards, i.Cards[0])
	}
	for len(i.Former) < MaxFormerKeys {
		i.Former = append(i.Former, i.Former[0])
	}
	token, err := key.SealIdentity(i)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := key.OpenIdentity(i.User, i.KeyGeneration, token); err != nil {
		t.Error(err)
	}
}

func TestCardsMustFitTheIdentity(t *testing.T) {
	t.Parallel()
	i, cards := fixedIdentity(t)
	stranger, err := FirstCard(fixedID("other"), "bob", i.Cards[0])
	if err != nil {
		t.Fatal(err)
	}
	forged, err := NextCard(cards[0], i.Cards[0], "ann@example.com", fixedCardKeys("forged"))
	if err != nil {
		t.Fatal(err)
	}
	third, err := NextCard(cards[1], i.Cards[1], "ann@example.com", i.Cards[1])
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*chain.Card{"another user's": stranger, "with other keys": forged, "newer": third, "without a generation": {User: i.User}} {
		if _, err := i.Keys(c); !errors.Is(err, ErrCardKeys) {
			t.Errorf("keys of a card %s: %v", name, err)
		}
		if _, err := i.Anchor(c); !errors.Is(err, ErrCardKeys) {
			t.Errorf("anchor of a card %s: %v", name, err)
		}
	}
	if _, err := i.Anchor(cards[0]); !errors.Is(err, ErrCardKeys) {
		t.Errorf("anchor of the old card: %v", err)
	}
}

// A device without memory resumes from the identity alone.
func TestRegistrationCanBeResumed(t *testing.T) {
	t.Parallel()
	user, vault := fixedID("user"), fixedID("vault")
	account, epoch := fixedAccountKey("account"), fixedEpochKey("epoch 1")
	keys, cards := fixedCards(t, user, 1)
	var known chain.Cards
	if err := known.Add(cards[0]); err != nil {
		t.Fatal(err)
	}
	envelope, err := epoch.SealEnvelope(vault, 1, cards[0])
	if err != nil {
		t.Fatal(err)
	}
	create := &chain.Entry{
		Vault: vault, Type: chain.Personal, Op: chain.OpCreate, Author: user, AuthorCard: cards[0].Hash(), Epoch: 1,
		Commitment: epoch.Commitment(vault, 1),
		Roster:     []chain.Member{{User: user, Card: cards[0].Hash(), Role: chain.Owner, Envelope: chain.HashOf(chain.HashEnvelope, envelope)}},
	}
	create.Sign(keys[0].Signing)
	state, err := chain.Begin(create, &known)
	if err != nil {
		t.Fatal(err)
	}
	identity, err := account.SealIdentity(&Identity{User: user, KeyGeneration: 1, Genesis: create.Hash(), Before: create.Hash(), Cards: keys})
	if err != nil {
		t.Fatal(err)
	}
	password := PasswordKey{sealing.Of(sealtest.Fixed("password")), fixedKDF("salt")}
	wrap, err := password.WrapKey().Wrap(account, user, 1)
	if err != nil {
		t.Fatal(err)
	}
	d := &chain.Document{
		KeyGeneration: 1, Salt: password.kdf.Salt, Cost: password.kdf.Cost, Identity: chain.HashOf(chain.HashIdentity, []byte(identity)), Card: cards[0].Hash(),
		Wraps: []chain.Wrap{{Method: chain.MethodPassword, Hash: chain.HashOf(chain.HashWrap, []byte(wrap)), AuthKey: password.AuthKey().Hash()}},
	}
	entry := *create
	entry.Sequence, entry.Previous, entry.Write, entry.Op, entry.Annex = 1, create.Hash(), create.Hash(), chain.OpAccount, d.Hash()
	entry.Sign(keys[0].Signing, keys[0].Signing)
	if _, err := state.Follow([]*chain.Entry{&entry}, nil, &known); err != nil {
		t.Fatal(err)
	}

	key, generation, err := password.WrapKey().Unwrap(wrap, user, 0)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := key.OpenIdentity(user, generation, identity)
	if err != nil {
		t.Fatal(err)
	}
	anchor, err := opened.Anchor(cards[0])
	if err != nil {
		t.Fatal(err)
	}
	resumed, err := anchor.Resume(&entry, d, identity, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := opened.Cards[0].KEM.OpenEnvelope(resumed.Entry, user, envelope)
	if err != nil || !got.Equal(epoch) {
		t.Errorf("epoch key: %v", err)
	}
}
