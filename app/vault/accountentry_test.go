package vault_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/store/sqlite"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

func TestNewPasswordEndsOtherSessions(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	u.item("first")
	other := u.mustLogin()
	old := u.authKey
	u.renew(newPassword())
	u.unmoved()
	if _, err := u.Account(t.Context(), u.session); err != nil {
		t.Error(err)
	}
	if _, err := u.store.Session(t.Context(), other.Hash, u.clock.Now()); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("the other session: %v", err)
	}
	u.mustLogin()
	u.authKey = old
	if _, err := u.login(); !errors.Is(err, vault.ErrInvalidCredentials) {
		t.Errorf("the old password: %v", err)
	}
	kdf, err := u.Prelogin(t.Context(), protocol.PreloginRequest{Username: "ada"})
	if err != nil || kdf.Salt != chain.ID(newPassword().KDF.Salt).String() {
		t.Errorf("%+v, %v", kdf, err)
	}
}

func TestRotationEndsOtherSessions(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	for _, c := range []struct {
		renewal testvault.Renewal
		ends    bool
	}{
		{testvault.Renewal{}, false}, {testvault.Renewal{Epoch: true}, false}, {testvault.Renewal{Card: true}, false},
		{testvault.Renewal{AccountKey: true, Card: true, Epoch: true}, true},
	} {
		other := u.mustLogin()
		u.renew(c.renewal)
		u.item("after it")
		u.unmoved()
		_, err := u.store.Session(t.Context(), other.Hash, u.clock.Now())
		if ended := errors.Is(err, vault.ErrNotFound); ended != c.ends {
			t.Errorf("%+v: the other session: %v", c.renewal, err)
		}
	}
}

// costlier returns the key of the same password at a higher cost.
var costlier = sync.OnceValue(func() testvault.Renewal {
	kdf := seal.NewKDF(chain.CurrentCost + 1)
	key, err := seal.DerivePasswordKey(testvault.Password, kdf)
	if err != nil {
		panic(err)
	}
	return testvault.Renewal{Password: &key, KDF: kdf}
})

// At a higher cost, the same password has another auth key.
func TestTheSamePasswordAtAHigherCostEndsNoSession(t *testing.T) {
	t.Parallel()
	for _, claimed := range []bool{true, false} {
		u := newSite(t).register("ada")
		other := u.mustLogin()
		a := u.amend(costlier())
		a.in.SamePassword = claimed
		if err := u.AccountEntry(t.Context(), u.session, a.in); err != nil {
			t.Fatal(err)
		}
		_, err := u.store.Session(t.Context(), other.Hash, u.clock.Now())
		if ended := errors.Is(err, vault.ErrNotFound); ended == claimed {
			t.Errorf("claimed: %v, the other session: %v", claimed, err)
		}
		u.authKey = costlier().Password.AuthKey().Encode()
		u.mustLogin()
	}
}

// A thief who was signed in would stay so after a new password or new keys.
func TestOnlyAHigherCostMayClaimTheSamePassword(t *testing.T) {
	t.Parallel()
	rotated := costlier()
	rotated.AccountKey, rotated.Card, rotated.Epoch = true, true, true
	for name, r := range map[string]testvault.Renewal{"nothing new": {}, "a new password": newPassword(), "new keys too": rotated} {
		u := newSite(t).register("ada")
		a := u.amend(r)
		a.in.SamePassword = true
		bad("same_password is only for").check(t, u.AccountEntry(t.Context(), u.session, a.in))
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// amended is an account entry for a test to alter.
type amended struct {
	testvault.Entry
	document *chain.Document
	card     *chain.Card // nil if none is sent
	keys     vault.Keys
	signers  []chain.Signer
	in       protocol.AccountEntryRequest // the keys and the envelope
}

func (u *user) amend(r testvault.Renewal) *amended {
	signers := []chain.Signer{u.signer()}
	e := u.DraftAccount(r)
	a := &amended{Entry: e, keys: e.Account.User.Keys, card: e.Account.Card}
	var err error
	if a.document, err = chain.ParseDocument(a.keys.Document); err != nil {
		u.t.Fatal(err)
	}
	a.signers = append(signers, u.signer())
	a.in = protocol.AccountEntryRequest{CurrentAuthKey: u.authKey, Change: accountEntry(e)}
	if r.Password != nil {
		a.in.Change.AuthKey = r.Password.AuthKey().Encode()
	}
	return a
}

// sign signs the altered entry, and returns the request.
func (a *amended) sign() {
	e := a.Entry.Entry
	if e.Op == chain.OpAccount {
		e.Annex = a.document.Hash()
	}
	e.Sign(a.signers...)
	a.in.Change.Entry, a.in.Change.Keys = encode(e.Encode()), wireKeys(a.keys)
	a.in.Change.Keys.Document = encode(a.document.Encode())
	if a.card != nil {
		a.in.Change.Card = encode(a.card.Encode())
	}
}

type attack struct {
	renewal testvault.Renewal
	forge   func(u *user, a *amended)                      // before the entry is signed again
	sent    func(u *user, r *protocol.AccountEntryRequest) // after
	want    refusal
}

var thief = testvault.NewPerson("thief")

// A thief has the token of a session, in some cases the password, and can send whatever the owner ever signed.
var accountAttacks = map[string]attack{
	"without the password": {
		sent: func(u *user, r *protocol.AccountEntryRequest) { r.CurrentAuthKey = u.phraseKey },
		want: refusal{protocol.CodeInvalidCredentials, ""},
	},
	"signed by the thief": {forge: func(_ *user, a *amended) {
		a.signers = []chain.Signer{signerOf(thief), signerOf(thief)}
	}, want: bad("signature is wrong")},
	"signed once": {forge: func(_ *user, a *amended) { a.signers = a.signers[:1] }, want: bad("signature is wrong")},
	"by the thief as author": {forge: func(_ *user, a *amended) {
		a.Entry.Entry.Author, a.Entry.Entry.AuthorCard = thief.ID, thief.Card().Hash()
		a.signers = []chain.Signer{signerOf(thief), signerOf(thief)}
	}, want: bad("author is not a member")},
	"of another user": {sent: func(u *user, r *protocol.AccountEntryRequest) {
		r.Change = u.register("eve").amend(testvault.Renewal{}).in.Change
	}, want: bad("another vault")},
	"of an earlier state": {sent: func(u *user, r *protocol.AccountEntryRequest) {
		u.renew(testvault.Renewal{})
	}, want: stale("does not follow")},
	"under a known write": {sent: func(u *user, r *protocol.AccountEntryRequest) { u.item("since") }, want: stale("older than a known write")},
	"with another write":  {forge: func(_ *user, a *amended) { a.Entry.Entry.Write[0]++ }, want: stale("another is known")},
	"that only rotates": {renewal: testvault.Renewal{Epoch: true}, forge: func(u *user, a *amended) {
		a.Entry.Entry.Op, a.Entry.Entry.Annex, a.signers = chain.OpRotate, u.State.Entry.Annex, a.signers[:1]
	}, want: bad("must be an account entry")},
	"with another member": {forge: func(_ *user, a *amended) { a.Entry.Entry.Roster[0].User = thief.ID }, want: bad("roster changed")},
	"with a role":         {forge: func(_ *user, a *amended) { a.Entry.Entry.Roster[0].Role = chain.Editor }, want: bad("no owner")},
	"with many previous keys": {renewal: testvault.Renewal{Epoch: true}, forge: func(_ *user, a *amended) {
		a.Entry.Entry.PreviousKeys = string(make([]byte, 5000))
	}, want: refusal{protocol.CodeTooLarge, "entry"}},

	"with the document of another": {sent: func(u *user, r *protocol.AccountEntryRequest) {
		r.Change.Keys = wireKeys(u.register("mallory").Keys)
	}, want: bad("account document does not match")},
	"with the document before": {sent: func(u *user, r *protocol.AccountEntryRequest) {
		r.Change.Keys = wireKeys(u.Keys)
	}, want: bad("account document does not match")},
	"with another identity": {sent: func(u *user, r *protocol.AccountEntryRequest) {
		r.Change.Keys.Identity = u.Keys.Identity
	}, want: bad("keys.identity is not that of the document")},
	"with another wrap": {sent: func(u *user, r *protocol.AccountEntryRequest) {
		r.Change.Keys.Wraps[1] = u.Keys.Wraps[1]
	}, want: bad("keys.wraps[1] is not that of the document")},
	"without the wrap of the password": {forge: func(_ *user, a *amended) {
		a.document.Wraps, a.keys.Wraps = a.document.Wraps[1:], a.keys.Wraps[1:]
	}, want: bad("wrap of the password")},
	"with an earlier account key": {forge: func(_ *user, a *amended) { a.document.KeyGeneration = 1 }, want: bad("must not go back")},
	"with a lower cost":           {forge: func(_ *user, a *amended) { a.document.Cost = 1 }, want: bad("must not go back")},
	"with the card of the thief in the document": {
		forge: func(_ *user, a *amended) { a.document.Card = thief.Card().Hash() }, want: bad("account document does not match"),
	},

	"with the card of the thief": {forge: func(_ *user, a *amended) {
		a.card = thief.Card()
		a.takeCard()
		a.signers[1] = signerOf(thief)
	}, want: bad("same user and username")},
	"with a card that the old one did not sign": {renewal: testvault.Renewal{Card: true}, forge: func(_ *user, a *amended) {
		a.card.Before[0]++
	}, want: bad("not signed by the one before")},
	"with a card of another name": {renewal: testvault.Renewal{Card: true}, forge: func(u *user, a *amended) {
		keys := seal.NewCardKeys()
		a.card = must(seal.NextCard(u.Owner.Card(), u.Owner.CardKeys[len(u.Owner.CardKeys)-1], "eve", keys))
		a.takeCard()
		a.signers[1] = keys.Signing
	}, want: bad("same user and username")},
	"with a first card": {renewal: testvault.Renewal{Card: true}, forge: func(u *user, a *amended) {
		keys := seal.NewCardKeys()
		a.card = must(seal.FirstCard(u.Owner.ID, "ada", keys))
		a.takeCard()
		a.signers[1] = keys.Signing
	}, want: bad("does not replace the known one")},
	"with a card after an earlier one": {renewal: testvault.Renewal{Card: true}, forge: func(u *user, a *amended) {
		keys := seal.NewCardKeys()
		a.card = must(seal.NextCard(u.Owner.Cards[0], u.Owner.CardKeys[0], "ada", keys))
		a.takeCard()
		a.signers[1] = keys.Signing
	}, want: bad("two cards have the same user and generation")},
	"without the new card": {renewal: testvault.Renewal{Card: true}, sent: func(_ *user, r *protocol.AccountEntryRequest) {
		r.Change.Card = ""
	}, want: bad("card is missing")},
	"with a card that it does not name": {sent: func(u *user, r *protocol.AccountEntryRequest) {
		r.Change.Card = encode(u.Owner.Card().Encode())
	}, want: bad("must be the new one")},

	"with another envelope": {renewal: testvault.Renewal{Epoch: true}, sent: func(_ *user, r *protocol.AccountEntryRequest) {
		r.Change.Envelope = damaged(r.Change.Envelope)
	}, want: bad("envelope is not the envelope")},
	"without the new envelope": {renewal: testvault.Renewal{Epoch: true}, sent: func(_ *user, r *protocol.AccountEntryRequest) {
		r.Change.Envelope = ""
	}, want: bad("envelope must not be empty")},
	"with an envelope that it does not name": {sent: func(_ *user, r *protocol.AccountEntryRequest) { r.Change.Envelope = "AAAA" }, want: bad("leave it out")},

	"with an auth key that it does not name": {sent: func(u *user, r *protocol.AccountEntryRequest) { r.Change.AuthKey = u.authKey }, want: bad("auth_key is not new")},
	"with another phrase that it does not name": {
		sent: func(u *user, r *protocol.AccountEntryRequest) { r.Change.RecoveryAuthKey = u.phraseKey }, want: bad("recovery_auth_key is not new"),
	},
	"without the new auth key": {forge: func(_ *user, a *amended) { a.document.Wraps[0].AuthKey[0]++ }, want: bad("auth_key must fit the document")},
	"with another new auth key": {forge: func(u *user, a *amended) {
		a.document.Wraps[1].AuthKey[0]++
		a.in.Change.RecoveryAuthKey = u.authKey
	}, want: bad("recovery_auth_key must fit the document")},
	"with a malformed auth key": {sent: func(_ *user, r *protocol.AccountEntryRequest) { r.Change.AuthKey = "key" }, want: bad("auth_key must be 32 bytes")},
	"no entry":                  {sent: func(_ *user, r *protocol.AccountEntryRequest) { r.Change.Entry = "" }, want: bad("entry must not be empty")},
}

// takeCard makes entry and document name the card.
func (a *amended) takeCard() {
	a.Entry.Entry.Roster[0].Card, a.document.Card = a.card.Hash(), a.card.Hash()
}

// attacked returns a user with some history.
func attacked(t *testing.T) *user {
	t.Helper()
	u := newSite(t).register("ada")
	u.item("first")
	u.renew(testvault.Renewal{Epoch: true, Card: true, AccountKey: true})
	u.raiseCost()
	return u
}

// on returns the request of an attack on a user.
func (c attack) on(u *user) protocol.AccountEntryRequest {
	u.Known = &chain.Cards{} // without the card of the attack before
	for _, card := range u.Owner.Cards {
		if err := u.Known.Add(card); err != nil {
			u.t.Fatal(err)
		}
	}
	a := u.amend(c.renewal)
	if c.forge != nil {
		c.forge(u, a)
		a.sign()
	}
	if c.sent != nil {
		c.sent(u, &a.in)
	}
	return a.in
}

// raiseCost makes an account entry with a higher cost, which clients of today do not.
func (u *user) raiseCost() {
	u.t.Helper()
	a := u.amend(testvault.Renewal{})
	a.document.Cost = 2
	a.sign()
	if err := u.AccountEntry(u.t.Context(), u.session, a.in); err != nil {
		u.t.Fatal(err)
	}
	a.keys.Document = a.document.Encode()
	next, err := u.State.Follow([]*chain.Entry{a.Entry.Entry}, nil, u.Known)
	if err != nil {
		u.t.Fatal(err)
	}
	u.State, u.Keys, u.Entries = next, a.keys, append(u.Entries, a.Entry.Entry)
	u.Owner.KDF.Cost = 2
}

func TestSessionAloneCannotChangeTheAccount(t *testing.T) {
	t.Parallel()
	u := attacked(t)
	stolen := u.mustLogin()
	for name, c := range accountAttacks {
		t.Run(name, func(t *testing.T) {
			c.want.check(t, u.AccountEntry(t.Context(), stolen, c.on(u)))
			u.unmoved()
		})
	}
	u.mustLogin()
}

// The phrase proves the person, and signs nothing.
func TestPhraseAloneCannotChangeTheAccount(t *testing.T) {
	t.Parallel()
	u := attacked(t)
	for name, c := range accountAttacks {
		if c.want.code == protocol.CodeInvalidCredentials {
			continue
		}
		t.Run(name, func(t *testing.T) {
			_, err := u.PhraseEntry(t.Context(), protocol.PhraseEntryRequest{
				Username: "ada", RecoveryAuthKey: u.phraseKey, Change: c.on(u).Change, Device: "thief", Transport: protocol.SessionBearer,
			}, vault.Caller{})
			c.want.check(t, err)
			u.unmoved()
		})
	}
}

// fullLog reports a log that has reached its limit.
type fullLog struct {
	*sqlite.Store
	full bool
}

func (f *fullLog) Account(ctx context.Context, name vault.Username) (vault.User, vault.Head, error) {
	u, h, err := f.Store.Account(ctx, name)
	return u, f.fill(h), err
}

func (f *fullLog) Head(ctx context.Context, id chain.ID) (vault.Head, error) {
	h, err := f.Store.Head(ctx, id)
	return f.fill(h), err
}

func (f *fullLog) fill(h vault.Head) vault.Head {
	if f.full {
		e := *h.State.Entry
		e.Sequence = 999
		h.State.Entry = &e
	}
	return h
}

func TestLogIsBounded(t *testing.T) {
	t.Parallel()
	f := &fullLog{}
	u := newSiteOn(t, func(s *sqlite.Store) vault.Store { f.Store = s; return f }).register("ada")
	f.full = true
	refusal{protocol.CodeRecordQuotaReached, "log"}.check(t, u.AccountEntry(t.Context(), u.session, u.amend(testvault.Renewal{}).in))
	refusal{protocol.CodeRecordQuotaReached, "log"}.check(t, u.Entry(t.Context(), u.session, u.ID.String(), rotateRequest(u.DraftRotate())))
	f.full = false
	u.unmoved()
}
