package vault_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

func TestNewUserHasAPersonalVault(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	u.unmoved()
	account, err := u.Account(t.Context(), u.session)
	if err != nil {
		t.Fatal(err)
	}
	if account.Username != "ada" || account.UserID != u.Owner.ID.String() || account.Vault != u.ID.String() || account.TOTPEnabled ||
		account.SessionID != string(u.session.Hash) {
		t.Errorf("%+v", account)
	}
	entered, err := u.login()
	if err != nil {
		t.Fatal(err)
	}
	if entered.Account.Vault != u.ID.String() || entered.Account.Keys.Document != encode(u.Keys.Document) {
		t.Errorf("login answered %+v", entered.Account)
	}
}

func TestRegistrationIsSigned(t *testing.T) {
	t.Parallel()
	eve := testvault.NewPerson("eve")
	taken := newSite(t)
	first := taken.register("taken")
	for name, c := range map[string]struct {
		unsigned func(f *founded)                 // before the entries are signed
		sent     func(r *protocol.NewUserRequest) // after
		want     refusal
	}{
		"a card that is not base64": {sent: func(r *protocol.NewUserRequest) { r.Card = "!" + r.Card[1:] }, want: bad("base64url")},
		"a card with a line break":  {sent: func(r *protocol.NewUserRequest) { r.Card += "\n" }, want: bad("base64url")},
		"an endless card": {
			sent: func(r *protocol.NewUserRequest) { r.Card = strings.Repeat("A", protocol.MaxSignedBytes+1) },
			want: refusal{protocol.CodeTooLarge, "card"},
		},
		"a damaged card": {sent: func(r *protocol.NewUserRequest) { r.Card = r.Card[4:] }, want: bad("not canonical")},
		"a second card": {unsigned: func(f *founded) {
			f.card = must(seal.NextCard(f.card, f.vault.Owner.CardKeys[0], f.card.Username, seal.NewCardKeys()))
		}, want: bad("generation 1")},
		"a name that is not canonical": {unsigned: func(f *founded) {
			f.card = must(seal.FirstCard(f.vault.Owner.ID, "Ada", f.vault.Owner.CardKeys[0]))
		}, want: bad("canonical form")},
		"a name that deceives": {unsigned: func(f *founded) {
			f.card = must(seal.FirstCard(f.vault.Owner.ID, "p\u0430ypal", f.vault.Owner.CardKeys[0]))
		}, want: bad("mixes scripts")},
		"the card of another": {unsigned: func(f *founded) { f.card = eve.Card() }, want: bad("card is missing")},
		"the card of another in the roster": {unsigned: func(f *founded) {
			f.card = eve.Card()
			for _, e := range []*chain.Entry{f.create, f.account} {
				e.AuthorCard, e.Roster[0].Card = f.card.Hash(), f.card.Hash()
			}
		}, want: bad("of another user")},
		"another owner":       {unsigned: func(f *founded) { f.create.Roster[0].User = eve.ID }, want: bad("roster changed")},
		"another author":      {unsigned: func(f *founded) { f.account.Author = eve.ID }, want: bad("author is not a member")},
		"signed by another":   {sent: func(r *protocol.NewUserRequest) { r.Create = damaged(r.Create) }, want: bad("signature is wrong")},
		"two accounts in one": {sent: func(r *protocol.NewUserRequest) { r.Account = r.Create }, want: bad("does not follow")},
		"the entries of another": {sent: func(r *protocol.NewUserRequest) {
			other := found(testvault.NewPerson("eve")).request()
			r.Create, r.Account = other.Create, other.Account
		}, want: bad("card is missing")},
		"a shared vault": {unsigned: func(f *founded) {
			f.create.Type, f.account.Type, f.account.Op = chain.Shared, chain.Shared, chain.OpPolicy
		}, want: bad("personal vault")},
		"no account entry":         {unsigned: func(f *founded) { rotate(f, chain.OpRotate) }, want: bad("annex does not match")},
		"a second epoch":           {unsigned: func(f *founded) { rotate(f, chain.OpAccount) }, want: bad("another epoch")},
		"a write before the first": {unsigned: func(f *founded) { f.account.Revision = 1 }, want: bad("newer than the newest write")},
		"another envelope":         {unsigned: func(f *founded) { f.envelope[0]++ }, want: bad("envelope")},
		"no envelope":              {sent: func(r *protocol.NewUserRequest) { r.Envelope = "" }, want: bad("envelope")},
		"an endless envelope": {
			unsigned: func(f *founded) { f.envelope = make([]byte, 1<<16) },
			want:     refusal{protocol.CodeTooLarge, "envelope"},
		},
		"another document": {sent: func(r *protocol.NewUserRequest) {
			r.Keys = found(testvault.NewPerson("ada")).request().Keys
		}, want: bad("account document does not match")},
		"a document of another card":      {unsigned: func(f *founded) { f.document.Card = eve.Card().Hash() }, want: bad("account document does not match")},
		"a document with an unknown cost": {unsigned: func(f *founded) { f.document.Cost = chain.MaxCost + 1 }, want: bad("cost")},
		"another identity":                {sent: func(r *protocol.NewUserRequest) { r.Keys.Identity = r.Keys.Wraps[0] }, want: bad("keys.identity")},
		"no identity":                     {sent: func(r *protocol.NewUserRequest) { r.Keys.Identity = "" }, want: bad("keys.identity")},
		"an identity that is not a token": {unsigned: func(f *founded) {
			f.vault.Keys.Identity = "text"
			f.document.Identity = chain.HashOf(chain.HashIdentity, []byte("text"))
		}, want: bad("not a Fernet token")},
		"exchanged wraps": {sent: func(r *protocol.NewUserRequest) {
			r.Keys.Wraps[0], r.Keys.Wraps[1] = r.Keys.Wraps[1], r.Keys.Wraps[0]
		}, want: bad("keys.wraps[0]")},
		"too few wraps": {sent: func(r *protocol.NewUserRequest) { r.Keys.Wraps = r.Keys.Wraps[:1] }, want: bad("keys.wraps")},
		"no wrap of the phrase": {unsigned: func(f *founded) {
			f.document.Wraps, f.vault.Keys.Wraps = f.document.Wraps[:1], f.vault.Keys.Wraps[:1]
		}, want: bad("recovery phrase")},
		"a passkey": {unsigned: func(f *founded) {
			passkey := chain.Wrap{Method: chain.MethodPasskey, Passkey: eve.ID, Hash: f.document.Wraps[0].Hash}
			f.document.Wraps, f.vault.Keys.Wraps = append(f.document.Wraps, passkey), append(f.vault.Keys.Wraps, f.vault.Keys.Wraps[0])
		}, want: bad("no other")},
		"another auth key": {sent: func(r *protocol.NewUserRequest) { r.AuthKey = r.RecoveryAuthKey }, want: bad("auth_key")},
		"another auth key of the phrase": {
			sent: func(r *protocol.NewUserRequest) { r.RecoveryAuthKey = r.AuthKey }, want: bad("recovery_auth_key"),
		},
		"a malformed auth key": {sent: func(r *protocol.NewUserRequest) { r.AuthKey = "key" }, want: bad("auth_key")},
		"no device":            {sent: func(r *protocol.NewUserRequest) { r.Device = "" }, want: bad("device")},
		"no transport":         {sent: func(r *protocol.NewUserRequest) { r.Transport = "" }, want: bad("transport")},
		"a name that is taken": {unsigned: func(f *founded) {
			*f = *found(testvault.NewPerson("taken"))
		}, want: refusal{protocol.CodeUsernameTaken, ""}},
		"a user id that was used": {unsigned: func(f *founded) {
			p := testvault.NewPerson("ada")
			p.ID = first.Owner.ID
			p.Cards[0] = must(seal.FirstCard(p.ID, "ada", p.CardKeys[0]))
			*f = *found(p)
		}, want: refusal{protocol.CodeUserIDTaken, "user id"}},
		"a vault id that was used": {unsigned: func(f *founded) {
			f.create.Vault, f.account.Vault = first.ID, first.ID
		}, want: refusal{protocol.CodeUserIDTaken, "vault id"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := found(testvault.NewPerson("ada"))
			if c.unsigned != nil {
				c.unsigned(f)
				f.sign()
			}
			r := f.request()
			if c.sent != nil {
				c.sent(&r)
			}
			_, err := taken.Register(t.Context(), r, open, vault.Caller{})
			c.want.check(t, err)
			if _, err := taken.store.User(t.Context(), "ada"); !errors.Is(err, vault.ErrNotFound) {
				t.Errorf("the user: %v", err)
			}
		})
	}
}

// rotate makes the second entry begin an epoch.
func rotate(f *founded, op chain.Op) {
	f.account.Op = op
	f.account.Epoch++
	f.account.Commitment, f.account.PreviousKeys = f.document.Card, "sealed"
	f.account.Roster[0].Envelope = f.document.Card
}

// damaged changes the last byte, which belongs to a signature.
func damaged(s protocol.Signed) protocol.Signed {
	b := must(decode(s))
	b[len(b)-1] ^= 1
	return encode(b)
}

func TestStrangersNeedAnInvitation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := found(testvault.NewPerson("ada")).request()
	r.Card = "" // is not even looked at
	_, err := s.Register(t.Context(), r, vault.Door{}, vault.Caller{})
	refusal{protocol.CodeInvitationRequired, ""}.check(t, err)
}

func TestSaltOfAnUnknownUserIsSteady(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ask := func(name string) protocol.PasswordKDF {
		kdf, err := s.Prelogin(t.Context(), protocol.PreloginRequest{Username: name})
		if err != nil {
			t.Fatal(err)
		}
		return kdf
	}
	unknown := ask("ada")
	if again := ask("ADA"); again != unknown {
		t.Errorf("%+v, then %+v", unknown, again)
	}
	if unknown.Cost != chain.CurrentCost {
		t.Errorf("cost %d, and clients choose %d", unknown.Cost, chain.CurrentCost)
	}
	u := s.register("ada")
	if known := ask("ada"); known.Salt != chain.ID(u.Owner.KDF.Salt).String() || known.Cost != int(u.Owner.KDF.Cost) || known.Salt == unknown.Salt {
		t.Errorf("%+v", known)
	}
	if other := ask("eve"); other.Salt == unknown.Salt {
		t.Error("two unknown users have one salt")
	}
}
