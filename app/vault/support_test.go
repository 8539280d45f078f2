package vault_test

import (
	"context"
	"encoding/base64"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/store/sqlite"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// clock moves only when the test moves it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// site is the rules on an embedded store.
type site struct {
	*vault.Service
	t     *testing.T
	store *sqlite.Store
	clock *clock
	path  string // of the store
	ring  *vault.Keyring
}

var granted = vault.Limits{Attachments: 1 << 20, Records: vault.Quota{Items: 1000, Bytes: 64 << 20}, Sessions: 50, Vaults: 50}

func newSite(t *testing.T) *site {
	t.Helper()
	return newSiteOn(t, func(s *sqlite.Store) vault.Store { return s })
}

// newSiteOn wraps the store.
func newSiteOn(t *testing.T, wrap func(*sqlite.Store) vault.Store) *site {
	t.Helper()
	ring, err := vault.ParseKeyring(vault.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	return openSite(t, filepath.Join(t.TempDir(), "vault.db"), ring, c, wrap)
}

func openSite(t *testing.T, path string, ring *vault.Keyring, c *clock, wrap func(*sqlite.Store) vault.Store) *site {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return &site{newService(t, wrap(store), ring, granted, c), t, store, c, path, ring}
}

func newService(t *testing.T, store vault.Store, ring *vault.Keyring, l vault.Limits, c *clock) *vault.Service {
	t.Helper()
	trail := vault.Trail{Keep: time.Hour, Lines: io.Discard, Failed: func(e vault.Event, err error) { t.Logf("event %s: %v", e.Kind, err) }}
	s := vault.NewService(store, ring, l, trail, bcrypt.MinCost, c.Now)
	t.Cleanup(func() { s.FinishAudit(context.Background()) }) // before the store is closed
	return s
}

var open = vault.Door{Open: true}

// user is a registered user with the vault as the user's device holds it.
type user struct {
	*site
	*testvault.Vault
	session            vault.Session
	authKey, phraseKey protocol.AuthKey
}

func (s *site) register(name string) *user {
	s.t.Helper()
	f := found(testvault.NewPerson(name))
	entered, err := s.Register(s.t.Context(), f.request(), open, vault.Caller{})
	if err != nil {
		s.t.Fatal(err)
	}
	u := &user{site: s, Vault: f.vault, session: s.enter(entered)}
	u.authKey, u.phraseKey = f.vault.Owner.AuthKeys()
	return u
}

// enter returns the session of a token, as the server does for each request.
func (s *site) enter(e vault.Entered) vault.Session {
	s.t.Helper()
	session, err := s.Authenticate(s.t.Context(), e.Token)
	if err != nil {
		s.t.Fatal(err)
	}
	return session
}

func encode(b []byte) protocol.Signed { return base64.RawURLEncoding.EncodeToString(b) }

func wireKeys(k vault.Keys) protocol.AccountKeys {
	return protocol.AccountKeys{Document: encode(k.Document), Identity: k.Identity, Wraps: slices.Clone(k.Wraps)}
}

// founded is what a new user sends, for a test to alter before it is signed.
type founded struct {
	vault           *testvault.Vault
	card            *chain.Card
	create, account *chain.Entry
	document        *chain.Document
	envelope        []byte
	authKeys        [2]protocol.AuthKey
}

func found(p *testvault.Person) *founded {
	v, founding := p.Found()
	document, err := chain.ParseDocument(v.Keys.Document)
	if err != nil {
		panic(err)
	}
	f := &founded{
		vault: v, card: founding.Card, create: founding.Entries[0], account: founding.Entries[1], document: document, envelope: founding.Envelope,
	}
	f.authKeys[0], f.authKeys[1] = p.AuthKeys()
	return f
}

func (u *user) signer() chain.Signer { return signerOf(u.Owner) }

func signerOf(p *testvault.Person) chain.Signer { return p.CardKeys[len(p.CardKeys)-1].Signing }

// sign makes the entries follow each other again, and signs both.
func (f *founded) sign() {
	own := signerOf(f.vault.Owner)
	f.create.Sign(own)
	f.account.Previous, f.account.Write, f.account.Annex = f.create.Hash(), f.create.Hash(), f.document.Hash()
	if f.account.Op == chain.OpAccount {
		f.account.Sign(own, own)
	} else {
		f.account.Sign(own)
	}
}

func (f *founded) request() protocol.NewUserRequest {
	keys := wireKeys(f.vault.Keys)
	keys.Document = encode(f.document.Encode())
	return protocol.NewUserRequest{
		Card: encode(f.card.Encode()), Create: encode(f.create.Encode()), Account: encode(f.account.Encode()),
		Envelope: encode(f.envelope), Keys: keys, AuthKey: f.authKeys[0], RecoveryAuthKey: f.authKeys[1],
		Device: "test device", Transport: protocol.SessionBearer,
	}
}

func writeRequest(w testvault.Write) protocol.WriteRequest {
	return protocol.WriteRequest{
		Write: encode(w.Write.Encode()), Operations: encode(chain.EncodeOperations(w.Operations)), Tokens: w.Tokens,
	}
}

// save sends a write, and moves the device's vault to it.
func (u *user) save(ops ...testvault.Operation) {
	u.t.Helper()
	w := u.Draft(ops...)
	if err := u.Write(u.t.Context(), u.session, u.ID.String(), writeRequest(w)); err != nil {
		u.t.Fatal(err)
	}
	u.Apply(w)
}

// item puts both records of a new item.
func (u *user) item(content string) {
	u.t.Helper()
	id := seal.NewID()
	u.save(u.Put(chain.RecordOverview, id, 1, content), u.Put(chain.RecordDetails, id, 1, content))
}

func accountEntry(e testvault.Entry) protocol.AccountEntry {
	out := protocol.AccountEntry{Keys: wireKeys(e.Account.User.Keys), Entry: encode(e.Entry.Encode())}
	if e.Account.Card != nil {
		out.Card = encode(e.Account.Card.Encode())
	}
	for _, envelope := range e.Envelopes {
		out.Envelope = encode(envelope)
	}
	return out
}

// renew sends an account entry, and moves the device's vault to it.
func (u *user) renew(r testvault.Renewal) {
	u.t.Helper()
	e := u.DraftAccount(r)
	change := accountEntry(e)
	if r.Password != nil {
		change.AuthKey = r.Password.AuthKey().Encode()
	}
	err := u.AccountEntry(u.t.Context(), u.session, protocol.AccountEntryRequest{CurrentAuthKey: u.authKey, Change: change})
	if err != nil {
		u.t.Fatal(err)
	}
	u.Follow(e)
	u.authKey, u.phraseKey = u.Owner.AuthKeys()
}

// newPassword derives the key of another password.
var newPassword = sync.OnceValue(func() testvault.Renewal {
	kdf := seal.NewKDF(chain.CurrentCost)
	key, err := seal.DerivePasswordKey("another horse, another staple", kdf)
	if err != nil {
		panic(err)
	}
	return testvault.Renewal{Password: &key, KDF: kdf}
})

func (u *user) login() (vault.Entered, error) {
	return u.Login(u.t.Context(), protocol.LoginRequest{
		Username: u.Owner.Username, AuthKey: u.authKey, Device: "another device", Transport: protocol.SessionBearer,
	}, vault.Caller{})
}

func (u *user) mustLogin() vault.Session {
	u.t.Helper()
	entered, err := u.login()
	if err != nil {
		u.t.Fatal(err)
	}
	return u.enter(entered)
}

// refusal is the answer that a test expects.
type refusal struct {
	code   protocol.Code
	reason string // part of the message or of its cause
}

func stale(reason string) refusal { return refusal{protocol.CodeRevisionConflict, reason} }
func bad(reason string) refusal   { return refusal{protocol.CodeBadRequest, reason} }

func (r refusal) check(t *testing.T, err error) {
	t.Helper()
	answer := vault.Answer(err)
	if err == nil || answer.Code != r.code || !strings.Contains(answer.Message, r.reason) && !strings.Contains(err.Error(), r.reason) {
		t.Errorf("%v, want %s with %q", err, r.code, r.reason)
	}
}

// unmoved checks that the server still holds what the user's device holds.
func (u *user) unmoved() {
	u.t.Helper()
	head, err := u.store.Head(u.t.Context(), u.ID)
	if err != nil {
		u.t.Fatal(err)
	}
	if string(head.State.Encode()) != string(u.State.Encode()) || head.Buckets != u.Live.Hashes() || head.Count != u.Live.Count() {
		u.t.Errorf("the vault moved from %d to %d", u.State.Revision, head.State.Revision)
	}
	account, err := u.Account(u.t.Context(), u.session)
	if err != nil {
		u.t.Fatal(err)
	}
	if want := wireKeys(u.Keys); account.Keys.Document != want.Document || account.Keys.Identity != want.Identity || !slices.Equal(account.Keys.Wraps, want.Wraps) {
		u.t.Error("the keys of the account changed")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func decode(s protocol.Signed) ([]byte, error) { return base64.RawURLEncoding.DecodeString(s) }
