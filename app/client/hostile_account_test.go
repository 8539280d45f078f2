package client_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

func TestKDFOutsideTheBoundsIsRefusedFirst(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	newDevice(t, server).register(t, "anna")
	for name, c := range map[string]struct {
		change func(*protocol.KDF)
		want   error
		say    string
	}{
		"memory below":  {func(k *protocol.KDF) { k.MemoryKiB = 65535 }, seal.ErrKDFTooWeak, "memory"},
		"memory above":  {func(k *protocol.KDF) { k.MemoryKiB = 1<<20 + 1 }, seal.ErrKDFTooCostly, "memory"},
		"time below":    {func(k *protocol.KDF) { k.Time = 2 }, seal.ErrKDFTooWeak, "time"},
		"time above":    {func(k *protocol.KDF) { k.Time = 21 }, seal.ErrKDFTooCostly, "time"},
		"threads below": {func(k *protocol.KDF) { k.Threads = 0 }, seal.ErrKDFTooWeak, "thread"},
		"threads above": {func(k *protocol.KDF) { k.Threads = 17 }, seal.ErrKDFTooCostly, "thread"},
		"no salt":       {func(k *protocol.KDF) { k.Salt = "" }, seal.ErrBadID, "salt"},
		"zero salt":     {func(k *protocol.KDF) { k.Salt = strings.Repeat("A", 22) }, seal.ErrBadID, "salt"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t, server)
			d.wire.lie(edit(t, protocol.PathPrelogin, func(p *protocol.PreloginResponse) { c.change(&p.KDF) }))
			_, err := d.Login(t.Context(), "anna", password, "", "x")
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.say) {
				t.Errorf("log-in: got %v, want %v naming %q", err, c.want, c.say)
			}
			for _, r := range d.wire.sent {
				if r.Path == protocol.PathLogin {
					t.Error("an auth key was sent")
				}
			}

			// The same lie when the session is unlocked.
			d.wire.lie(nil)
			d.login(t, "anna", "x")
			d.Lock()
			d = &device{client.New(d.wire, d.memory, d.cache), d.wire, d.memory, d.cache}
			d.wire.lie(edit(t, protocol.PathAccount, func(a *protocol.Account) { c.change(&a.KDF) }))
			if _, err := d.Unlock(t.Context(), password); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.say) {
				t.Errorf("unlock: got %v, want %v naming %q", err, c.want, c.say)
			}
		})
	}
}

func TestLiesAboutTheAccountAreRefused(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	newDevice(t, server).register(t, "anna")
	mallory := newDevice(t, server)
	mallory.register(t, "mallory")
	var stranger protocol.Account
	answer, err := mallory.wire.Transport.Do(t.Context(), client.Request{Method: "GET", Path: protocol.PathAccount, Limit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(answer.Body, &stranger); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*protocol.Account)
		want   error
		code   client.Code
		say    string
	}{
		"other parameters than before the log-in": {func(a *protocol.Account) { a.KDF.Time++ }, seal.ErrKDFMismatch, client.CodeKDFRefused, "different parameters"},
		"another salt":               {func(a *protocol.Account) { a.KDF.Salt = stranger.KDF.Salt }, seal.ErrKDFMismatch, client.CodeKDFRefused, "different parameters"},
		"another user's wrapped key": {func(a *protocol.Account) { a.WrappedKey = stranger.WrappedKey }, seal.ErrWrongKey, client.CodeVaultAltered, "the wrapped vault key is not this user's"},
		"another user's id":          {func(a *protocol.Account) { a.UserID = stranger.UserID }, nil, client.CodeVaultAltered, "another user"},
		"an altered wrapped key":     {func(a *protocol.Account) { a.WrappedKey = a.WrappedKey[:40] + "AAAA" + a.WrappedKey[44:] }, nil, client.CodeVaultAltered, "wrapped vault key"},
		"a truncated wrapped key":    {func(a *protocol.Account) { a.WrappedKey = a.WrappedKey[:len(a.WrappedKey)-4] }, nil, client.CodeVaultAltered, "vault key"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t, server)
			d.wire.lie(edit(t, protocol.PathLogin, func(s *protocol.SessionResponse) { c.change(&s.Account) }))
			_, err := d.Login(t.Context(), "anna", password, "", "x")
			if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.say) || client.Explain(err).Code != c.code {
				t.Errorf("got %v (%s), want %v (%s) saying %q", err, client.Explain(err).Code, c.want, c.code, c.say)
			}
			if !d.Locked() || d.wire.Bearer() != "" {
				t.Error("the client continued")
			}
		})
	}
	t.Run("other parameters while the session lasts", func(t *testing.T) {
		d := newDevice(t, server)
		d.login(t, "anna", "x")
		d.Lock()
		d.wire.lie(edit(t, protocol.PathAccount, func(a *protocol.Account) { a.KDF.Time++ }))
		if _, err := d.Unlock(t.Context(), password); !errors.Is(err, seal.ErrKDFMismatch) {
			t.Errorf("got %v, want ErrKDFMismatch", err)
		}
	})
	t.Run("another user's account while unlocked", func(t *testing.T) {
		d := newDevice(t, server)
		d.login(t, "anna", "x")
		d.wire.lie(edit(t, protocol.PathAccount, func(a *protocol.Account) { *a = stranger }))
		if err := d.ChangePassword(t.Context(), password, "next"); client.Explain(err).Code != client.CodeVaultAltered {
			t.Errorf("got %v", err)
		}
	})
}

func TestALieAboutTheRecoveryKeyIsRefused(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	phrase := d.register(t, "anna")
	mallory := newDevice(t, server)
	theirs := mallory.register(t, "mallory")
	var stranger protocol.RecoveryOpenResponse
	mallory.wire.lie(edit(t, protocol.PathRecoveryOpen, func(r *protocol.RecoveryOpenResponse) { stranger = *r }))
	if _, err := mallory.Recover(t.Context(), "mallory", theirs, password, false, "x"); err != nil {
		t.Fatal(err)
	}
	d.wire.lie(edit(t, protocol.PathRecoveryOpen, func(r *protocol.RecoveryOpenResponse) { *r = stranger }))
	_, err := d.Recover(t.Context(), "anna", phrase, "next", false, "x")
	if client.Explain(err).Code != client.CodeVaultAltered || !strings.Contains(err.Error(), "wrapped for recovery") {
		t.Errorf("got %v", err)
	}
	for _, r := range d.wire.sent {
		if r.Path == protocol.PathRecoveryFinish {
			t.Error("a new password was sent anyway")
		}
	}
}

var tokenMember = regexp.MustCompile(`,"token":"[^"]*"`)

func TestAnswersThatAreNotTheAPIAreRefused(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	d.save(t, login("bank"))
	var wrong *client.AnswerError
	for name, change := range map[string]func(string) string{
		"an unknown field":        func(s string) string { return strings.Replace(s, `{`, `{"x":1,`, 1) },
		"something after the end": func(s string) string { return s + "{}" },
		"invalid UTF-8":           func(s string) string { return strings.Replace(s, `"manifest":"`, "\"manifest\":\"\xff", 1) },
		"a wrong type":            func(s string) string { return strings.Replace(s, `"revision":`, `"revision":"x","y":`, 1) },
		"an empty token":          func(s string) string { return tokenMember.ReplaceAllString(s, `,"token":""`) },
		"no token":                func(s string) string { return tokenMember.ReplaceAllString(s, "") },
		"no records":              func(string) string { return `{"revision":1,"manifest":"x"}` },
	} {
		fresh := newDevice(t, server)
		fresh.login(t, "anna", "x")
		fresh.wire.lie(func(r client.Request, answer *client.Response) {
			if strings.HasPrefix(r.Path, protocol.PathVault) {
				answer.Body = []byte(change(string(answer.Body)))
			}
		})
		if _, err := fresh.Sync(t.Context()); !errors.As(err, &wrong) {
			t.Errorf("%s: got %v, want an AnswerError", name, err)
		}
	}
}
