package client_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

// deny makes the server answer 401 to every request.
func (d *device) deny() {
	d.answerAll(401, protocol.CodeUnauthorized)
}

func (d *device) answerAll(status int, code protocol.Code) {
	d.wire.mu.Lock()
	defer d.wire.mu.Unlock()
	d.wire.before = func(*client.Request) (*client.Response, error) {
		return &client.Response{Status: status, Body: []byte(`{"code":"` + string(code) + `","message":"no","request_id":"1"}`)}, nil
	}
}

// denied returns a device with two synced items and a pending change, after the server answered 401.
func denied(t *testing.T) (server string, d *device) {
	t.Helper()
	server, d, _, _ = cachedVault(t)
	d.cut()
	d.save(t, login("offline"))
	d.deny()
	if _, err := d.Sync(t.Context()); serverCode(err) != protocol.CodeUnauthorized {
		t.Fatalf("sync: %v", err)
	}
	return server, d
}

func (d *device) copies(t testing.TB) []client.Copy {
	t.Helper()
	list, err := d.Copies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// theCopy returns the only copy on the device.
func (d *device) theCopy(t testing.TB) client.Copy {
	t.Helper()
	list := d.copies(t)
	if len(list) != 1 {
		t.Fatalf("copies: %+v", list)
	}
	return list[0]
}

func (d *device) open(t testing.TB, id string) client.OpenedCopy {
	t.Helper()
	o, err := d.OpenCopy(t.Context(), id, password)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// quarantine rewrites each line of the device's list of quarantined caches.
func (d *device) quarantine(t testing.TB, change func(map[string]any)) {
	t.Helper()
	d.cache.change(t, "quarantine", func(p [][]byte) [][]byte {
		var lines []map[string]any
		if err := json.Unmarshal(p[0], &lines); err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			change(line)
		}
		out, err := json.Marshal(lines)
		if err != nil {
			t.Fatal(err)
		}
		return [][]byte{out}
	})
}

// A device that many people share holds at most 16 copies.
func TestTheOldestCopyGivesWay(t *testing.T) {
	t.Parallel()
	_, d := denied(t)
	id := func(day int) string { return chain.ID{1, byte(day)}.String() }
	d.cache.change(t, "quarantine", func(p [][]byte) [][]byte {
		var lines []map[string]any
		if err := json.Unmarshal(p[0], &lines); err != nil {
			t.Fatal(err)
		}
		for day := range 16 {
			older, other := maps.Clone(lines[0]), maps.Clone(lines[0]["account"].(map[string]any))
			other["user_id"] = id(100 + day)
			older["account"], older["id"], older["own"], older["age"] =
				other, id(day), true, (time.Duration(day) * 24 * time.Hour).Milliseconds()
			lines = append(lines, older)
		}
		out, err := json.Marshal(lines[1:])
		if err != nil {
			t.Fatal(err)
		}
		return [][]byte{out}
	})
	d.wire.before = nil
	d.login(t, "anna", "again")
	d.sync(t)
	d.deny()
	if _, err := d.Sync(t.Context()); serverCode(err) != protocol.CodeUnauthorized {
		t.Fatalf("sync: %v", err)
	}
	var left []string
	d.quarantine(t, func(line map[string]any) { left = append(left, line["id"].(string)) })
	if len(left) != 16 || slices.Contains(left, id(15)) || !slices.Contains(left, id(14)) {
		t.Errorf("%d copies are left: %q", len(left), left)
	}
}

func TestARefusedSessionLeavesACopyThatOpens(t *testing.T) {
	t.Parallel()
	server, d := denied(t)
	d = d.restarted(t, server)
	d.deny()
	if state, _, err := d.Resume(t.Context()); state != client.SignedOut || err != nil {
		t.Fatalf("resume: %v %v", state, err)
	}
	c := d.theCopy(t)
	if c.Username != "anna" || c.Changes != 1 || c.DaysLeft != 30 || c.Revision == 0 || time.Since(c.Since) > time.Hour {
		t.Errorf("copy: %+v", c)
	}
	if _, err := d.OpenCopy(t.Context(), c.ID, "wrong"); !errors.Is(err, client.ErrWrongPassword) || !d.Locked() {
		t.Errorf("a wrong password: %v", err)
	}
	sent := len(d.wire.sent)
	if o := d.open(t, c.ID); o != (client.OpenedCopy{Username: "anna"}) {
		t.Errorf("opened: %+v", o)
	}
	if got := d.titles(t, ""); !slices.Equal(got, []string{"bank", "mail", "offline"}) {
		t.Errorf("titles: %q", got)
	}
	items, _, err := d.Export(t.Context(), client.ExportOptions{Files: true}, nil)
	if err != nil || len(items) != 3 || items[2].Item.Password != "secret of offline" {
		t.Errorf("export: %+v %v", items, err)
	}
	if err := d.CheckPassword(t.Context(), "wrong"); !errors.Is(err, client.ErrWrongPassword) {
		t.Errorf("check: %v", err)
	}
	if err := d.CheckPassword(t.Context(), password); err != nil {
		t.Errorf("check: %v", err)
	}
	if len(d.wire.sent) != sent {
		t.Errorf("the server was asked: %+v", d.wire.sent[sent:])
	}
}

func TestACopyIsOnlyRead(t *testing.T) {
	t.Parallel()
	server, d := denied(t)
	d = d.restarted(t, server)
	d.reconnect()
	d.wire.SetBearer("")
	before := d.theCopy(t)
	d.open(t, before.ID)
	bank := d.get(t, mustFind(t, d, "bank"))
	ctx := t.Context()
	for name, try := range map[string]func() error{
		"save":     func() error { _, err := d.Save(ctx, bank); return err },
		"add":      func() error { _, err := d.Save(ctx, login("new")); return err },
		"add many": func() error { _, err := d.AddMany(ctx, sample.Logins(2), nil); return err },
		"delete":   func() error { return d.Delete(ctx, []string{bank.ID}) },
		"sync":     func() error { _, err := d.Sync(ctx); return err },
		"password": func() error { return d.ChangePassword(ctx, password, "another password") },
		"sessions": func() error { _, err := d.Sessions(ctx); return err },
		"factor":   func() error { _, err := d.BeginTOTP(ctx, password); return err },
	} {
		if err := try(); !errors.Is(err, client.ErrReadOnly) || client.Explain(err).Code != client.CodeReadOnly {
			t.Errorf("%s: %v", name, err)
		}
	}
	d.Lock()
	if got := d.theCopy(t); got != before || len(d.wire.sent) != 0 {
		t.Errorf("copy: %+v, before %+v; sent %d", got, before, len(d.wire.sent))
	}
}

func TestSigningInAgainSendsTheOutbox(t *testing.T) {
	t.Parallel()
	server, d := denied(t)
	other := newDevice(t, server)
	other.login(t, "anna", "other")
	other.save(t, login("elsewhere"))
	d = d.restarted(t, server)
	d.login(t, "anna", "again")
	var got int
	d.wire.lie(func(r client.Request, a *client.Response) {
		if isAt(r, protocol.PathVault) && strings.Contains(r.Path, "?since=0&") {
			got++
		}
	})
	if s := d.sync(t); s.Count != 4 || s.Pending != 0 || s.CopyProblem != "" {
		t.Errorf("synced %+v", s)
	}
	if got != 0 {
		t.Error("the whole vault was fetched, although the cache is active again")
	}
	if c := d.theCopy(t); !c.Since.IsZero() || c.Changes != 0 {
		t.Errorf("copies: %+v", c)
	}
	other.sync(t)
	if got := other.titles(t, ""); !slices.Equal(got, []string{"bank", "elsewhere", "mail", "offline"}) {
		t.Errorf("the other device has %q", got)
	}
}

// A hostile server may try 401 and other answers to make a device delete its cache.
func TestNoAnswerDeletesTheCache(t *testing.T) {
	t.Parallel()
	server, d, _, _ := cachedVault(t)
	d.cut()
	d.save(t, login("offline"))
	account := func(change func(*protocol.UserAccount)) func(*device) {
		return func(d *device) {
			d.reconnect()
			d.wire.lie(edit(t, protocol.PathAccount, change))
		}
	}
	for name, answer := range map[string]func(*device){
		"no session":   (*device).deny,
		"forbidden":    func(d *device) { d.answerAll(403, protocol.CodeForbidden) },
		"gone":         func(d *device) { d.answerAll(410, protocol.CodeNotFound) },
		"no such":      func(d *device) { d.answerAll(404, protocol.CodeNotFound) },
		"server error": func(d *device) { d.answerAll(500, protocol.CodeInternal) },
		"other user": account(func(a *protocol.UserAccount) {
			a.UserID = strings.Repeat("A", len(a.UserID)-1) + "Q"
			a.Username = "bert"
		}),
		"other key":      account(func(a *protocol.UserAccount) { a.Keys.Wraps[0] = a.Keys.Wraps[1] }),
		"other identity": account(func(a *protocol.UserAccount) { a.Keys.Identity = a.Keys.Wraps[0] }),
		"no document":    account(func(a *protocol.UserAccount) { a.Keys.Document = "" }),
	} {
		t.Run(name, func(t *testing.T) {
			d := (&device{memory: d.memory, wire: d.wire, cache: d.cache.clone()}).restarted(t, server)
			answer(d)
			_, _, _ = d.Resume(t.Context())
			_, _ = d.Unlock(t.Context(), password)
			_, _ = d.Account(t.Context())
			d.deny()
			_, _, _ = d.Resume(t.Context())
			d.open(t, d.theCopy(t).ID)
			if got := d.titles(t, ""); !slices.Equal(got, []string{"bank", "mail", "offline"}) {
				t.Errorf("titles: %q", got)
			}
		})
	}
}

// If the server refuses a change of the password, the old password still opens the copy.
func TestARefusedChangeOfThePasswordKeepsTheCopy(t *testing.T) {
	t.Parallel()
	server, d, _, _ := cachedVault(t)
	d.wire.mu.Lock()
	d.wire.before = func(r *client.Request) (*client.Response, error) {
		if r.Path != protocol.PathAccountEntry {
			return nil, nil
		}
		return &client.Response{Status: 401, Body: []byte(`{"code":"unauthorized","message":"no","request_id":"1"}`)}, nil
	}
	d.wire.mu.Unlock()
	if err := d.ChangePassword(t.Context(), password, "another password"); serverCode(err) != protocol.CodeUnauthorized {
		t.Fatalf("change: %v", err)
	}
	d = d.cutOff(t, server)
	d.open(t, d.theCopy(t).ID)
	if got := d.titles(t, ""); len(got) != 2 {
		t.Errorf("titles: %q", got)
	}
}

func TestACopyStaysForThirtyDays(t *testing.T) {
	t.Parallel()
	server, d := denied(t)
	d = d.cutOff(t, server)
	days := func(n float64) {
		d.quarantine(t, func(line map[string]any) {
			line["last"] = line["last"].(float64) - n*24*float64(time.Hour.Milliseconds())
		})
		_, _, _ = d.Resume(t.Context())
	}
	days(400) // the clock jumps ahead, or the device was not used for a year
	if c := d.theCopy(t); c.DaysLeft != 29 {
		t.Errorf("after a jump: %+v", c)
	}
	days(-400) // and back
	days(0.5)
	if c := d.theCopy(t); c.DaysLeft != 29 {
		t.Errorf("after half a day more: %+v", c)
	}
	for range 28 {
		days(1)
	}
	if c := d.theCopy(t); c.DaysLeft != 1 {
		t.Errorf("on the last day: %+v", c)
	}
	days(1)
	if got := d.cache.names(); !slices.Equal(got, []string{"quarantine"}) || len(d.copies(t)) != 0 {
		t.Errorf("after thirty days: %q", got)
	}
}

// A hostile server can send any Date.
func TestTheServersClockDoesNotExpireACopy(t *testing.T) {
	t.Parallel()
	server, d := denied(t)
	d = d.restarted(t, server)
	d.wire.before = func(*client.Request) (*client.Response, error) {
		return &client.Response{Status: 401, Body: []byte(`{"code":"unauthorized","message":"no","request_id":"1"}`),
			Date: time.Now().AddDate(5, 0, 0)}, nil
	}
	for range 40 {
		_, _, _ = d.Resume(t.Context())
	}
	if c := d.theCopy(t); c.DaysLeft != 30 {
		t.Errorf("copy: %+v", c)
	}
}

func TestTwoUsersOfOneDeviceHaveACopyEach(t *testing.T) {
	t.Parallel()
	server, d := denied(t)
	d = d.restarted(t, server)
	d.register(t, "bert")
	d.save(t, login("bert's"))
	d.deny()
	if _, err := d.Sync(t.Context()); serverCode(err) != protocol.CodeUnauthorized {
		t.Fatalf("sync: %v", err)
	}
	d = d.cutOff(t, server)
	list := d.copies(t)
	if len(list) != 2 || list[0].Username != "bert" || list[1].Username != "anna" {
		t.Fatalf("copies: %+v", list)
	}
	d.open(t, list[0].ID)
	if got := d.titles(t, ""); !slices.Equal(got, []string{"bert's"}) {
		t.Errorf("bert has %q", got)
	}
	d.open(t, list[1].ID)
	if got := d.titles(t, ""); len(got) != 3 {
		t.Errorf("anna has %q", got)
	}
	if err := d.DeleteCopy(t.Context(), list[0].ID); err != nil || !d.Locked() {
		t.Fatalf("delete: %v", err)
	}
	if err := d.DeleteCopy(t.Context(), list[0].ID); !errors.Is(err, client.ErrNoCopy) {
		t.Errorf("delete again: %v", err)
	}
	if got := d.cache.names(); !slices.Equal(got, []string{"history", "quarantine", "queue", "vault", "write"}) || d.theCopy(t).ID != list[1].ID {
		t.Errorf("the cache has %q", got)
	}
}

// The user makes the device forget the state that it has seen, to accept the older vault of a restored server.
func TestAnOtherVaultOfTheServerLeavesTheCopyReadable(t *testing.T) {
	t.Parallel()
	server, d := denied(t)
	d = d.restarted(t, server)
	d.login(t, "anna", "again")
	older, err := json.Marshal(d.fetch(t))
	if err != nil {
		t.Fatal(err)
	}
	d.sync(t)
	d.save(t, login("newest"))
	d = d.restarted(t, server)
	d.wire.lie(func(r client.Request, a *client.Response) {
		if isAt(r, protocol.PathVault) {
			a.Body = older
		}
	})
	d.unlock(t)
	if _, err := d.Sync(t.Context()); !errors.Is(err, client.ErrRolledBack) {
		t.Fatalf("sync: %v", err)
	}
	d.memory.users = map[string]client.Remembered{}
	d.Lock()
	d.unlock(t)
	if s := d.sync(t); s.Count != 2 {
		t.Errorf("synced %+v", s)
	}
	list := d.copies(t)
	if len(list) != 2 || !list[0].Since.IsZero() || list[1].Since.IsZero() {
		t.Fatalf("copies: %+v", list)
	}
	d = d.cutOff(t, server)
	d.open(t, list[1].ID)
	if got := d.titles(t, ""); !slices.Equal(got, []string{"bank", "mail", "newest", "offline"}) {
		t.Errorf("titles: %q", got)
	}
}

func TestDamagedCopies(t *testing.T) {
	t.Parallel()
	server, whole := denied(t)
	half := func(p [][]byte) [][]byte { return [][]byte{p[0][:len(p[0])/2]} }
	for name, c := range map[string]struct {
		damage  func(t *testing.T, d *device)
		listed  bool
		code    client.Code // of OpenCopy
		partial bool
		titles  []string
		lost    bool // signing in sets the outbox aside
	}{
		"list": {func(t *testing.T, d *device) { d.cache.change(t, "quarantine", half) }, false, "", false, nil, false},
		"line": {func(t *testing.T, d *device) {
			d.quarantine(t, func(line map[string]any) { line["account"].(map[string]any)["user_id"] = "x" })
		}, false, "", false, nil, false},
		"key": {func(t *testing.T, d *device) {
			d.quarantine(t, func(line map[string]any) {
				line["account"].(map[string]any)["keys"].(map[string]any)["wraps"].([]any)[0] = "x"
			})
		}, true, client.CodeCopyDamaged, false, nil, false},
		"document": {func(t *testing.T, d *device) {
			d.quarantine(t, func(line map[string]any) { line["account"].(map[string]any)["keys"].(map[string]any)["document"] = "x" })
		}, true, client.CodeCopyDamaged, false, nil, false},
		"vault":  {func(t *testing.T, d *device) { d.cache.change(t, "vault", half) }, true, "", true, []string{"offline"}, false},
		"outbox": {func(t *testing.T, d *device) { d.cache.change(t, "queue", half) }, true, "", true, []string{"bank", "mail"}, true},
		"both": {func(t *testing.T, d *device) {
			d.cache.change(t, "vault", half)
			d.cache.change(t, "queue", half)
		}, true, client.CodeCopyDamaged, false, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			seen := newMemory()
			seen.users = maps.Clone(whole.memory.users)
			d := (&device{memory: seen, wire: whole.wire, cache: whole.cache.clone()}).restarted(t, server)
			c.damage(t, d)
			list, _ := d.Copies(t.Context())
			if (len(list) == 1) != c.listed {
				t.Fatalf("copies: %+v", list)
			}
			if c.listed {
				o, err := d.OpenCopy(t.Context(), list[0].ID, password)
				if err != nil && client.Explain(err).Code != c.code || err == nil && c.code != "" || o.Partial != c.partial {
					t.Errorf("opened %+v, %v", o, err)
				}
				if err == nil && !slices.Equal(d.titles(t, ""), c.titles) {
					t.Errorf("titles: %q", d.titles(t, ""))
				}
				d.Lock()
			}
			d.login(t, "anna", "again")
			s := d.sync(t)
			if lost := strings.Contains(s.CopyProblem, "set aside"); s.Count < 2 || lost != c.lost {
				t.Errorf("synced %+v", s)
			}
		})
	}
}

func TestSigningOutDeletesTheQuarantine(t *testing.T) {
	t.Parallel()
	server, d := denied(t)
	d = d.restarted(t, server)
	d.login(t, "anna", "again")
	var unsent *client.UnsentError
	if err := d.Logout(t.Context(), false); !errors.As(err, &unsent) || len(d.copies(t)) != 1 {
		t.Fatalf("with a pending change: %v", err)
	}
	d.deny() // signing out works even if the server refuses it
	if err := d.Logout(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if got := d.cache.names(); !slices.Equal(got, []string{"quarantine"}) || len(d.copies(t)) != 0 {
		t.Errorf("the cache has %q", got)
	}
}
