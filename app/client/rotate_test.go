package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// rotate rotates the account key. It returns the new phrase, empty if it stays.
func (d *device) rotate(t testing.TB, in client.RotationRequest) string {
	t.Helper()
	r, err := d.PrepareRotation(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Forget()
	if _, err := d.Rotate(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return strings.Join(r.Words(), " ")
}

// epochs returns the epochs of the sealed records on the server, in order.
func (d *device) epochs(t testing.TB) (out []int64) {
	t.Helper()
	for _, r := range d.fetch(t).Records {
		if r.Epoch > 0 {
			out = append(out, r.Epoch)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (d *device) reseal(t testing.TB) client.Resealed {
	t.Helper()
	done, err := d.Reseal(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func TestARotationReplacesEverything(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d, other := newDevice(t, server), newDevice(t, server)
	first := d.register(t, "anna")
	bank := d.save(t, login("Bank"))
	other.login(t, "anna", "second device")
	other.sync(t)
	before := d.account(t)

	second := d.rotate(t, client.RotationRequest{Password: password})
	after, log := d.account(t), d.fetch(t)
	for i, w := range before.Keys.Wraps {
		if slices.Contains(after.Keys.Wraps, w) {
			t.Errorf("wrap %d is as before", i)
		}
	}
	newest := must(chain.ParseEntry(decoded(t, log.Entries[len(log.Entries)-1])))(t)
	was := must(chain.ParseEntry(decoded(t, log.Entries[len(log.Entries)-2])))(t)
	if newest.Op != chain.OpAccount || newest.Epoch != was.Epoch+1 || newest.Roster[0].Card == was.Roster[0].Card || newest.PreviousKeys == "" {
		t.Errorf("the entry is %+v", newest)
	}
	if _, err := other.Sync(t.Context()); serverCode(err) != protocol.CodeUnauthorized {
		t.Errorf("the other session: %v", err)
	}
	other.login(t, "anna", "second device")
	if s := other.sync(t); s.Outdated != 2 {
		t.Errorf("%d outdated records", s.Outdated)
	}
	if got := other.get(t, bank.ID); got.Password != bank.Password {
		t.Errorf("got %+v", got)
	}
	mail := other.save(t, login("Mail"))
	d.sync(t)
	if got := d.get(t, mail.ID); got.Password != mail.Password {
		t.Errorf("got %+v", got)
	}
	fresh := newDevice(t, server)
	if _, err := fresh.Recover(t.Context(), "anna", first, nextPassword, false, "x"); !errors.Is(err, client.ErrWrongPhrase) {
		t.Errorf("the old phrase: %v", err)
	}
	if _, err := fresh.Recover(t.Context(), "anna", second, nextPassword, false, "x"); err != nil {
		t.Fatal(err)
	}
	fresh.sync(t)
	if got := fresh.titles(t, ""); !slices.Equal(got, []string{"Bank", "Mail"}) {
		t.Errorf("got %v", got)
	}
}

func TestARotationKeepsThePhraseAndSetsAPassword(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	phrase := d.register(t, "anna")
	other := newDevice(t, server)
	otherPhrase := other.register(t, "bert")
	for name, in := range map[string]client.RotationRequest{
		"a wrong password": {Password: nextPassword}, "another phrase": {Password: password, Phrase: otherPhrase}, "no phrase": {Password: password, Phrase: "x"},
	} {
		if _, err := d.PrepareRotation(t.Context(), in); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if words := d.rotate(t, client.RotationRequest{Password: password, Phrase: phrase, NewPassword: nextPassword}); words != "" {
		t.Errorf("a new phrase: %s", words)
	}
	d.Lock()
	if _, err := d.Unlock(t.Context(), password); !errors.Is(err, client.ErrWrongPassword) {
		t.Errorf("the old password: %v", err)
	}
	d.unlockWith(t, nextPassword)
	d.sync(t)
	if _, err := newDevice(t, server).Recover(t.Context(), "anna", phrase, password, false, "x"); err != nil {
		t.Errorf("the phrase: %v", err)
	}
}

// leaveWaiting leaves a change in the outbox of a device that the server cannot reach.
func (d *device) leaveWaiting(t *testing.T, it item.Item) item.Item {
	t.Helper()
	d.wire.mu.Lock()
	d.wire.before = func(*client.Request) (*client.Response, error) { return nil, errors.New("no network") }
	d.wire.mu.Unlock()
	saved := d.save(t, it)
	d.wire.mu.Lock()
	d.wire.before = nil
	d.wire.mu.Unlock()
	return saved
}

func TestADeviceIsAwayThroughThreeEpochs(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d, other := newDevice(t, server), newDevice(t, server)
	d.register(t, "anna")
	bank := d.save(t, login("Bank"))
	other.login(t, "anna", "second device")
	other.sync(t)
	draft, err := other.SealDraft(login("Draft"))
	if err != nil {
		t.Fatal(err)
	}
	other.leaveWaiting(t, login("Outbox"))
	for n := range 3 {
		d.rotate(t, client.RotationRequest{Password: password})
		if n == 1 {
			d.reseal(t)
		}
		d.save(t, login(fmt.Sprintf("Epoch %d", n+2)))
	}
	other = other.restarted(t, server)
	other.login(t, "anna", "second device")
	s := other.sync(t)
	if s.Pending != 0 || s.CopyProblem != "" {
		t.Errorf("got %+v", s)
	}
	if got := other.get(t, bank.ID); got.Password != bank.Password {
		t.Errorf("got %+v", got)
	}
	if it, err := other.OpenDraft(draft); err != nil || it.Title != "Draft" {
		t.Errorf("the draft: %+v, %v", it, err)
	}
	d.sync(t)
	if got := d.titles(t, ""); !slices.Equal(got, []string{"Bank", "Epoch 2", "Epoch 3", "Epoch 4", "Outbox"}) {
		t.Errorf("got %v", got)
	}
	if other.reseal(t); !slices.Equal(other.epochs(t), []int64{4}) {
		t.Errorf("epochs %v", other.epochs(t))
	}
}

func TestTwoDevicesRotateAtOnce(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d, other := newDevice(t, server), newDevice(t, server)
	d.register(t, "anna")
	other.login(t, "anna", "second device")
	other.sync(t)
	one, err := d.PrepareRotation(t.Context(), client.RotationRequest{Password: password})
	if err != nil {
		t.Fatal(err)
	}
	two, err := other.PrepareRotation(t.Context(), client.RotationRequest{Password: password})
	if err != nil {
		t.Fatal(err)
	}
	// The other device has signed when the first is done.
	other.wire.before = func(r *client.Request) (*client.Response, error) {
		if r.Path == protocol.PathAccountEntry {
			if _, err := d.Rotate(t.Context(), one); err != nil {
				t.Error(err)
			}
		}
		return nil, nil
	}
	if _, err := other.Rotate(t.Context(), two); serverCode(err) != protocol.CodeUnauthorized {
		t.Errorf("got %v", err)
	}
	other.wire.before = nil
	other.login(t, "anna", "second device")
	other.sync(t)
	other.save(t, login("Bank"))
	d.sync(t)
	if n := len(d.fetch(t).Entries); n != 3 {
		t.Errorf("%d entries, want 3", n)
	}
	if got := d.titles(t, ""); !slices.Equal(got, []string{"Bank"}) {
		t.Errorf("got %v", got)
	}
}

// Another tab shares session and cache. It locks, and the password opens the new key.
func TestAnotherTabLocksAfterARotation(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	tab := d.restarted(t, server)
	tab.unlockWith(t, password)
	tab.sync(t)
	d.rotate(t, client.RotationRequest{Password: password})
	tab.save(t, login("Saved"))
	if !tab.Locked() {
		t.Error("the tab is not locked")
	}
	tab.unlockWith(t, password)
	tab.sync(t)
	tab.leaveWaiting(t, login("Outbox"))
	d.sync(t)
	d.rotate(t, client.RotationRequest{Password: password})
	if _, err := tab.Sync(t.Context()); !errors.Is(err, client.ErrRekeyed) || client.Explain(err).Code != client.CodeLocked || !tab.Locked() {
		t.Errorf("got %v", err)
	}
	tab.unlockWith(t, password)
	tab.sync(t)
	if got := tab.titles(t, ""); !slices.Equal(got, []string{"Outbox", "Saved"}) {
		t.Errorf("got %v", got)
	}
}

func TestTheVaultAloneRotates(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d, other := newDevice(t, server), newDevice(t, server)
	d.register(t, "anna")
	bank := d.save(t, login("Bank"))
	other.login(t, "anna", "second device")
	other.sync(t)
	if err := d.RotateVault(t.Context(), nextPassword); !errors.Is(err, client.ErrWrongPassword) {
		t.Errorf("a wrong password: %v", err)
	}
	if err := d.RotateVault(t.Context(), password); err != nil {
		t.Fatal(err)
	}
	d.reseal(t)
	other.sync(t)
	if got := other.get(t, bank.ID); got.Password != bank.Password {
		t.Errorf("got %+v", got)
	}
	if !slices.Equal(d.epochs(t), []int64{2}) {
		t.Errorf("epochs %v", d.epochs(t))
	}
}

func TestResealingKeepsItemsAndHistory(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	bank := d.save(t, login("Bank"))
	bank.Password = "second"
	bank = d.save(t, bank)
	d.rotate(t, client.RotationRequest{Password: password})
	var steps []string
	if _, err := d.Reseal(t.Context(), func(done, total int) { steps = append(steps, fmt.Sprintf("%d/%d", done, total)) }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(steps, []string{"3/3"}) || !slices.Equal(d.epochs(t), []int64{2}) {
		t.Errorf("progress %v, epochs %v", steps, d.epochs(t))
	}
	if again := d.reseal(t); again != (client.Resealed{}) {
		t.Errorf("again: %+v", again)
	}
	for name, device := range map[string]*device{"this device": d, "a new device": newDevice(t, server)} {
		if device != d {
			device.login(t, "anna", "x")
			device.sync(t)
		}
		history, err := device.History(bank.ID)
		if err != nil || len(history) != 1 || device.get(t, bank.ID).Password != "second" {
			t.Errorf("%s: %+v, %v", name, history, err)
		}
	}
	// An edit that is based on the version before still merges.
	bank.Notes = "since"
	if got := d.save(t, bank); got.Notes != "since" || got.Password != "second" {
		t.Errorf("got %+v", got)
	}
}

func TestResealingPausesAfterSomebodyElse(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d, other := newDevice(t, server), newDevice(t, server)
	d.register(t, "anna")
	d.save(t, login("Bank"))
	d.rotate(t, client.RotationRequest{Password: password})
	other.login(t, "anna", "second device")
	other.sync(t)
	saved := false
	d.wire.before = func(r *client.Request) (*client.Response, error) {
		if isAt(*r, protocol.PathVaultWrites) && !saved {
			saved = true
			other.save(t, login("Mail"))
		}
		return nil, nil
	}
	var pauses []time.Duration
	d.SetPause(func(_ context.Context, p time.Duration) error { pauses = append(pauses, p); return nil })
	if done := d.reseal(t); done.Records != 2 || !slices.Equal(pauses, []time.Duration{time.Second}) {
		t.Errorf("%+v, pauses %v", done, pauses)
	}
	if !slices.Equal(d.epochs(t), []int64{2}) {
		t.Errorf("epochs %v", d.epochs(t))
	}
}
