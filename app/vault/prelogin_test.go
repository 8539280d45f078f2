package vault_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
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
		kdf, err := s.Prelogin(t.Context(), protocol.PreloginRequest{Username: name, Known: &protocol.KnownEntry{Entry: entry, Revision: 1}})
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
	_, err := s.Prelogin(t.Context(), protocol.PreloginRequest{Username: "ada", Known: &protocol.KnownEntry{Entry: known, Revision: -1}})
	refusal{protocol.CodeBadRequest, "known.revision"}.check(t, err)
}

func hashText(h chain.Hash) string { return encode(h[:]) }
