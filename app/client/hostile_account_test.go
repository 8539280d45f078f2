package client_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// again returns the same device with its storage, after a restart of the program.
func (d *device) again() *device {
	return &device{client.New(d.wire, d.memory, d.cache), d.wire, d.memory, d.cache}
}

func decodeObject[T any](t testing.TB, text string, parse func([]byte) (T, error)) T {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	v, err := parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func encodeObject(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// altered returns keys whose document change has changed. Nothing signs it.
func altered(t testing.TB, k protocol.AccountKeys, change func(*chain.Document)) protocol.AccountKeys {
	t.Helper()
	d := decodeObject(t, k.Document, chain.ParseDocument)
	change(d)
	k.Document = encodeObject(d.Encode())
	return k
}

func TestACostOutsideTheStepsIsRefusedFirst(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	newDevice(t, server).register(t, "anna")
	for name, c := range map[string]struct {
		change func(*protocol.PasswordKDF)
		want   error
	}{
		"step 0":    {func(k *protocol.PasswordKDF) { k.Cost = 0 }, seal.ErrUnknownCost},
		"step 4":    {func(k *protocol.PasswordKDF) { k.Cost = 4 }, seal.ErrUnknownCost},
		"step 257":  {func(k *protocol.PasswordKDF) { k.Cost = 257 }, seal.ErrUnknownCost},
		"no salt":   {func(k *protocol.PasswordKDF) { k.Salt = "" }, seal.ErrBadID},
		"zero salt": {func(k *protocol.PasswordKDF) { k.Salt = strings.Repeat("A", 22) }, seal.ErrBadID},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDevice(t, server)
			d.wire.lie(edit(t, protocol.PathPrelogin, c.change))
			if _, err := d.Login(t.Context(), "anna", password, "", "x"); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			d.sentNone(t, protocol.PathLogin)
		})
	}
}

// sentNone fails if something was sent to a path.
func (d *device) sentNone(t testing.TB, path string) {
	t.Helper()
	for _, r := range d.wire.sent {
		if r.Path == path {
			t.Errorf("something was sent to %s", path)
		}
	}
}

// A device that knows the account sends no auth key that is easier to guess than before.
func TestALowerCostThanTheRememberedOneIsRefusedFirst(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	user, r := d.memory.only(t)
	r.KDF.Cost = 2 // as if the account had been on step 2
	if err := d.memory.Store(user, r); err != nil {
		t.Fatal(err)
	}
	again := d.again()
	if _, err := again.Unlock(t.Context(), password); !errors.Is(err, client.ErrCostLowered) || client.Explain(err).Code != client.CodeKDFRefused {
		t.Errorf("unlock: %v", err)
	}
	if _, err := again.Login(t.Context(), " Anna", password, "", "x"); !errors.Is(err, client.ErrCostLowered) {
		t.Errorf("log-in: %v", err)
	}
	d.sentNone(t, protocol.PathLogin)
}

// A thief of an old account key, with the server, would show the account of before a rotation.
func TestAnAccountKeyBelowTheRememberedGenerationIsRefused(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	user, r := d.memory.only(t)
	r.KeyGeneration = 2 // as if the account key had been replaced
	if err := d.memory.Store(user, r); err != nil {
		t.Fatal(err)
	}
	again := d.again()
	_, unlockErr := again.Unlock(t.Context(), password)
	_, loginErr := again.Login(t.Context(), "anna", password, "", "x") // ends the session of before
	for name, err := range map[string]error{"unlock": unlockErr, "log-in": loginErr} {
		if f := client.Explain(err); f.Code != client.CodeVaultAltered || len(f.Findings) == 0 || f.Findings[0].Code != bridge.OldAccountKey {
			t.Errorf("%s: %v (%+v)", name, err, f)
		}
	}
}

func TestKeysThatTheDocumentDoesNotNameAreRefused(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	victim := newDevice(t, server)
	victim.register(t, "anna")
	mallory := newDevice(t, server)
	mallory.register(t, "mallory")
	old := victim.account(t)
	if err := victim.ChangePassword(t.Context(), password, nextPassword); err != nil {
		t.Fatal(err)
	}
	if err := victim.ChangePassword(t.Context(), nextPassword, password); err != nil {
		t.Fatal(err)
	}
	stranger := mallory.account(t)
	for name, c := range map[string]struct {
		change func(*protocol.UserAccount)
		code   bridge.FindingCode
	}{
		"another user's wrap":       {func(a *protocol.UserAccount) { a.Keys.Wraps[0] = stranger.Keys.Wraps[0] }, bridge.AccountUnsigned},
		"the wrap of the phrase":    {func(a *protocol.UserAccount) { a.Keys.Wraps[0] = a.Keys.Wraps[1] }, bridge.AccountUnsigned},
		"one wrap less":             {func(a *protocol.UserAccount) { a.Keys.Wraps = a.Keys.Wraps[:1] }, bridge.AccountUnsigned},
		"another user's identity":   {func(a *protocol.UserAccount) { a.Keys.Identity = stranger.Keys.Identity }, bridge.AccountUnsigned},
		"an older identity":         {func(a *protocol.UserAccount) { a.Keys.Identity = old.Keys.Identity }, bridge.AccountUnsigned},
		"a document in other bytes": {func(a *protocol.UserAccount) { a.Keys.Document += "A" }, bridge.AccountUnsigned},
		"another user's id":         {func(a *protocol.UserAccount) { a.UserID = stranger.UserID }, bridge.SealAltered},
		"a document that names another identity": {func(a *protocol.UserAccount) {
			a.Keys = altered(t, a.Keys, func(d *chain.Document) { d.Identity = chain.HashOf(chain.HashIdentity, []byte(stranger.Keys.Identity)) })
			a.Keys.Identity = stranger.Keys.Identity
		}, bridge.SealAltered},
		"a document that names another wrap": {func(a *protocol.UserAccount) {
			a.Keys = altered(t, a.Keys, func(d *chain.Document) {
				d.Wraps[0].Hash = chain.HashOf(chain.HashWrap, []byte(stranger.Keys.Wraps[0]))
			})
			a.Keys.Wraps[0] = stranger.Keys.Wraps[0]
		}, bridge.OtherAccountKey},
		"a document of another generation": {func(a *protocol.UserAccount) {
			a.Keys = altered(t, a.Keys, func(d *chain.Document) { d.KeyGeneration = 2 })
		}, bridge.AccountUnsigned},
		"another salt than before the log-in": {func(a *protocol.UserAccount) {
			a.Keys = altered(t, a.Keys, func(d *chain.Document) { d.Salt[0]++ })
		}, bridge.KDFMismatch},
		"another cost than before the log-in": {func(a *protocol.UserAccount) {
			a.Keys = altered(t, a.Keys, func(d *chain.Document) { d.Cost++ })
		}, bridge.KDFMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDevice(t, server)
			d.wire.lie(edit(t, protocol.PathLogin, func(s *protocol.UserSession) { c.change(&s.Account) }))
			_, err := d.Login(t.Context(), "anna", password, "", "x")
			if found := client.Explain(err).Findings; len(found) == 0 || found[0].Code != c.code {
				t.Errorf("got %v (%+v), want %s", err, found, c.code)
			}
			if !d.Locked() || d.wire.Bearer() != "" {
				t.Error("the client continued")
			}
		})
	}
}

// An account that was right once opens, because the log is not known before. Nothing of the vault is shown: the log does not sign it.
func TestAnAccountThatTheLogDoesNotSignIsRefused(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	victim := newDevice(t, server)
	victim.register(t, "anna")
	old := victim.account(t)
	if err := victim.ChangePassword(t.Context(), password, nextPassword); err != nil {
		t.Fatal(err)
	}
	whole := victim.fetch(t)
	lie := func(t *testing.T, change func(*protocol.VaultAnswer)) func(client.Request, *client.Response) {
		account := edit(t, protocol.PathAccount, func(a *protocol.UserAccount) { a.Keys = old.Keys })
		session := edit(t, protocol.PathLogin, func(s *protocol.UserSession) { s.Account.Keys = old.Keys })
		kdf := edit(t, protocol.PathPrelogin, func(k *protocol.PasswordKDF) {
			d := decodeObject(t, old.Keys.Document, chain.ParseDocument)
			k.Salt, k.Cost = chain.ID(d.Salt).String(), int(d.Cost)
		})
		vault := edit(t, strings.Replace(protocol.PathVault, "{vault}", old.Vault, 1), change)
		return func(r client.Request, answer *client.Response) {
			if r.Path == protocol.PathLogin && answer.Status == 401 {
				// A hostile server takes the old password.
				fresh := *answer
				body, err := json.Marshal(protocol.UserSession{Token: victim.wire.Bearer(), Account: old})
				if err != nil {
					t.Error(err)
				}
				fresh.Status, fresh.Body = 200, body
				*answer = fresh
			}
			for _, f := range []func(client.Request, *client.Response){account, session, kdf, vault} {
				f(r, answer)
			}
		}
	}
	t.Run("a newer log", func(t *testing.T) {
		t.Parallel()
		d := newDevice(t, server)
		d.wire.lie(lie(t, func(*protocol.VaultAnswer) {}))
		if _, err := d.Login(t.Context(), "anna", password, "", "x"); err != nil {
			t.Fatal(err)
		}
		d.refuses(t, bridge.AccountUnsigned)
	})
	short := func(a *protocol.VaultAnswer) { a.Entries = whole.Entries[:2] }
	t.Run("the old salt, on a device that knows better", func(t *testing.T) {
		t.Parallel()
		d := newDevice(t, server)
		d.memory.users = maps.Clone(victim.memory.users)
		d.wire.lie(lie(t, short))
		if _, err := d.Login(t.Context(), "anna", password, "", "x"); client.Explain(err).Code != client.CodeKDFRefused {
			t.Errorf("got %v", err)
		}
		d.sentNone(t, protocol.PathLogin)
	})
	t.Run("a log that ends there, on a device that knows better", func(t *testing.T) {
		t.Parallel()
		d := newDevice(t, server)
		if _, err := d.Login(t.Context(), "anna", nextPassword, "", "x"); err != nil {
			t.Fatal(err)
		}
		d.sync(t)
		d.cache = newCache()
		d = d.again()
		d.wire.lie(lie(t, short))
		d.unlockWith(t, password)
		if _, err := d.Sync(t.Context()); !errors.Is(err, client.ErrRolledBack) {
			t.Errorf("got %v", err)
		}
	})
}

// refuses syncs and expects a vault that was altered.
func (d *device) refuses(t testing.TB, want bridge.FindingCode) {
	t.Helper()
	_, err := d.Sync(t.Context())
	found := client.Explain(err).Findings
	if client.Explain(err).Code != client.CodeVaultAltered || len(found) == 0 || found[0].Code != want {
		t.Errorf("got %v (%+v), want %s", err, found, want)
	}
	if len(d.memory.users) > 0 {
		t.Error("the device remembers what it refused")
	}
	if d.Locked() {
		return
	}
	if err := d.ChangePassword(t.Context(), password, nextPassword); err == nil {
		t.Error("the password was changed anyway")
	}
	d.sentNone(t, protocol.PathAccountEntry)
}

func TestTheLogOfAnotherVaultIsRefused(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	newDevice(t, server).register(t, "anna")
	mallory := newDevice(t, server)
	mallory.register(t, "mallory")
	theirs := mallory.fetch(t)
	for name, change := range map[string]func(*protocol.VaultAnswer){
		"all of it": func(a *protocol.VaultAnswer) { *a = theirs },
		"its log":   func(a *protocol.VaultAnswer) { a.VaultLog = theirs.VaultLog },
		"its account entry": func(a *protocol.VaultAnswer) {
			a.Entries[1] = theirs.Entries[1]
			a.Cards = append(a.Cards, theirs.Cards...)
		},
		"its envelope":   func(a *protocol.VaultAnswer) { a.Envelope = theirs.Envelope },
		"no entries":     func(a *protocol.VaultAnswer) { a.Entries = []string{} },
		"only the first": func(a *protocol.VaultAnswer) { a.Entries = a.Entries[:1] },
		"no cards":       func(a *protocol.VaultAnswer) { a.Cards = []string{} },
		"no signature": func(a *protocol.VaultAnswer) {
			a.Entries[1] = resigned(t, a.Entries[1], func(e *chain.Entry) { e.Signatures = e.Signatures[:1] })
		},
		"a wrong signature": func(a *protocol.VaultAnswer) {
			a.Entries[1] = resigned(t, a.Entries[1], func(e *chain.Entry) { e.Signatures[1][3]++ })
		},
		"an entry of a thief": func(a *protocol.VaultAnswer) {
			a.Entries[1] = resigned(t, a.Entries[1], func(e *chain.Entry) { e.Time++ })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDevice(t, server)
			d.login(t, "anna", "x")
			d.wire.lie(edit(t, strings.Replace(protocol.PathVault, "{vault}", d.account(t).Vault, 1), change))
			if _, err := d.Sync(t.Context()); client.Explain(err).Code != client.CodeVaultAltered {
				t.Errorf("got %v (%s)", err, client.Explain(err).Code)
			}
			if len(d.memory.users) > 0 {
				t.Error("the device remembers what it refused")
			}
		})
	}
}

// resigned changes an entry, and keeps its signatures.
func resigned(t testing.TB, entry string, change func(*chain.Entry)) string {
	t.Helper()
	e := decodeObject(t, entry, chain.ParseEntry)
	change(e)
	return encodeObject(e.Encode())
}

func TestAServerThatAnswersAnotherAccountIsRefused(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	mallory := newDevice(t, server)
	mallory.register(t, "mallory")
	stranger := mallory.account(t)
	t.Run("after the registration", func(t *testing.T) {
		t.Parallel()
		d := newDevice(t, server)
		d.wire.lie(edit(t, protocol.PathUsers, func(s *protocol.UserSession) { s.Account = stranger }))
		r, err := d.PrepareRegistration(password)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Register(t.Context(), r, "anna", "x"); client.Explain(err).Code != client.CodeVaultAltered || !d.Locked() {
			t.Errorf("got %v", err)
		}
	})
	t.Run("while the vault is open", func(t *testing.T) {
		t.Parallel()
		d := newDevice(t, server)
		d.register(t, "berta")
		d.wire.lie(edit(t, protocol.PathAccount, func(a *protocol.UserAccount) { *a = stranger }))
		if err := d.ChangePassword(t.Context(), password, nextPassword); client.Explain(err).Code != client.CodeVaultAltered {
			t.Errorf("got %v", err)
		}
		d.sentNone(t, protocol.PathAccountEntry)
	})
	t.Run("under another name", func(t *testing.T) {
		t.Parallel()
		d := newDevice(t, server)
		d.register(t, "carla")
		d = newDevice(t, server)
		d.wire.lie(edit(t, protocol.PathLogin, func(s *protocol.UserSession) { s.Account.Username = "someone" }))
		d.login(t, "carla", "x")
		d.wire.lie(edit(t, protocol.PathAccount, func(a *protocol.UserAccount) { a.Username = "someone" }))
		d.refuses(t, bridge.AccountUnsigned)
	})
}

func TestALieDuringARecoveryIsRefused(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	victim := newDevice(t, server)
	phrase := victim.register(t, "anna")
	mallory := newDevice(t, server)
	theirs := mallory.register(t, "mallory")
	var stranger, own protocol.PhraseOpened
	mallory.wire.lie(edit(t, protocol.PathRecoveryOpen, func(r *protocol.PhraseOpened) { stranger = *r }))
	if _, err := mallory.Recover(t.Context(), "mallory", theirs, password, false, "x"); err != nil {
		t.Fatal(err)
	}
	victim.wire.lie(edit(t, protocol.PathRecoveryOpen, func(r *protocol.PhraseOpened) { own = *r }))
	if _, err := victim.Recover(t.Context(), "anna", phrase, password, false, "x"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*protocol.PhraseOpened)
		code   client.Code
	}{
		"another account":            {func(r *protocol.PhraseOpened) { *r = stranger }, client.CodeVaultAltered},
		"another user's wraps":       {func(r *protocol.PhraseOpened) { r.Keys.Wraps = stranger.Keys.Wraps }, client.CodeVaultAltered},
		"another vault's log":        {func(r *protocol.PhraseOpened) { r.Log = stranger.Log }, client.CodeVaultAltered},
		"no log":                     {func(r *protocol.PhraseOpened) { r.Log = protocol.VaultLog{} }, client.CodeVaultAltered},
		"a log that ends before":     {func(r *protocol.PhraseOpened) { r.Log = own.Log }, client.CodeVaultAltered},
		"the account and log before": {func(r *protocol.PhraseOpened) { *r = own }, client.CodeVaultRolledBack},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t, server)
			if c.code == client.CodeVaultRolledBack {
				victim.wire.lie(nil)
				victim.sync(t)
				d.memory = victim.memory
				d = d.again()
			}
			d.wire.lie(edit(t, protocol.PathRecoveryOpen, c.change))
			if _, err := d.Recover(t.Context(), "anna", phrase, nextPassword, false, "x"); client.Explain(err).Code != c.code {
				t.Errorf("got %v (%s), want %s", err, client.Explain(err).Code, c.code)
			}
			d.sentNone(t, protocol.PathRecoveryFinish)
		})
	}
}

// Memory that is there and cannot be read must not count as nothing: a server could then show an old vault.
func TestMemoryThatCannotBeReadIsAnAlarm(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	for name, change := range map[string]func(*client.Remembered){
		"not base64":       func(r *client.Remembered) { r.Vaults[0].State = "%" },
		"cut short":        func(r *client.Remembered) { r.Vaults[0].State = r.Vaults[0].State[:100] },
		"of another vault": func(r *client.Remembered) { r.Vaults[0].Vault = seal.NewID().String() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDevice(t, server)
			d.register(t, "user-"+strings.ReplaceAll(name, " ", "-"))
			user, r := d.memory.only(t)
			change(&r)
			if err := d.memory.Store(user, r); err != nil {
				t.Fatal(err)
			}
			d = d.again()
			_, err := d.Unlock(t.Context(), password)
			if f := client.Explain(err); !errors.Is(err, client.ErrMemory) || f.Code != client.CodeVaultRolledBack || f.Findings[0].Code != bridge.MemoryDamaged {
				t.Errorf("unlock: %v (%+v)", err, f)
			}
			if _, err := d.Login(t.Context(), r.Username, password, "", "x"); !errors.Is(err, client.ErrMemory) {
				t.Errorf("log-in: %v", err)
			}
			if got, _ := d.memory.Load(user); !got.Equal(r) {
				t.Error("the memory was replaced")
			}
		})
	}
}
