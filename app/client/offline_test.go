package client_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

// cachedVault returns a device with a cache of a vault with two items.
func cachedVault(t *testing.T) (server string, d *device, bank, mail item.Item) {
	t.Helper()
	server = startServer(t)
	d = newDevice(t, server)
	d.register(t, "anna")
	return server, d, d.save(t, login("bank")), d.save(t, login("mail"))
}

func TestReadingWithoutTheServer(t *testing.T) {
	t.Parallel()
	server, d, bank, _ := cachedVault(t)
	bank.Password = "newer"
	d.save(t, bank)

	d = d.cutOff(t, server)
	if state, name, err := d.Resume(t.Context()); state != client.Locked || name != "anna" || err != nil {
		t.Fatalf("resume: %v %q %v", state, name, err)
	}
	if _, err := d.Unlock(t.Context(), "wrong"); !errors.Is(err, client.ErrWrongPassword) {
		t.Errorf("a wrong password: %v", err)
	}
	if opened := d.unlock(t); opened != (client.Opened{Username: "anna", Offline: true}) {
		t.Errorf("unlock: %+v", opened)
	}
	if got := d.titles(t, "ba"); !slices.Equal(got, []string{"bank"}) {
		t.Errorf("search: %q", got)
	}
	if got := d.get(t, bank.ID); got.Password != "newer" {
		t.Errorf("get: %+v", got)
	}
	if older, err := d.History(bank.ID); err != nil || len(older) != 1 || older[0].Password != "secret of bank" {
		t.Errorf("history: %+v %v", older, err)
	}
	if a, err := d.Account(t.Context()); err != nil || !a.Offline || a.Username != "anna" || a.Count != 2 {
		t.Errorf("account: %+v %v", a, err)
	}
	if _, err := d.Sync(t.Context()); !errors.Is(err, client.ErrOffline) {
		t.Errorf("sync: %v", err)
	}
	d.reconnect()
	if s := d.sync(t); s.Count != 2 || s.Pending != 0 {
		t.Errorf("synced %+v", s)
	}
	d.Lock()
	if opened := d.unlock(t); opened.Offline {
		t.Errorf("unlock with a server: %+v", opened)
	}
}

// A proxy in front of a server that is down answers 502.
func TestProxyWithoutItsServerCountsAsOffline(t *testing.T) {
	t.Parallel()
	server, d, _, _ := cachedVault(t)
	d = d.restarted(t, server)
	d.wire.before = func(*client.Request) (*client.Response, error) {
		return &client.Response{Status: 502, Body: []byte("<h1>Bad Gateway</h1>")}, nil
	}
	if opened := d.unlock(t); !opened.Offline {
		t.Errorf("unlock: %+v", opened)
	}
	d.save(t, login("new"))
	if w := d.waiting(t); w.Pending != 1 {
		t.Errorf("waiting: %+v", w)
	}
}

// The vault stays readable from the cache if the server is busy or its answer is incomplete.
func TestTruncatedAnswerCountsAsOffline(t *testing.T) {
	t.Parallel()
	server, first, bank, _ := cachedVault(t)
	for name, answer := range map[string]func(a *client.Response){
		"half": func(a *client.Response) { a.Body = a.Body[:len(a.Body)/2] },
		"none": func(a *client.Response) { a.Body = nil },
		"busy": func(a *client.Response) {
			*a = client.Response{Status: 503, Body: []byte(`{"code":"unavailable","message":"busy","request_id":"1"}`), RetryAfter: time.Second}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := first.restarted(t, server)
			d.wire.lie(func(r client.Request, a *client.Response) {
				if isAt(r, protocol.PathVault) {
					answer(a)
				}
			})
			d.unlock(t)
			if _, err := d.Sync(t.Context()); !errors.Is(err, client.ErrOffline) {
				t.Errorf("sync: %v", err)
			}
			if got := d.get(t, bank.ID); got.Password != bank.Password {
				t.Errorf("got %q", got.Password)
			}
		})
	}
}

func TestDeviceStoresNoPlaintext(t *testing.T) {
	t.Parallel()
	_, d, bank, _ := cachedVault(t)
	d.cut()
	bank.Notes = "typed on the train"
	d.save(t, bank)
	if got := d.cache.names(); !slices.Equal(got, []string{"account", "history", "queue", "vault", "write"}) {
		t.Errorf("the cache has %q", got)
	}
	for name, k := range d.cache.stored {
		for _, chunk := range k.Chunks {
			for _, secret := range []string{password, "secret of bank", "typed on the train"} {
				if strings.Contains(string(chunk), secret) {
					t.Errorf("%s holds %q", name, secret)
				}
			}
		}
	}
}

// A device with a cache downloads only the changes, and writes only the changes to the cache.
func TestACopySavesTheDownload(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	a, b := newDevice(t, server), newDevice(t, server)
	a.register(t, "anna")
	if _, err := a.AddMany(t.Context(), sample.Logins(500), nil); err != nil {
		t.Fatal(err)
	}
	b.login(t, "anna", "b")
	b.sync(t)
	a.save(t, login("new"))

	b = b.restarted(t, server)
	b.unlock(t)
	wrote := b.cache.wrote
	var received int
	b.wire.lie(func(_ client.Request, answer *client.Response) { received += len(answer.Body) })
	if s := b.sync(t); !s.Changed || s.Count != 501 {
		t.Errorf("synced %+v", s)
	}
	it := b.save(t, login("newer"))
	it.Title = "newest"
	b.save(t, it)
	if received > 8_000 || b.cache.wrote-wrote > 16_000 {
		t.Errorf("%d bytes were received and %d cached", received, b.cache.wrote-wrote)
	}
	b = b.cutOff(t, server)
	b.unlock(t)
	if got := b.titles(t, "new"); !slices.Equal(got, []string{"new", "newest"}) {
		t.Errorf("got %q", got)
	}
}

// The cache of many changes is rewritten as one chunk.
func TestACopyOfManyChangesOpens(t *testing.T) {
	t.Parallel()
	server, d, bank, mail := cachedVault(t)
	for i := range 80 {
		bank.Username = fmt.Sprintf("user %d", i)
		bank = d.save(t, bank)
		if i == 40 {
			if err := d.Delete(t.Context(), []string{mail.ID}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 2 {
		d = d.cutOff(t, server)
		d.unlock(t)
		if got := d.get(t, bank.ID); got.Username != "user 79" || len(d.titles(t, "")) != 1 {
			t.Errorf("got %+v", got)
		}
		d.cache.change(t, "vault", func(chunks [][]byte) [][]byte {
			if len(chunks) != 1 {
				t.Errorf("%d pieces", len(chunks))
			}
			return chunks
		})
	}
}

// Anyone with access to the device can change the cache. Online this costs a download. Offline the client shows nothing of it.
func TestATamperedCopyIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func([][]byte) [][]byte
		want   client.Code
	}{
		"damaged":                  {func(p [][]byte) [][]byte { return [][]byte{p[0][:len(p[0])/2]} }, client.CodeVaultAltered},
		"a change left out":        {func(p [][]byte) [][]byte { return slices.Delete(p, 1, 2) }, client.CodeVaultAltered},
		"a record left out":        {dropRecord, client.CodeVaultAltered},
		"a token altered":          {alterToken, client.CodeVaultAltered},
		"taken back by a revision": {func(p [][]byte) [][]byte { return p[:len(p)-1] }, client.CodeVaultRolledBack},
	} {
		t.Run(name, func(t *testing.T) {
			server, d, _, _ := cachedVault(t)
			d.save(t, login("third"))
			d.cache.change(t, "vault", c.change)
			d = d.cutOff(t, server)
			_, err := d.Unlock(t.Context(), password)
			if got := client.Explain(err).Code; got != c.want || !d.Locked() {
				t.Fatalf("got %v (%s), want %s", err, got, c.want)
			}
			if c.want == client.CodeVaultRolledBack && !strings.Contains(err.Error(), "copy on this device") {
				t.Errorf("the error blames the server: %v", err)
			}
			d.reconnect()
			d.unlock(t)
			if s := d.sync(t); s.Count != 3 {
				t.Errorf("synced %+v", s)
			}
			d = d.cutOff(t, server)
			d.unlock(t)
			if got := d.titles(t, ""); len(got) != 3 {
				t.Errorf("the copy was not replaced: %q", got)
			}
		})
	}
}

func dropRecord(p [][]byte) [][]byte {
	last := string(p[len(p)-1])
	from, to := strings.Index(last, `{"item_id"`), strings.Index(last, `},{`)
	p[len(p)-1] = []byte(last[:from] + last[to+2:])
	return p
}

func alterToken(p [][]byte) [][]byte {
	last := p[len(p)-1]
	last[strings.Index(string(last), `"token":"`)+60] ^= 1
	return p
}

// The document of the cached account names its keys, like that of an account from the server, and the log signs it.
func TestATamperedAccountIsRefused(t *testing.T) {
	t.Parallel()
	server, d, _, _ := cachedVault(t)
	for name, c := range map[string]struct {
		from, to string
		want     client.Code
	}{
		"document": {`"document":"AgA`, `"document":"AwA`, client.CodeVaultAltered},
		"identity": {`"identity":"gAAAAAAAAAAA`, `"identity":"gAAAAAAAAAAB`, client.CodeVaultAltered},
		"wrap":     {`"wraps":["gAAAAAAAAAAA`, `"wraps":["gAAAAAAAAAAB`, client.CodeVaultAltered},
		"vault":    {`"vault":"`, `"vault":"x`, client.CodeOffline},
		"username": {`"username":"anna"`, `"username":"bert"`, client.CodeVaultAltered},
		"no user":  {`"user_id":"`, `"user_id":"x`, client.CodeOffline},
	} {
		here := &device{memory: d.memory, wire: d.wire, cache: newCache()}
		for name, k := range d.cache.stored {
			here.cache.stored[name] = k
		}
		here.cache.change(t, "account", func(p [][]byte) [][]byte {
			changed := strings.Replace(string(p[0]), c.from, c.to, 1)
			if changed == string(p[0]) {
				t.Fatalf("%s: %s", name, p[0])
			}
			return [][]byte{[]byte(changed)}
		})
		here = here.cutOff(t, server)
		if _, err := here.Unlock(t.Context(), password); client.Explain(err).Code != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEndedSessionQuarantinesTheCache(t *testing.T) {
	t.Parallel()
	server, d, _, _ := cachedVault(t)
	other := newDevice(t, server)
	other.login(t, "anna", "other")
	d.cut()
	d.save(t, login("offline"))
	const next = "another password"
	if err := other.ChangePassword(t.Context(), password, next); err != nil {
		t.Fatal(err)
	}
	d.reconnect()
	if _, err := d.Sync(t.Context()); serverCode(err) != protocol.CodeUnauthorized {
		t.Fatalf("sync: %v", err)
	}
	if got := d.cache.names(); !slices.Equal(got, []string{"history", "quarantine", "queue", "vault", "write"}) {
		t.Errorf("the cache has %q", got)
	}
	d = d.cutOff(t, server)
	if _, err := d.Unlock(t.Context(), password); !errors.Is(err, client.ErrOffline) {
		t.Errorf("the old password without a server: %v", err)
	}

	// Another user registers on the device and finds nothing.
	d.reconnect()
	r, err := d.PrepareRegistration(password)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Register(t.Context(), r, "bert", "x"); err != nil {
		t.Fatal(err)
	}
	if s := d.sync(t); s.Count != 0 || s.Pending != 0 {
		t.Errorf("bert has %+v", s)
	}

	if _, err := d.Login(t.Context(), "anna", next, "", "x"); err != nil {
		t.Fatal(err)
	}
	if s := d.sync(t); s.Count != 3 || s.Pending != 0 {
		t.Errorf("synced %+v", s)
	}
	other.sync(t)
	if got := other.titles(t, ""); !slices.Equal(got, []string{"bank", "mail", "offline"}) {
		t.Errorf("the other device has %q", got)
	}
}

func TestTheNewPasswordOpensTheCopyAndTheOldOneDoesNot(t *testing.T) {
	t.Parallel()
	server, d, _, _ := cachedVault(t)
	const next = "another password"
	if err := d.ChangePassword(t.Context(), password, next); err != nil {
		t.Fatal(err)
	}
	d = d.cutOff(t, server)
	if _, err := d.Unlock(t.Context(), password); !errors.Is(err, client.ErrWrongPassword) {
		t.Errorf("the old password: %v", err)
	}
	if _, err := d.Unlock(t.Context(), next); err != nil {
		t.Errorf("the new password: %v", err)
	}
}

func TestSigningOutDeletesTheCacheAfterAWarning(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for name, leave := range map[string]func(d *device, force bool) error{
		"log out":        func(d *device, force bool) error { return d.Logout(ctx, force) },
		"log out here":   func(d *device, force bool) error { return d.LogoutHere(ctx, force) },
		"delete account": func(d *device, force bool) error { return d.DeleteAccount(ctx, password, force) },
		"keep nothing":   func(d *device, force bool) error { return d.KeepCopy(ctx, false, force) },
	} {
		t.Run(name, func(t *testing.T) {
			_, d, _, _ := cachedVault(t)
			d.cut()
			d.save(t, login("offline"))
			d.reconnect()
			var unsent *client.UnsentError
			err := leave(d, false)
			if !errors.As(err, &unsent) || unsent.Changes != 1 || client.Explain(err).Code != client.CodeUnsent {
				t.Fatalf("with a pending change: %v", err)
			}
			if got := d.titles(t, ""); len(got) != 3 || len(d.cache.names()) != 5 {
				t.Errorf("the refused call changed something: %q", got)
			}
			if err := leave(d, true); err != nil {
				t.Fatal(err)
			}
			if got := d.cache.names(); len(got) != 0 {
				t.Errorf("the cache has %q", got)
			}
		})
	}
}

func TestADeviceThatKeepsNothing(t *testing.T) {
	t.Parallel()
	server, d, _, _ := cachedVault(t)
	if err := d.KeepCopy(t.Context(), false, false); err != nil {
		t.Fatal(err)
	}
	d.save(t, login("third"))
	if got := d.cache.names(); len(got) != 0 {
		t.Errorf("the cache has %q", got)
	}
	d.cut()
	if _, err := d.Save(t.Context(), login("fourth")); !errors.Is(err, client.ErrOffline) {
		t.Errorf("a change: %v", err)
	}
	if err := d.Delete(t.Context(), []string{d.get(t, mustFind(t, d, "bank")).ID}); !errors.Is(err, client.ErrOffline) {
		t.Errorf("a deletion: %v", err)
	}
	cutOff := d.cutOff(t, server)
	if _, err := cutOff.Unlock(t.Context(), password); !errors.Is(err, client.ErrOffline) {
		t.Errorf("unlock: %v", err)
	}

	// The user turns the cache on again.
	d.reconnect()
	if err := d.KeepCopy(t.Context(), true, false); err != nil {
		t.Fatal(err)
	}
	d.Lock()
	d.unlock(t)
	d.sync(t)
	d = d.cutOff(t, server)
	d.unlock(t)
	if got := d.titles(t, ""); len(got) != 3 {
		t.Errorf("got %q", got)
	}
}

// A full disk loses the cache, not the vault.
func TestADeviceWithoutRoomSaysSo(t *testing.T) {
	t.Parallel()
	server, d, _, _ := cachedVault(t)
	d.cache.before = func(name string) error {
		if strings.HasPrefix(name, "vault") {
			d.cache.before = nil // deleting works
			return errors.New("no space left")
		}
		return nil
	}
	d.save(t, login("third"))
	if s := d.sync(t); s.CopyProblem != "" {
		t.Errorf("after there was room again: %+v", s)
	}
	d.cache.before = func(name string) error {
		if len(d.cache.stored[name].Chunks) > 0 && strings.HasPrefix(name, "vault") {
			d.cache.before = nil
			return errors.New("no space left")
		}
		return nil
	}
	other := newDevice(t, server)
	other.login(t, "anna", "x")
	other.save(t, login("fourth"))
	if s := d.sync(t); s.CopyProblem != "no space left" || s.Count != 4 {
		t.Errorf("synced %+v", s)
	}
}

func mustFind(t *testing.T, d *device, title string) string {
	t.Helper()
	found, err := d.Search(client.Query{Text: title})
	if err != nil || len(found) != 1 {
		t.Fatalf("%d items are called %q, %v", len(found), title, err)
	}
	return found[0].ID
}
