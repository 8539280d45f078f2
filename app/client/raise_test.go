package client_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// updated returns the device with a release whose current cost is higher.
func (d *device) updated(t testing.TB, server string) *device {
	t.Helper()
	d = d.restarted(t, server)
	d.SetCost(2)
	return d
}

func (d *device) document(t testing.TB) *chain.Document {
	t.Helper()
	return decodeObject(t, d.account(t).Keys.Document, chain.ParseDocument)
}

// raised signs in with a release whose current cost is higher, and syncs.
func (d *device) raised(t testing.TB, server string) *device {
	t.Helper()
	d = d.updated(t, server)
	d.login(t, "anna", "updated")
	d.sync(t)
	if err := d.RaiseCost(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

func refusal(status int, code protocol.Code) *client.Response {
	return &client.Response{Status: status, Body: fmt.Appendf(nil, `{"code":%q,"message":"m","request_id":"r"}`, code)}
}

func (d *device) sent(path string) (n int) {
	for _, r := range d.wire.sent {
		if isAt(r, path) {
			n++
		}
	}
	return n
}

func TestASignInRaisesTheCost(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d, other := newDevice(t, server), newDevice(t, server)
	phrase := d.register(t, "anna")
	bank := d.save(t, login("Bank"))
	other.login(t, "anna", "other")
	other.sync(t)
	before := d.document(t)

	d = d.raised(t, server)
	after := d.document(t)
	if after.Cost != 2 || after.Salt == before.Salt || after.Card != before.Card || after.KeyGeneration != before.KeyGeneration {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if *after.Wrap(chain.MethodPhrase, chain.ID{}) != *before.Wrap(chain.MethodPhrase, chain.ID{}) {
		t.Error("the phrase was wrapped again")
	}
	if n := d.sent(protocol.PathAccountEntry); n != 1 {
		t.Errorf("%d entries", n)
	}
	if _, r := d.memory.only(t); r.KDF.Cost != 2 {
		t.Errorf("the device remembers %+v", r.KDF)
	}
	if again := d.raised(t, server); again.sent(protocol.PathAccountEntry) != 0 || again.document(t).Salt != after.Salt {
		t.Error("the next sign-in changed the account again")
	}

	// Another device, with an older release, stays signed in and follows.
	other.sync(t)
	if _, r := other.memory.only(t); r.KDF.Cost != 2 {
		t.Errorf("the other device remembers %+v", r.KDF)
	}
	other = other.restarted(t, server)
	other.unlockWith(t, password)
	other.sync(t)
	other.login(t, "anna", "other")
	other.sync(t)
	if got := other.get(t, bank.ID); got.Password != bank.Password {
		t.Errorf("got %+v", got)
	}
	if other.cutOff(t, server).unlock(t); other.cache.stored == nil {
		t.Error("no cache")
	}

	// An older release does not lower the cost.
	const next = "another correct horse"
	if err := other.ChangePassword(t.Context(), password, next); err != nil {
		t.Errorf("change the password: %v", err)
	}
	other = other.restarted(t, server)
	if _, err := other.Recover(t.Context(), "anna", phrase, password, false, "other"); err != nil {
		t.Fatalf("recover: %v", err)
	}
	other.sync(t)
	if cost := other.document(t).Cost; cost != 2 {
		t.Errorf("cost %d after an older release changed the password", cost)
	}
}

// A device that signed in before the cost rose has an old salt, and signs in with the proof of the new one.
func TestADeviceThatMissedTheRiseSignsIn(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d, other := newDevice(t, server), newDevice(t, server)
	d.register(t, "anna")
	other.login(t, "anna", "other")
	other.sync(t)
	d.raised(t, server)
	missed := other.restarted(t, server)
	missed.wire.lie(edit(t, protocol.PathPrelogin, func(k *protocol.PasswordKDF) { k.Change = nil }))
	if _, err := missed.Login(t.Context(), "anna", password, "", "x"); !errors.Is(err, seal.ErrKDFMismatch) {
		t.Errorf("a raised cost without an entry: %v", err)
	}
	missed.sentNone(t, protocol.PathLogin)
	other = other.restarted(t, server)
	other.login(t, "anna", "again")
	other.sync(t)
	for name, d := range map[string]*device{"raised": d, "followed": other} {
		d = d.restarted(t, server)
		d.wire.lie(edit(t, protocol.PathPrelogin, func(k *protocol.PasswordKDF) { k.Cost = 1 }))
		if _, err := d.Login(t.Context(), "anna", password, "", "x"); !errors.Is(err, client.ErrCostLowered) {
			t.Errorf("%s: a lower cost: %v", name, err)
		}
		d.sentNone(t, protocol.PathLogin)
	}
}

func TestTheCostAlsoRisesAfterASecondFactor(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	e, err := d.BeginTOTP(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	code := func(steps int) string {
		c, err := totp.GenerateCode(e.Secret, time.Now().Add(time.Duration(steps)*30*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if err := d.ConfirmTOTP(t.Context(), e.Token, code(0)); err != nil {
		t.Fatal(err)
	}
	d = d.updated(t, server)
	if _, err := d.Login(t.Context(), "anna", password, "", "x"); !errors.Is(err, client.ErrTOTPRequired) {
		t.Fatal(err)
	}
	if _, err := d.Login(t.Context(), "anna", "", code(1), "x"); err != nil {
		t.Fatal(err)
	}
	d.sync(t)
	if err := d.RaiseCost(t.Context()); err != nil {
		t.Fatal(err)
	}
	if cost := d.document(t).Cost; cost != 2 {
		t.Errorf("cost %d", cost)
	}
}

func TestASignInThatCannotRaiseTheCostIsOne(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	for name, refuse := range map[string]func(*client.Request) (*client.Response, error){
		"offline":   func(*client.Request) (*client.Response, error) { return nil, client.ErrOffline },
		"throttled": func(*client.Request) (*client.Response, error) { return refusal(429, protocol.CodeThrottled), nil },
		"full":      func(*client.Request) (*client.Response, error) { return refusal(507, protocol.CodeStorageFull), nil },
		"refused":   func(*client.Request) (*client.Response, error) { return refusal(400, protocol.CodeBadRequest), nil },
		"failed":    func(*client.Request) (*client.Response, error) { return refusal(500, protocol.CodeInternal), nil },
	} {
		d := newDevice(t, server)
		d.register(t, name)
		d = d.updated(t, server)
		d.login(t, name, name)
		d.sync(t)
		d.wire.before = func(r *client.Request) (*client.Response, error) {
			if isAt(*r, protocol.PathAccountEntry) {
				return refuse(r)
			}
			return nil, nil
		}
		if err := d.RaiseCost(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		}
		d.save(t, login("Bank")) // in the outbox, if the entry is still in flight
		d.sync(t)
		if d.document(t).Cost != 1 || d.sent(protocol.PathAccountEntry) == 0 {
			t.Errorf("%s: %+v", name, d.document(t))
		}
		d = d.updated(t, server)
		d.login(t, name, name)
		d.sync(t)
		if err := d.RaiseCost(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if w := d.waiting(t); d.document(t).Cost != 2 || len(d.titles(t, "")) != 1 || w.Pending != 0 {
			t.Errorf("%s: %+v, %v, %+v", name, d.document(t), d.titles(t, ""), w)
		}
	}
}

func TestAServerThatOnlyClaimsToRaiseTheCostIsFound(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")

	liar := d.updated(t, server)
	liar.login(t, "anna", "liar")
	liar.sync(t)
	liar.wire.before = func(r *client.Request) (*client.Response, error) {
		if isAt(*r, protocol.PathAccountEntry) {
			return &client.Response{Status: 204}, nil
		}
		return nil, nil
	}
	if err := liar.RaiseCost(t.Context()); client.Explain(err).Code != client.CodeVaultAltered {
		t.Errorf("success without an entry: %v", err)
	}
	if _, err := liar.Sync(t.Context()); client.Explain(err).Code != client.CodeVaultAltered {
		t.Errorf("the next sync: %v", err)
	}
	if _, r := liar.memory.only(t); r.KDF.Cost != 1 {
		t.Errorf("remembered without an entry: %+v", r.KDF)
	}

	// The log has the entry, but the account stays as it was.
	liar = d.updated(t, server)
	liar.login(t, "anna", "liar")
	old := liar.account(t)
	liar.wire.lie(edit(t, protocol.PathAccount, func(a *protocol.UserAccount) { a.Keys = old.Keys }))
	if err := liar.RaiseCost(t.Context()); err == nil {
		t.Error("an entry, and the old wraps: no error")
	}
	if _, err := liar.Sync(t.Context()); client.Explain(err).Code != client.CodeVaultAltered {
		t.Errorf("an entry, and the old wraps: the next sync: %v", err)
	}
	liar = liar.restarted(t, server)
	liar.wire.lie(edit(t, protocol.PathPrelogin, func(k *protocol.PasswordKDF) {
		*k = protocol.PasswordKDF{Salt: chain.ID(decodeObject(t, old.Keys.Document, chain.ParseDocument).Salt).String(), Cost: 1}
	}))
	if _, err := liar.Login(t.Context(), "anna", password, "", "x"); err == nil {
		t.Error("signed in with the old cost, which the server no longer takes")
	}
	d = d.restarted(t, server)
	d.login(t, "anna", "honest")
	d.sync(t)
	if cost := d.document(t).Cost; cost != 2 {
		t.Errorf("cost %d", cost)
	}
}

func TestTwoDevicesThatRaiseTheCostAtOnce(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d, other := newDevice(t, server), newDevice(t, server)
	d.register(t, "anna")
	d, other = d.updated(t, server), other.updated(t, server)
	for _, d := range []*device{d, other} {
		d.login(t, "anna", "x")
		d.sync(t)
	}
	d.wire.before = func(r *client.Request) (*client.Response, error) {
		if isAt(*r, protocol.PathAccountEntry) && other.sent(protocol.PathAccountEntry) == 0 {
			if err := other.RaiseCost(t.Context()); err != nil {
				t.Error(err)
			}
		}
		return nil, nil
	}
	if err := d.RaiseCost(t.Context()); err != nil {
		t.Errorf("the second: %v", err)
	}
	if n := len(d.fetch(t).Entries); n != 3 {
		t.Errorf("%d entries", n)
	}
	for _, d := range []*device{d, other} {
		d.sync(t)
		if _, r := d.memory.only(t); r.KDF.Cost != 2 {
			t.Errorf("%+v", r.KDF)
		}
		d = d.restarted(t, server)
		d.unlockWith(t, password)
		d.sync(t)
	}
}

// After a crash at any step, the password opens the account, with the server and without, and a later sign-in raises the cost.
func TestRaisingTheCostSurvivesACrashAtEveryStep(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	resumed, finished := 0, 0
	for n := 1; finished == 0; n++ {
		name := "anna" + string(rune('a'+n))
		d := newDevice(t, server)
		d.register(t, name)
		bank := d.save(t, login("Bank"))
		c := &crash{}
		d = d.crashing(t, server, c)
		d.SetCost(2)
		d.login(t, name, "x")
		d.sync(t)
		c.left = n
		if err := d.RaiseCost(t.Context()); !c.dead {
			if err != nil {
				t.Fatal(err)
			}
			finished = n
		}
		d.cache.before = nil
		before := d.document(t).Cost
		if _, err := d.cutOff(t, server).Unlock(t.Context(), password); err != nil && client.Explain(err).Code != client.CodeOffline {
			t.Errorf("step %d, without the server: %v", n, err)
		}
		d = d.restarted(t, server)
		d.unlockWith(t, password)
		d.sync(t)
		if before == 1 && d.document(t).Cost == 2 { // it sent what the program had signed
			resumed++
		}
		d = d.updated(t, server)
		d.login(t, name, "again")
		d.sync(t)
		if err := d.RaiseCost(t.Context()); err != nil {
			t.Errorf("step %d: %v", n, err)
		}
		if d.document(t).Cost != 2 || d.get(t, bank.ID).Password != bank.Password || slices.Contains(d.cache.names(), "entry") {
			t.Errorf("step %d: %+v, %v", n, d.document(t), d.cache.names())
		}
	}
	if finished < 5 || resumed < 1 {
		t.Errorf("finished at step %d, %d were resumed", finished, resumed)
	}
}
