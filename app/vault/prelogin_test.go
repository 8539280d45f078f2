package vault_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Only a device that knows an entry of the log gets the log before it signs in.
func TestPreloginProvesAChangeToDevicesThatKnowTheLog(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	u := s.register("ada")
	u.item("first")
	known := hashText(u.State.Entry.Hash())
	ask := func(name, entry string) *protocol.KDFChange {
		t.Helper()
		kdf, err := s.Prelogin(t.Context(), protocol.PreloginRequest{Username: name, Known: &protocol.KnownEntry{Vault: u.State.Entry.Vault.String(), Entry: entry, Revision: 1}})
		if err != nil {
			t.Fatal(err)
		}
		return kdf.Change
	}
	if c := ask("ada", known); c != nil {
		t.Errorf("nothing has changed: %+v", c)
	}
	u.renew(newPassword())
	c := ask("ada", known)
	if c == nil || len(c.Log.Entries) != 3 || len(c.Log.Cards) != 1 || c.Document == "" {
		t.Errorf("after a new password: %+v", c)
	}
	for name, entry := range map[string]string{
		"a guess": hashText(chain.Hash{1}), "nothing": "", "another object": hashText(u.State.Write),
	} {
		if c := ask("ada", entry); c != nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if c := ask("eve", known); c != nil {
		t.Errorf("an unknown user: %+v", c)
	}
	_, err := s.Prelogin(t.Context(), protocol.PreloginRequest{Username: "ada", Known: &protocol.KnownEntry{Vault: seal.NewID().String(), Entry: known, Revision: -1}})
	refusal{protocol.CodeBadRequest, "known.revision"}.check(t, err)
}

// The server says that the user whom a device knows is gone. Nobody learns from it whether there is a user of a name.
func TestPreloginSaysThatTheKnownUserIsGone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	u := s.register("ada")
	known := &protocol.KnownEntry{Vault: u.State.Entry.Vault.String(), Entry: hashText(u.State.Entry.Hash())}
	replaced := func(name string, known *protocol.KnownEntry) bool {
		t.Helper()
		kdf, err := s.Prelogin(t.Context(), protocol.PreloginRequest{Username: name, Known: known})
		if err != nil || kdf.Change != nil {
			t.Fatalf("%+v, %v", kdf, err)
		}
		return kdf.Replaced
	}
	stranger := &protocol.KnownEntry{Vault: seal.NewID().String(), Entry: known.Entry}
	if replaced("ada", known) || replaced("ada", nil) || replaced("eve", nil) {
		t.Error("the user is still there, or nothing is known")
	}
	if !replaced("ada", stranger) || !replaced("eve", stranger) {
		t.Error("a stranger learns whether there is a user")
	}
	if err := s.DeleteAccount(t.Context(), u.session, protocol.DeleteAccountRequest{CurrentAuthKey: u.authKey}); err != nil {
		t.Fatal(err)
	}
	if !replaced("ada", known) {
		t.Error("deleted")
	}
	again := s.register("ada")
	if !replaced("ada", known) || replaced("ada", &protocol.KnownEntry{Vault: again.State.Entry.Vault.String()}) {
		t.Error("registered again")
	}
	_, err := s.Prelogin(t.Context(), protocol.PreloginRequest{Username: "ada", Known: &protocol.KnownEntry{Vault: "!"}})
	refusal{protocol.CodeBadRequest, "known.vault"}.check(t, err)
}

func hashText(h chain.Hash) string { return encode(h[:]) }
