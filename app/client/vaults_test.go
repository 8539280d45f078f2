package client_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// vaultNames returns those of the shared vaults of a device.
func (d *device) vaultNames(t testing.TB) []string {
	t.Helper()
	names := []string{}
	for _, v := range must(d.Vaults())(t)[1:] {
		names = append(names, v.Name)
	}
	return names
}

// served returns the shared vaults that the server lists.
func (d *device) served(t testing.TB) []protocol.SharedVault {
	t.Helper()
	return fetch[protocol.SharedVaults](t, d, protocol.PathVaults).Vaults
}

func TestASharedVaultIsCreatedAndRenamed(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	v := must(d.CreateVault(t.Context(), "Team"))(t)
	if v.Name != "Team" || v.Role != protocol.RoleOwner || v.Members != 1 || v.Personal || v.Problem != "" {
		t.Errorf("created %+v", v)
	}
	if _, err := d.CreateVault(t.Context(), "Another"); err != nil {
		t.Fatal(err)
	}
	it := must(d.SaveIn(t.Context(), v.ID, login("Shared")))(t)
	own := d.save(t, login("Own"))
	if !strings.HasPrefix(it.ID, v.ID+".") || strings.Contains(own.ID, ".") {
		t.Errorf("the items are %s and %s", it.ID, own.ID)
	}
	it.Title = "Shared and changed"
	d.save(t, it)
	if of := must(d.VaultOf(it.ID))(t); of != v.ID {
		t.Errorf("the item is in %s", of)
	}
	second := d.another(t, server, "anna")
	if got := second.vaultNames(t); !slices.Equal(got, []string{"Another", "Team"}) {
		t.Errorf("another device has %q", got)
	}
	if got := second.get(t, it.ID); got.Title != it.Title || got.Password != it.Password {
		t.Errorf("another device has %+v", got)
	}
	if got := second.vault(t, v.ID); got.Items != 1 || got.Problem != "" || second.vault(t, second.account(t).Vault).Items != 1 {
		t.Errorf("another device counts %+v", got)
	}
	if _, err := second.RenameVault(t.Context(), v.ID, "Everybody"); err != nil {
		t.Fatal(err)
	}
	d.sync(t)
	if got := d.vault(t, v.ID).Name; got != "Everybody" {
		t.Errorf("renamed to %q", got)
	}
	if id, err := d.FindVault("everybody"); err != nil || id != v.ID {
		t.Errorf("found %s, %v", id, err)
	}
	if id, err := d.FindVault("personal"); err != nil || id != d.account(t).Vault {
		t.Errorf("found %s, %v", id, err)
	}
	if _, err := d.FindVault("Team"); !errors.Is(err, client.ErrNoVault) {
		t.Errorf("found a vault under its former name: %v", err)
	}
	for _, name := range []string{"", " a", "a\nb", strings.Repeat("a", 61), "a\u202eb"} {
		if _, err := d.CreateVault(t.Context(), name); !errors.Is(err, client.ErrVaultName) {
			t.Errorf("created %q: %v", name, err)
		}
	}
	if _, err := d.RenameVault(t.Context(), d.account(t).Vault, "Mine"); !errors.Is(err, client.ErrPersonalVault) {
		t.Errorf("renamed the personal vault: %v", err)
	}
	if err := d.Delete(t.Context(), []string{it.ID, own.ID}); err != nil {
		t.Fatal(err)
	}
	second.sync(t)
	if _, err := second.Get(it.ID); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("the deleted item is there: %v", err)
	}
}

// Whatever is the last request that gets through, or whose answer does, there is one vault in the end: after the same command again, and after
// a restart of the program.
func TestACrashNeitherLosesAVaultNorLeavesTwo(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]bool{"the command again": true, "a restart": false} {
		for _, lost := range []string{"request", "answer"} {
			for n := range 4 {
				t.Run(name+" after "+lost+" "+string(rune('0'+n)), func(t *testing.T) {
					t.Parallel()
					crashedCreation(t, n, lost == "answer", again)
				})
			}
		}
	}
}

func crashedCreation(t *testing.T, n int, answer, again bool) {
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	posts := 0
	offline := func() (*client.Response, error) { return nil, client.ErrOffline }
	d.intercept(func(r *client.Request) (*client.Response, error) {
		if r.Method == http.MethodPost {
			posts++
		}
		switch {
		case posts <= n:
			return nil, nil
		case r.Method == http.MethodPost && posts == n+1 && answer:
			if _, err := d.wire.Transport.Do(t.Context(), *r); err != nil {
				t.Error(err)
			}
		}
		return offline()
	})
	_, err := d.CreateVault(t.Context(), "Team")
	d.intercept(nil)
	if n < 3 && err == nil {
		t.Fatal("nothing failed")
	}
	d.Lock()
	d = d.restarted(t, server)
	if _, err := d.Unlock(t.Context(), password); err != nil {
		t.Fatal(err)
	}
	if again && err != nil {
		if _, err := d.CreateVault(t.Context(), "Team"); err != nil {
			t.Fatal(err)
		}
	}
	d.sync(t)
	d.sync(t)
	want := []string{"Team"} // the pin was signed: this device sends it again
	if got := d.vaultNames(t); !slices.Equal(got, want) {
		t.Errorf("this device has %q", got)
	}
	second := d.another(t, server, "anna")
	if got := second.vaultNames(t); !slices.Equal(got, want) || len(second.served(t)) != len(want) {
		t.Errorf("another device has %q of %+v", got, second.served(t))
	}
}

func TestAMemberReadsAndWritesByRole(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	c := newTeam(t, server, "boss", "Team")
	id := c.save("Router")
	editor, reader := newDevice(t, server), newDevice(t, server)
	editor.register(t, "ed")
	reader.register(t, "rita")
	c.add(editor, chain.Editor)
	c.add(reader, chain.Reader)
	editor.sync(t)
	reader.sync(t)
	it := editor.get(t, id)
	if it.Title != "Router" || reader.get(t, id).Password != it.Password {
		t.Errorf("the editor has %+v", it)
	}
	if v := reader.vault(t, c.id()); v.Role != protocol.RoleReader || v.Name != "Team" || v.Members != 3 || v.Items != 1 {
		t.Errorf("the reader has %+v", v)
	}
	it.Title = "Router 2"
	editor.save(t, it)
	reader.sync(t)
	if got := reader.get(t, id); got.Title != "Router 2" {
		t.Errorf("the reader has %+v", got)
	}
	it.Title = "No"
	sent := len(reader.wire.sent)
	for what, err := range map[string]error{
		"save":   second(reader.Save(t.Context(), it)),
		"add":    second(reader.SaveIn(t.Context(), c.id(), login("New"))),
		"delete": reader.Delete(t.Context(), []string{id}),
		"trash":  second(reader.Trash(t.Context(), []string{id}, 0, nil)),
		"rename": second(reader.RenameVault(t.Context(), c.id(), "Mine")),
		"attach": second(reader.Attach(t.Context(), id, "a.txt", []byte("a"), nil)),
	} {
		if !errors.Is(err, client.ErrVaultRole) || client.Explain(err).Code != client.Code(protocol.CodeRole) {
			t.Errorf("%s by a reader: %v", what, err)
		}
	}
	for _, r := range reader.wire.sent[sent:] {
		if r.Method != http.MethodGet {
			t.Errorf("a reader sent %s %s", r.Method, r.Path)
		}
	}
	if _, err := editor.RenameVault(t.Context(), c.id(), "Mine"); !errors.Is(err, client.ErrVaultRole) {
		t.Errorf("an editor renamed the vault: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// Without a server, each vault opens from its cache, and a change waits in the outbox of its vault.
func TestSharedVaultsOpenOffline(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	c := newTeam(t, server, "boss", "Team")
	id := c.save("Router")
	d := newDevice(t, server)
	d.register(t, "anna")
	c.add(d, chain.Editor)
	d.sync(t)
	d = d.restarted(t, server)
	d.cut()
	if opened, err := d.Unlock(t.Context(), password); err != nil || !opened.Offline {
		t.Fatalf("%+v, %v", opened, err)
	}
	it := d.get(t, id)
	it.Title = "Router offline"
	d.save(t, it)
	fresh := must(d.SaveIn(t.Context(), c.id(), login("New offline")))(t)
	own := d.save(t, login("Own"))
	if v := d.vault(t, c.id()); v.Pending != 2 || v.Items != 2 || must(d.Unsent(t.Context()))(t) != 3 {
		t.Errorf("offline %+v", v)
	}
	var unsent *client.UnsentError
	if err := d.Logout(t.Context(), false); !errors.As(err, &unsent) || unsent.Changes != 3 {
		t.Errorf("signing out would lose the changes: %v", err)
	}
	d = d.restarted(t, server)
	if _, err := d.Unlock(t.Context(), password); err != nil {
		t.Fatal(err)
	}
	if s := d.sync(t); s.Pending != 0 {
		t.Errorf("after the sync %+v", s)
	}
	other := d.another(t, server, "anna")
	for _, id := range []string{id, fresh.ID, own.ID} {
		other.get(t, id)
	}
	if got := other.get(t, id); got.Title != "Router offline" {
		t.Errorf("%+v", got)
	}
	if err := d.Logout(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	d.cache.mu.Lock()
	defer d.cache.mu.Unlock()
	for name, left := range d.cache.stored {
		if len(left.Chunks) > 0 {
			t.Errorf("after signing out the device has %q", name)
		}
	}
}

// Only who may write to a vault is asked to seal its records again.
func TestRecordsOfASharedVaultAreSealedAgain(t *testing.T) {
	t.Parallel()
	people := group(t, "anna", "bob", "carl")
	anna, bob, carl := people[0], people[1], people[2]
	vault := anna.share(t, "Accounting")
	own, shared := anna.save(t, login("own")).ID, anna.saveIn(t, vault, "shared")
	anna.adds(t, vault, bob, "bob", protocol.RoleReader)
	anna.adds(t, vault, carl, "carl", protocol.RoleEditor)
	if err := anna.RemoveMembers(t.Context(), vault, 0, carl.userID(t)); err != nil {
		t.Fatal(err)
	}
	const records = 3 // the name of the vault, and two of the item
	if got := anna.sync(t).Outdated; got != records {
		t.Errorf("%d records wait to be sealed again, want %d", got, records)
	}
	if got := bob.sync(t).Outdated; got != 0 {
		t.Errorf("a reader is asked to seal %d records again", got)
	}
	if done := must(anna.Reseal(t.Context(), nil))(t); done.Records != records || done.Unreadable != 0 {
		t.Errorf("%+v", done)
	}
	if got := anna.sync(t).Outdated; got != 0 {
		t.Errorf("%d records are left", got)
	}
	bob.sync(t)
	if got := bob.get(t, shared).Title; got != "shared" {
		t.Errorf("a reader has %q", got)
	}
	if got := anna.get(t, own).Title; got != "own" {
		t.Errorf("the personal vault has %q", got)
	}
}
