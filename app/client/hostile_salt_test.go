package client_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// A hostile server would get an auth key for a salt that it has prepared guesses for.
func TestADeviceThatKnowsTheAccountTakesOnlyASignedSalt(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d, other := newDevice(t, server), newDevice(t, server)
	d.register(t, "anna")
	other.login(t, "anna", "other")
	other.sync(t)
	const next = "another correct horse"
	if err := other.ChangePassword(t.Context(), password, next); err != nil {
		t.Fatal(err)
	}
	other.save(t, login("after it"))
	for name, change := range map[string]func(*protocol.PasswordKDF){
		"the old salt with the proof of the new one": func(k *protocol.PasswordKDF) { k.Salt = seal.NewID().String() },
		"no proof":                           func(k *protocol.PasswordKDF) { k.Change = nil },
		"a document that no entry names":     func(k *protocol.PasswordKDF) { k.Change.Document = resalted(t, k) },
		"an empty document":                  func(k *protocol.PasswordKDF) { k.Change.Document = "AAAA" },
		"a malformed document":               func(k *protocol.PasswordKDF) { k.Change.Document = "!" },
		"a log without the newest entry":     func(k *protocol.PasswordKDF) { k.Change.Log.Entries = k.Change.Log.Entries[:2] },
		"a log without the remembered entry": func(k *protocol.PasswordKDF) { k.Change.Log.Entries = slices.Delete(k.Change.Log.Entries, 1, 2) },
		"a log without cards":                func(k *protocol.PasswordKDF) { k.Change.Log.Cards = nil },
		"an older vault":                     func(k *protocol.PasswordKDF) { k.Change.Log.Sequence = 0 },
	} {
		again := d.restarted(t, server)
		again.wire.lie(edit(t, protocol.PathPrelogin, change))
		_, err := again.Login(t.Context(), "anna", next, "", "x")
		switch client.Explain(err).Code {
		case client.CodeKDFRefused, client.CodeVaultAltered, client.CodeVaultRolledBack:
		default:
			t.Errorf("%s: got %v", name, err)
		}
		again.sentNone(t, protocol.PathLogin)
	}
	again := d.restarted(t, server)
	if _, err := again.Login(t.Context(), "anna", next, "", "x"); err != nil {
		t.Errorf("with the honest answer: %v", err)
	}
	again.sync(t)

	again = again.restarted(t, server)
	again.wire.lie(edit(t, protocol.PathPrelogin, func(k *protocol.PasswordKDF) { k.Salt = seal.NewID().String() }))
	if _, err := again.Login(t.Context(), "anna", next, "", "x"); !errors.Is(err, seal.ErrKDFMismatch) {
		t.Errorf("another salt, and nothing changed: %v", err)
	}
}

// resalted gives the answer another salt, and returns a document that has it.
func resalted(t *testing.T, k *protocol.PasswordKDF) protocol.Signed {
	t.Helper()
	d := decodeObject(t, k.Change.Document, chain.ParseDocument)
	d.Salt = seal.NewID()
	k.Salt = chain.ID(d.Salt).String()
	return encodeObject(d.Encode())
}
