package vault_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/store/sqlite"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// otherHash is a bcrypt hash of random bytes.
var otherHash = []byte("$2a$10$wfbzopE.wACTFTqm7VZxVOA.IKlQR.3JT4TIdN23EjIEJV3ztyozK")

func (u *user) stored() vault.User {
	u.t.Helper()
	stored, err := u.store.User(u.t.Context(), vault.Username(u.Owner.Username))
	if err != nil {
		u.t.Fatal(err)
	}
	return stored
}

// restoredHashes is a user with a new password, whose server has older bcrypt hashes: as after a restored backup, when
// devices sent the newer account entry again. It returns the old auth key too.
func restoredHashes(t *testing.T) (u *user, old protocol.AuthKey) {
	t.Helper()
	s := newSite(t)
	s.register("eve")
	u = s.register("ada")
	old = u.authKey
	before := u.stored()
	u.renew(newPassword())
	now := u.stored()
	now.AuthHash, now.RecoveryAuthHash = before.AuthHash, otherHash
	if err := s.store.UpdateUser(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	return u, old
}

func TestSignInRenewsAHashThatDoesNotFitTheDocument(t *testing.T) {
	t.Parallel()
	u, old := restoredHashes(t)
	u.mustLogin()
	first := u.stored()
	u.mustLogin()
	if again := u.stored(); !bytes.Equal(first.AuthHash, again.AuthHash) {
		t.Error("the second sign-in hashed the key again")
	}
	u.authKey = old
	if _, err := u.login(); !errors.Is(err, vault.ErrInvalidCredentials) {
		t.Errorf("the old password: %v", err)
	}
}

func TestPhraseRenewsItsHash(t *testing.T) {
	t.Parallel()
	u, _ := restoredHashes(t)
	before := u.stored()
	for range 2 {
		_, err := u.OpenPhrase(t.Context(), protocol.PhraseProof{Username: "ada", RecoveryAuthKey: u.phraseKey, After: -1})
		if err != nil {
			t.Fatal(err)
		}
	}
	now := u.stored()
	if bytes.Equal(before.RecoveryAuthHash, now.RecoveryAuthHash) || now.Generation != before.Generation+1 || !bytes.Equal(before.AuthHash, now.AuthHash) {
		t.Errorf("generation %d after %d", now.Generation, before.Generation)
	}
}

func TestSessionIsConfirmedByThePasswordOfTheDocument(t *testing.T) {
	t.Parallel()
	u, old := restoredHashes(t)
	u.session = u.enter(must(u.login()))
	u.setHash(u.stored(), otherHash)
	end := func(key protocol.AuthKey) error {
		return u.EndSessions(t.Context(), u.session, protocol.EndSessionsRequest{CurrentAuthKey: key})
	}
	if err := end(old); !errors.Is(err, vault.ErrInvalidCredentials) {
		t.Errorf("the old password: %v", err)
	}
	if err := end(u.authKey); err != nil {
		t.Error(err)
	}
}

func (u *user) setHash(now vault.User, hash []byte) {
	u.t.Helper()
	now.AuthHash = hash
	if err := u.store.UpdateUser(u.t.Context(), now); err != nil {
		u.t.Fatal(err)
	}
}

// Attacks: what does not fit the document changes nothing, although the server's hash of it is right.
func TestOnlyAKeyThatFitsTheDocumentIsHashed(t *testing.T) {
	t.Parallel()
	u, old := restoredHashes(t)
	before := u.stored()
	right, phrase := u.authKey, u.phraseKey
	wrong := refusal{protocol.CodeInvalidCredentials, ""}
	for name, c := range map[string]struct {
		username string
		key      protocol.AuthKey
	}{
		"the old password, whose hash the server has": {"ada", old},
		"the phrase as password":                      {"ada", phrase},
		"the hash that the document names":            {"ada", hashOfKey(right)},
		"the right key for somebody else":             {"eve", right},
		"the right key for nobody":                    {"mallory", right},
	} {
		_, err := u.Login(t.Context(), protocol.LoginRequest{
			Username: c.username, AuthKey: c.key, Device: "thief", Transport: protocol.SessionBearer,
		}, vault.Caller{})
		wrong.check(t, err)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	for name, key := range map[string]protocol.AuthKey{"the password as phrase": right, "the old password as phrase": old} {
		_, err := u.OpenPhrase(t.Context(), protocol.PhraseProof{Username: "ada", RecoveryAuthKey: key, After: -1})
		wrong.check(t, err)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	if now := u.stored(); now.Generation != before.Generation || !bytes.Equal(now.AuthHash, before.AuthHash) {
		t.Error("a key that does not fit the document changed the account")
	}
}

// hashOfKey is what the account document says of a key, as long as a key.
func hashOfKey(key protocol.AuthKey) string {
	h := chain.HashOf(chain.HashAuthKey, []byte(key))
	return base64.StdEncoding.EncodeToString(h[:])
}

// faster is a store in which another sign-in renews the hash first.
type faster struct {
	vault.Store
	once  atomic.Bool
	first func()
}

func (o *faster) UpdateUser(ctx context.Context, u vault.User) error {
	if o.once.CompareAndSwap(true, false) {
		o.first()
	}
	return o.Store.UpdateUser(ctx, u)
}

func TestTwoSignInsMayRenewTheHash(t *testing.T) {
	t.Parallel()
	var o *faster
	s := newSiteOn(t, func(store *sqlite.Store) vault.Store {
		o = &faster{Store: store}
		return o
	})
	u := s.register("ada")
	u.setHash(u.stored(), otherHash)
	o.first = func() { u.mustLogin() }
	o.once.Store(true)
	u.mustLogin()
	if sessions, err := u.store.Sessions(t.Context(), u.stored().ID, u.clock.Now()); err != nil || len(sessions) != 3 {
		t.Errorf("%d sessions, %v", len(sessions), err)
	}
}
