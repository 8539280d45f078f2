package client_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// swallow makes the server lose the writes of a device, and say that it stored them.
func (d *device) swallow() {
	d.wire.mu.Lock()
	defer d.wire.mu.Unlock()
	d.wire.before = func(r *client.Request) (*client.Response, error) {
		if !isAt(*r, protocol.PathVaultWrites) {
			return nil, nil
		}
		return &client.Response{Status: 204}, nil
	}
}

// parted returns two devices of one user whose histories parted: b has changes that the server lost.
func parted(t *testing.T) (server string, a, b *device) {
	t.Helper()
	server, a, b, _ = twoDevices(t)
	b.swallow()
	b.save(t, login("on b"))
	b.reconnect()
	a.save(t, login("on a"))
	if _, err := b.Sync(t.Context()); !errors.Is(err, client.ErrRolledBack) {
		t.Fatalf("sync: %v", err)
	}
	return server, a, b
}

// found returns the id of the only item with a title.
func found(t *testing.T, d *device, title string) string {
	t.Helper()
	list, err := d.Search(client.Query{Text: title})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d items, %v", len(list), err)
	}
	return list[0].ID
}

func TestAnAlarmKeepsTheVaultOpenForReading(t *testing.T) {
	t.Parallel()
	server, _, b := parted(t)
	check := func(t *testing.T, b *device) {
		t.Helper()
		if b.Alarm().IsZero() || b.Alarm().Finding.Code == "" {
			t.Errorf("the alarm is %+v", b.Alarm())
		}
		if got := b.titles(t, ""); !slices.Contains(got, "on b") || slices.Contains(got, "on a") {
			t.Errorf("the device shows %q", got)
		}
	}
	check(t, b)
	before := len(b.wire.sent)
	it := b.titles(t, "")
	id := found(t, b, "bank")
	for name, change := range map[string]func() error{
		"add":      func() error { _, err := b.Save(t.Context(), login("new")); return err },
		"add many": func() error { _, err := b.AddMany(t.Context(), []item.Item{login("new")}, nil); return err },
		"change":   func() error { it := b.get(t, id); it.Notes = "new"; _, err := b.Save(t.Context(), it); return err },
		"trash":    func() error { _, err := b.Trash(t.Context(), []string{id}, 0, nil); return err },
		"delete":   func() error { return b.Delete(t.Context(), []string{id}) },
		"attach":   func() error { _, err := b.Attach(t.Context(), id, "x", []byte("x"), nil); return err },
	} {
		if err := change(); !errors.Is(err, client.ErrAlarm) || client.Explain(err).Code != client.CodeAlarm {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := b.titles(t, ""); !slices.Equal(got, it) || len(b.wire.sent) != before {
		t.Errorf("the device shows %q after %d requests", got, len(b.wire.sent)-before)
	}
	t.Run("after a restart", func(t *testing.T) {
		again := b.restarted(t, server)
		again.unlock(t)
		if _, err := again.Sync(t.Context()); !errors.Is(err, client.ErrRolledBack) {
			t.Errorf("sync: %v", err)
		}
		check(t, again)
	})
	t.Run("without a server", func(t *testing.T) {
		again := b.cutOff(t, server)
		again.unlock(t)
		check(t, again)
		if _, err := again.Save(t.Context(), login("new")); !errors.Is(err, client.ErrAlarm) {
			t.Errorf("save: %v", err)
		}
	})
}

func TestBringTogetherKeepsWhatBothSidesHave(t *testing.T) {
	t.Parallel()
	server, a, b := parted(t)
	state, err := b.OtherState(t.Context())
	if err != nil || !state.Mergeable || state.Author != "anna" {
		t.Fatalf("%+v, %v", state, err)
	}
	if _, err := b.BringTogether(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !b.Alarm().IsZero() {
		t.Errorf("the alarm is still %+v", b.Alarm())
	}
	for name, d := range map[string]*device{"b": b, "a": a, "b again": b.restarted(t, server)} {
		if name == "b again" {
			d.unlock(t)
		}
		d.sync(t)
		if got := d.titles(t, "on "); !slices.Equal(got, []string{"on a", "on b"}) {
			t.Errorf("%s shows %q", name, got)
		}
	}
	b.save(t, login("on b, later"))
	a.sync(t)
	if got := a.titles(t, "on "); !slices.Equal(got, []string{"on a", "on b", "on b, later"}) {
		t.Errorf("a shows %q", got)
	}
}

func TestAcceptingTheServersNeedsThePasswordAndTheSameHead(t *testing.T) {
	t.Parallel()
	server, _, b := parted(t)
	state, err := b.OtherState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.AcceptServers(t.Context(), "wrong", state.Head); !errors.Is(err, client.ErrWrongPassword) {
		t.Errorf("a wrong password: %v", err)
	}
	if err := b.AcceptServers(t.Context(), password, "f"+state.Head[1:]+"0"); !errors.Is(err, client.ErrOtherHead) {
		t.Errorf("another head: %v", err)
	}
	if b.Alarm().IsZero() {
		t.Error("the alarm has ended")
	}
	if err := b.AcceptServers(t.Context(), password, state.Head); err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]*device{"at once": b, "after a restart": b.restarted(t, server)} {
		if name == "after a restart" {
			d.unlock(t)
		}
		d.sync(t)
		if got := d.titles(t, "on "); !slices.Equal(got, []string{"on a"}) || !d.Alarm().IsZero() {
			t.Errorf("%s: %q", name, got)
		}
		d.save(t, login("after"))
	}
	copies, err := b.Copies(t.Context())
	if err != nil || len(copies) != 2 {
		t.Errorf("%+v, %v", copies, err)
	}
}

// The branch of a device has writes of other devices too, several of which came with one answer.
func TestBringTogetherAfterWritesOfOtherDevices(t *testing.T) {
	t.Parallel()
	_, a, b, _ := twoDevices(t)
	for _, title := range []string{"one", "two", "three"} {
		a.save(t, login(title))
	}
	b.sync(t)
	b.swallow()
	for _, title := range []string{"on b", "also on b"} {
		b.save(t, login(title))
	}
	it := b.get(t, found(t, b, "two"))
	it.Password = "changed on b"
	b.save(t, it)
	if err := b.Delete(t.Context(), []string{found(t, b, "three")}); err != nil {
		t.Fatal(err)
	}
	b.reconnect()
	theirs := a.get(t, found(t, a, "two"))
	theirs.Password = "changed on a"
	a.save(t, theirs)
	if err := a.Delete(t.Context(), []string{found(t, a, "one")}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Sync(t.Context()); !errors.Is(err, client.ErrRolledBack) {
		t.Fatal(err)
	}
	if _, err := b.BringTogether(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.sync(t)
	want := []string{"also on b", "bank", "on b", "three", "two", "two (conflict from phone)"}
	for name, d := range map[string]*device{"a": a, "b": b} {
		if got := d.titles(t, ""); !slices.Equal(got, want) {
			t.Errorf("%s shows %q", name, got)
		}
	}
	for title, want := range map[string]string{"two (conflict from phone)": "changed on b"} {
		if got := a.get(t, found(t, a, title)).Password; got != want {
			t.Errorf("%s: %q", title, got)
		}
	}
}
