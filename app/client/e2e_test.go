package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

func serverCode(err error) protocol.Code {
	var s *client.ServerError
	if errors.As(err, &s) {
		return s.Code
	}
	return ""
}

func TestALifeOfAVault(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := startServer(t)
	d := newDevice(t, server)
	phrase := d.register(t, "Anna@Example.org")

	var progress []int
	want := sample.Logins(1000)
	added, err := d.AddMany(ctx, want, func(done, total int) {
		if total != len(want) {
			t.Errorf("total is %d", total)
		}
		progress = append(progress, done)
	})
	if err != nil || len(added) != len(want) || !slices.Equal(progress, []int{500, 1000}) {
		t.Fatalf("added %d with progress %v: %v", len(added), progress, err)
	}

	allThere := func(d *device) {
		t.Helper()
		if s := d.sync(t); s.Count != len(want) || len(s.Unreadable) != 0 {
			t.Fatalf("synced %+v", s)
		}
		for i, id := range added {
			if got := d.get(t, id); got.Password != want[i].Password || got.Notes != want[i].Notes || got.Title != want[i].Title ||
				!slices.Equal(got.URLs, want[i].URLs) || !slices.Equal(got.Tags, want[i].Tags) || got.Username != want[i].Username {
				t.Fatalf("item %d is %+v", i, got)
			}
		}
	}
	allThere(d)

	d.Lock()
	if _, err := d.Get(added[0]); !errors.Is(err, client.ErrLocked) {
		t.Errorf("a locked vault answers %v", err)
	}
	if _, err := d.Search(client.Query{}); !errors.Is(err, client.ErrLocked) {
		t.Errorf("a locked vault answers %v", err)
	}
	if _, err := d.Unlock(ctx, password+"x"); !errors.Is(err, client.ErrWrongPassword) {
		t.Errorf("a wrong password: %v", err)
	}
	if state, name, err := d.Resume(ctx); state != client.Locked || name != "anna@example.org" || err != nil {
		t.Errorf("resume: %v %q %v", state, name, err)
	}
	if _, err := d.Unlock(ctx, password); err != nil {
		t.Fatal(err)
	}
	allThere(d)

	// Changing the master password invalidates the old one and the other sessions. All items remain.
	other := newDevice(t, server)
	other.login(t, "ANNA@example.org", "second device")
	if err := d.ChangePassword(ctx, "wrong", "another password"); !errors.Is(err, client.ErrWrongPassword) {
		t.Errorf("change with a wrong password: %v", err)
	}
	if err := d.ChangePassword(ctx, password, "another password"); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Sync(ctx); serverCode(err) != protocol.CodeUnauthorized {
		t.Errorf("the other session answers %v", err)
	}
	fresh := newDevice(t, server)
	if _, err := fresh.Login(ctx, "anna@example.org", password, "", "x"); serverCode(err) != protocol.CodeInvalidCredentials {
		t.Errorf("the old password: %v", err)
	}
	if _, err := fresh.Login(ctx, "anna@example.org", "another password", "", "x"); err != nil {
		t.Fatal(err)
	}
	allThere(fresh)

	// The password is lost.
	lost := newDevice(t, server)
	if _, err := lost.Recover(ctx, "anna@example.org", phrase, "third password", false, "new phone"); err != nil {
		t.Fatal(err)
	}
	allThere(lost)
	if _, err := fresh.Sync(ctx); serverCode(err) != protocol.CodeUnauthorized {
		t.Errorf("a session outlived the recovery: %v", err)
	}

	// The phrase stays valid until it is replaced.
	if _, err := lost.PreparePhrase(ctx, "wrong"); !errors.Is(err, client.ErrWrongPassword) {
		t.Errorf("a new phrase with a wrong password: %v", err)
	}
	abandoned, err := lost.PreparePhrase(ctx, "third password")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lost.Recover(ctx, "anna@example.org", phrase, "third password", false, "new phone"); err != nil {
		t.Errorf("the old phrase before a new one is activated: %v", err)
	}
	if err := lost.ActivatePhrase(ctx, abandoned); !errors.Is(err, client.ErrWrongPassword) {
		t.Errorf("a phrase from before the password changed: %v", err)
	}
	change, err := lost.PreparePhrase(ctx, "third password")
	if err != nil {
		t.Fatal(err)
	}
	words := change.Words()
	if err := lost.ActivatePhrase(ctx, change); err != nil {
		t.Fatal(err)
	}
	if _, err := newDevice(t, server).Recover(ctx, "anna@example.org", phrase, "x", false, "y"); !errors.Is(err, client.ErrWrongPhrase) {
		t.Errorf("the replaced phrase: %v", err)
	}
	again := newDevice(t, server)
	if _, err := again.Recover(ctx, "anna@example.org", strings.ToUpper(strings.Join(words, "\n ")), password, false, "y"); err != nil {
		t.Fatal(err)
	}
	allThere(again)

	if err := again.DeleteAccount(ctx, "wrong", false); !errors.Is(err, client.ErrWrongPassword) {
		t.Errorf("delete with a wrong password: %v", err)
	}
	if err := again.DeleteAccount(ctx, password, false); err != nil {
		t.Fatal(err)
	}
	if len(again.memory.users) != 0 {
		t.Error("the device remembers a deleted account")
	}
	if _, err := again.Login(ctx, "anna@example.org", password, "", "x"); serverCode(err) != protocol.CodeInvalidCredentials {
		t.Errorf("a deleted account answers %v", err)
	}
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := startServer(t)
	d := newDevice(t, server)
	phrase := d.register(t, "anna")
	if _, err := d.BeginTOTP(ctx, "wrong"); !errors.Is(err, client.ErrWrongPassword) {
		t.Errorf("a wrong password: %v", err)
	}
	e, err := d.BeginTOTP(ctx, password)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	code := func(at time.Time) string {
		t.Helper()
		c, err := totp.GenerateCode(e.Secret, at)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if err := d.ConfirmTOTP(ctx, e.Token, code(now)); err != nil {
		t.Fatal(err)
	}
	if a, err := d.Account(ctx); err != nil || !a.TOTPEnabled {
		t.Errorf("account %+v, %v", a, err)
	}

	other := newDevice(t, server)
	if _, err := other.Login(ctx, "anna", password, "", "phone"); !errors.Is(err, client.ErrTOTPRequired) {
		t.Fatalf("without a code: %v", err)
	}
	// The client still holds the derived key, so it needs neither the parameters nor the password again.
	asked := func() (n int) {
		for _, r := range other.wire.sent {
			if r.Path == protocol.PathPrelogin {
				n++
			}
		}
		return n
	}
	if _, err := other.Login(ctx, "anna", "", code(now), "phone"); serverCode(err) != protocol.CodeTOTPInvalid {
		t.Errorf("a code that was used: %v", err)
	}
	if _, err := other.Login(ctx, "anna", password, code(now.Add(30*time.Second)), "phone"); err != nil {
		t.Fatal(err)
	}
	if n := asked(); n != 1 {
		t.Errorf("the key was derived %d times", n)
	}
	// The pending key is never used for another password.
	third := newDevice(t, server)
	if _, err := third.Login(ctx, "anna", password, "", "x"); !errors.Is(err, client.ErrTOTPRequired) {
		t.Fatal(err)
	}
	if _, err := third.Login(ctx, "anna", "wrong", "000000", "x"); serverCode(err) != protocol.CodeInvalidCredentials {
		t.Errorf("another password after the pending one: %v", err)
	}

	if err := other.RemoveTOTP(ctx, password); err != nil {
		t.Fatal(err)
	}
	newDevice(t, server).login(t, "anna", "x")

	// The recovery phrase replaces both factors.
	e, err = other.BeginTOTP(ctx, password)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.ConfirmTOTP(ctx, e.Token, code(time.Now())); err != nil {
		t.Fatal(err)
	}
	lost := newDevice(t, server)
	if _, err := lost.Recover(ctx, "anna", phrase, password, true, "new phone"); err != nil {
		t.Fatal(err)
	}
	newDevice(t, server).login(t, "anna", "x")
}

func TestSessions(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := startServer(t)
	a, b, c := newDevice(t, server), newDevice(t, server), newDevice(t, server)
	a.register(t, "anna")
	b.login(t, "anna", "phone")
	c.login(t, "anna", "tablet")
	list, err := a.Sessions(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, s := range list {
		ids[s.Device] = s.ID
		if s.Current != (s.Device == "first device") {
			t.Errorf("%q is current: %v", s.Device, s.Current)
		}
	}
	if len(ids) != 3 {
		t.Fatalf("sessions %v", ids)
	}
	if err := a.EndSession(ctx, password, ids["phone"]); err != nil {
		t.Fatal(err)
	}
	if state, _, err := b.Resume(ctx); state != client.SignedOut || err != nil {
		t.Errorf("a revoked session is %v, %v", state, err)
	}
	if state, _, err := c.Resume(ctx); state != client.Unlocked || err != nil {
		t.Errorf("another session is %v, %v", state, err)
	}
	if err := a.EndOtherSessions(ctx, password); err != nil {
		t.Fatal(err)
	}
	if state, _, err := c.Resume(ctx); state != client.SignedOut || err != nil {
		t.Errorf("another session is %v, %v", state, err)
	}
	if err := a.Logout(ctx, false); err != nil {
		t.Fatal(err)
	}
	if !a.Locked() || a.wire.Bearer() != "" {
		t.Error("keys or token stayed after the log-out")
	}
	if state, _, err := a.Resume(ctx); state != client.SignedOut || err != nil {
		t.Errorf("own session is %v, %v", state, err)
	}
}

func TestRegistrationSurvivesATakenName(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := startServer(t)
	newDevice(t, server).register(t, "anna")
	d := newDevice(t, server)
	r, err := d.PrepareRegistration(password)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Register(ctx, r, "ANNA", "x"); serverCode(err) != protocol.CodeUsernameTaken {
		t.Fatalf("a name that is taken: %v", err)
	}
	if _, err := d.Register(ctx, r, "bert", "x"); err != nil {
		t.Fatal(err)
	}
	phrase := strings.Join(r.Words(), " ")
	if _, err := newDevice(t, server).Recover(ctx, "bert", phrase, password, false, "x"); err != nil {
		t.Errorf("the phrase that was shown first: %v", err)
	}
}

func TestRegisterRetriesWithAnotherUserID(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	tries := 0
	d.wire.before = func(r *client.Request) (*client.Response, error) {
		if r.Path != protocol.PathUsers {
			return nil, nil
		}
		if tries++; tries == 1 {
			return &client.Response{Status: 409, Body: []byte(`{"code":"user_id_taken","message":"m","request_id":"r"}`)}, nil
		}
		return nil, nil
	}
	d.register(t, "anna")
	if tries != 2 {
		t.Errorf("%d tries", tries)
	}
}

func TestHistoryKeepsTheLastTenPasswords(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	it := d.save(t, login("bank"))
	for i := range 13 {
		it.Password = fmt.Sprintf("password %d", i)
		it = d.save(t, it)
	}
	it.Title = "the bank"
	it = d.save(t, it) // the same password, so the history does not grow
	other := newDevice(t, server)
	other.login(t, "anna", "x")
	other.sync(t)
	for _, d := range []*device{d, other} {
		history, err := d.History(it.ID)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range history {
			got = append(got, v.Password)
			if v.Modified.IsZero() {
				t.Error("a version has no time")
			}
		}
		var want []string
		for i := 11; i >= 2; i-- {
			want = append(want, fmt.Sprintf("password %d", i))
		}
		if !slices.Equal(got, want) {
			t.Errorf("history %q, want %q", got, want)
		}
		if now := d.get(t, it.ID); now.Password != "password 12" || now.Title != "the bank" {
			t.Errorf("the current item is %+v", now)
		}
	}
}

func TestSavingSendsLittleAndOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	if _, err := d.AddMany(t.Context(), sample.Logins(500), nil); err != nil {
		t.Fatal(err)
	}
	sent := func(change func()) []client.Request {
		t.Helper()
		before := len(d.wire.sent)
		change()
		for _, r := range d.wire.sent[before:] {
			if n := len(r.Method) + len(r.Path) + len(r.Body); n >= 4096 {
				t.Errorf("%s %s took %d bytes", r.Method, r.Path, n)
			}
		}
		return d.wire.sent[before:]
	}
	var it item.Item
	if n := len(sent(func() { it = d.save(t, login("bank")) })); n != 1 {
		t.Errorf("adding took %d requests", n)
	}
	requests := sent(func() { it.Title = "Bank"; it = d.save(t, it) })
	if len(requests) != 1 || strings.Contains(string(requests[0].Body), `"kind":"details"`) {
		t.Errorf("a new title sent %d requests, with %s", len(requests), requests[0].Body)
	}
	if n := len(sent(func() { it = d.save(t, it) })); n != 0 {
		t.Errorf("saving what is stored already took %d requests", n)
	}
	sent(func() { it.Password = "new"; it = d.save(t, it) })
}

func TestBadInputIsRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	before := len(d.wire.sent)
	for name, it := range map[string]item.Item{
		"no title":           {},
		"a long title":       {Title: strings.Repeat("x", 10_000)},
		"not UTF-8":          {Title: "t", Password: "\xff"},
		"an unknown type":    {Title: "t", Type: "passkey"},
		"wide notes":         {Title: "t", Notes: strings.Repeat("漢", 20_000)},
		"a long custom name": {Title: "t", Fields: []item.Field{{Name: strings.Repeat("n", 10_000)}}},
	} {
		var field *item.FieldError
		if _, err := d.Save(t.Context(), it); !errors.As(err, &field) || client.Explain(err).Code != client.CodeBadInput {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := d.AddMany(t.Context(), []item.Item{login("fine"), it}, nil); !errors.As(err, &field) || !strings.Contains(err.Error(), "item 2: ") {
			t.Errorf("%s among others: %v", name, err)
		}
	}
	if _, err := d.Save(t.Context(), item.Item{ID: seal.NewID().String(), Title: "t"}); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("an unknown id: %v", err)
	}
	if n := len(d.wire.sent) - before; n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	// Values at the limits are stored and read back.
	big := item.Item{Title: strings.Repeat("ü", 500), Password: strings.Repeat("p", 10_000), Notes: strings.Repeat("n", 20_000)}
	saved := d.save(t, big)
	if got := d.get(t, saved.ID); got.Notes != big.Notes || got.Password != big.Password || got.Title != big.Title {
		t.Error("a large item came back changed")
	}
}

func TestAddManyStopsWhenCancelledAndSaysWhatWasAdded(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	ctx, cancel := context.WithCancel(t.Context())
	added, err := d.AddMany(ctx, sample.Logins(1000), func(done, _ int) {
		if done == 500 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || len(added) != 500 {
		t.Fatalf("added %d: %v", len(added), err)
	}
	other := newDevice(t, server)
	other.login(t, "anna", "x")
	if s := other.sync(t); s.Count != 500 {
		t.Errorf("the server has %d items", s.Count)
	}
}

func TestALostAnswerDoesNotDoubleAnItem(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	lost := false
	d.wire.lie(func(r client.Request, answer *client.Response) {
		if isAt(r, protocol.PathVaultWrites) && !lost {
			lost = true
			*answer = client.Response{Status: 502, Body: []byte("<html>bad gateway</html>")}
		}
	})
	it := d.save(t, login("bank"))
	if got := d.titles(t, ""); !slices.Equal(got, []string{"bank"}) || d.get(t, it.ID).Password != "secret of bank" {
		t.Errorf("the vault holds %q", got)
	}
}
