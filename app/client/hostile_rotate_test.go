package client_test

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// A server that could claim a rotation would lock every device.
func TestARotationThatNobodySignedIsAnAlarm(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	other := newDevice(t, server)
	other.login(t, "anna", "second device")
	other.sync(t)
	change, err := other.PreparePhrase(t.Context(), password)
	if err == nil {
		err = other.ActivatePhrase(t.Context(), change) // the log moves, the account key stays
	}
	if err != nil {
		t.Fatal(err)
	}
	d.wire.lie(edit(t, protocol.PathAccount, func(a *protocol.UserAccount) {
		document := must(chain.ParseDocument(decoded(t, a.Keys.Document)))(t)
		document.KeyGeneration++
		a.Keys.Document = base64.RawURLEncoding.EncodeToString(document.Encode())
	}))
	var altered *client.VaultAlteredError
	if _, err := d.Sync(t.Context()); !errors.As(err, &altered) || d.Locked() {
		t.Errorf("got %v, locked %v", err, d.Locked())
	}
}

// The server says that it has the rotation, and goes on with the log of before.
func TestAServerThatDropsARotationIsAnAlarm(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	first := d.register(t, "anna")
	d.wire.before = func(r *client.Request) (*client.Response, error) {
		if r.Path == protocol.PathAccountEntry {
			return &client.Response{Status: 204}, nil
		}
		return nil, nil
	}
	r, err := d.PrepareRotation(t.Context(), client.RotationRequest{Password: password})
	if err != nil {
		t.Fatal(err)
	}
	var altered *client.VaultAlteredError
	if _, err := d.Rotate(t.Context(), r); !errors.As(err, &altered) {
		t.Errorf("got %v", err)
	}
	// Its bytes go again, and nothing else is signed.
	d.wire.before = nil
	if rotated, err := d.Rotate(t.Context(), r); err != nil || rotated.Passkeys != 0 {
		t.Errorf("%+v, %v", rotated, err)
	}
	if n := len(d.fetch(t).Entries); n != 3 {
		t.Errorf("%d entries, want 3", n)
	}
	if _, err := newDevice(t, server).Recover(t.Context(), "anna", first, nextPassword, false, "x"); !errors.Is(err, client.ErrWrongPhrase) {
		t.Errorf("the old phrase: %v", err)
	}
}

// A server that leaves out the new card, or gives the account of before, is found out.
func TestARotatedAccountCannotBeTakenBack(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	before := d.account(t).Keys
	d.rotate(t, client.RotationRequest{Password: password})
	fresh := newDevice(t, server)
	for name, lie := range map[string]func(client.Request, *client.Response){
		"the account of before": func(r client.Request, answer *client.Response) {
			edit(t, protocol.PathLogin, func(s *protocol.UserSession) { s.Account.Keys = before })(r, answer)
			edit(t, protocol.PathAccount, func(a *protocol.UserAccount) { a.Keys = before })(r, answer)
		},
		"no new card":     edit(t, protocol.PathVault, func(v *protocol.VaultAnswer) { v.Cards = v.Cards[:1] }),
		"no new envelope": edit(t, protocol.PathVault, func(v *protocol.VaultAnswer) { v.Envelope = v.Envelope[:8] }),
	} {
		device := newDevice(t, server)
		device.wire.lie(lie)
		_, err := device.Login(t.Context(), "anna", password, "", "x")
		if err == nil {
			_, err = device.Sync(t.Context())
		}
		if client.Explain(err).Code != client.CodeVaultAltered {
			t.Errorf("%s: %v", name, err)
		}
	}
	fresh.login(t, "anna", "x")
	fresh.sync(t)
}

func TestPasskeysThatAreNotAtHandAreDropped(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	phrase := d.register(t, "anna")
	if err := d.AddPasskey(t.Context(), password); err != nil {
		t.Fatal(err)
	}
	if n := len(d.account(t).Keys.Wraps); n != 3 {
		t.Fatalf("%d wraps", n)
	}
	r, err := d.PrepareRotation(t.Context(), client.RotationRequest{Password: password, Phrase: phrase})
	if err != nil {
		t.Fatal(err)
	}
	if rotated, err := d.Rotate(t.Context(), r); err != nil || rotated.Passkeys != 1 {
		t.Errorf("%+v, %v", rotated, err)
	}
	if n := len(d.account(t).Keys.Wraps); n != 2 {
		t.Errorf("%d wraps", n)
	}
}

func TestALostAnswerToAVaultRotationIsNotSignedAgain(t *testing.T) {
	t.Parallel()
	for name, arrives := range map[string]bool{"it arrived": true, "it did not arrive": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			d := newDevice(t, server)
			d.register(t, "anna")
			cut := false
			d.wire.before = func(r *client.Request) (*client.Response, error) {
				if isAt(*r, protocol.PathVaultEntries) && !cut {
					if arrives {
						if _, err := d.wire.Transport.Do(t.Context(), *r); err != nil {
							t.Error(err)
						}
					}
					cut = true
				}
				if cut {
					return nil, errCut
				}
				return nil, nil
			}
			if err := d.RotateVault(t.Context(), password); !errors.Is(err, client.ErrUncertain) {
				t.Fatalf("got %v", err)
			}
			d = d.restarted(t, server)
			d.unlockWith(t, password)
			d.sync(t)
			answer := d.fetch(t)
			if n := len(answer.Entries); n != 3 {
				t.Errorf("%d entries, want 3", n)
			}
			newest := must(chain.ParseEntry(decoded(t, answer.Entries[2])))(t)
			if newest.Op != chain.OpRotate || newest.Epoch != 2 {
				t.Errorf("%+v", newest)
			}
		})
	}
}
