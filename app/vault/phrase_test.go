package vault_test

import (
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

func TestPhraseSetsANewPassword(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	u.item("first")
	other := u.mustLogin()
	opened, err := u.OpenPhrase(t.Context(), protocol.PhraseProof{Username: "Ada", RecoveryAuthKey: u.phraseKey, After: -1})
	if err != nil {
		t.Fatal(err)
	}
	if opened.UserID != u.Owner.ID.String() || opened.Vault != u.ID.String() || opened.Keys.Document != encode(u.Keys.Document) || opened.TOTPEnabled {
		t.Errorf("%+v", opened)
	}
	device{u, chain.State{}, -1}.reads(opened.Log, u.State)

	a := u.amend(newPassword())
	entered, err := u.PhraseEntry(t.Context(), protocol.PhraseEntryRequest{
		Username: "ada", RecoveryAuthKey: u.phraseKey, Change: a.in.Change, Device: "new device", Transport: protocol.SessionBearer,
	}, vault.Caller{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []vault.Session{u.session, other} {
		if _, err := u.store.Session(t.Context(), s.Hash, u.clock.Now()); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("an old session: %v", err)
		}
	}
	u.Follow(a.Entry)
	u.session = u.enter(entered)
	u.authKey, u.phraseKey = u.Owner.AuthKeys()
	u.unmoved()
	u.mustLogin()
	if entered.User.Keys.Document != encode(u.Keys.Document) {
		t.Error("the answer has the document before")
	}
}

func TestPhraseIsProven(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	wrong := refusal{protocol.CodeInvalidCredentials, ""}
	for name, c := range map[string]struct {
		proof protocol.PhraseProof
		want  refusal
	}{
		"another phrase":  {protocol.PhraseProof{Username: "ada", RecoveryAuthKey: u.authKey, After: -1}, wrong},
		"an unknown user": {protocol.PhraseProof{Username: "eve", RecoveryAuthKey: u.phraseKey, After: -1}, wrong},
		"no key":          {protocol.PhraseProof{Username: "ada", After: -1}, bad("recovery_auth_key")},
		"before the log":  {protocol.PhraseProof{Username: "ada", RecoveryAuthKey: u.phraseKey, After: -2}, bad("after")},
		"before a vault":  {protocol.PhraseProof{Username: "ada", RecoveryAuthKey: u.phraseKey, Revision: -1}, bad("revision")},
	} {
		_, err := u.OpenPhrase(t.Context(), c.proof)
		c.want.check(t, err)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	a := u.amend(testvault.Renewal{})
	_, err := u.PhraseEntry(t.Context(), protocol.PhraseEntryRequest{
		Username: "ada", RecoveryAuthKey: u.authKey, Change: a.in.Change, Device: "thief", Transport: protocol.SessionBearer,
	}, vault.Caller{})
	wrong.check(t, err)
	u.unmoved()
}
