package client_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

func (d *device) handOver(t *testing.T) client.Handover {
	t.Helper()
	h, err := d.HandOver()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestTakingOverOpensTheVault(t *testing.T) {
	t.Parallel()
	server, d, bank, _ := cachedVault(t)
	h := d.handOver(t)
	next := d.restarted(t, server)
	if opened, err := next.TakeOver(t.Context(), h); err != nil || opened != (client.Opened{Username: "anna"}) {
		t.Fatalf("%+v, %v", opened, err)
	}
	next.sync(t)
	if got := next.get(t, bank.ID); got.Password != bank.Password {
		t.Errorf("got %+v", got)
	}

	offline := d.cutOff(t, server)
	if opened, err := offline.TakeOver(t.Context(), h); err != nil || !opened.Offline {
		t.Fatalf("without the server: %+v, %v", opened, err)
	}
	if got := offline.get(t, bank.ID); got.Password != bank.Password {
		t.Errorf("without the server: %+v", got)
	}
}

func TestHandOverNeedsAnUnlockedVault(t *testing.T) {
	t.Parallel()
	_, d, _, _ := cachedVault(t)
	first, second := d.handOver(t), d.handOver(t)
	if bytes.Equal(first.Key, second.Key) || first.Token == second.Token {
		t.Error("a handover repeats")
	}
	d.Lock()
	if _, err := d.HandOver(); !errors.Is(err, client.ErrLocked) {
		t.Errorf("locked: %v", err)
	}
}

func TestOtherHandoversAreRefused(t *testing.T) {
	t.Parallel()
	server, d, _, _ := cachedVault(t)
	h := d.handOver(t)
	bert := newDevice(t, server)
	bert.register(t, "bert")
	again := newDevice(t, server)
	again.login(t, "anna", "second device")
	for name, bad := range map[string]client.Handover{
		"empty":             {},
		"zero key":          {Token: h.Token, Key: make([]byte, 32)},
		"short key":         {Token: h.Token, Key: h.Key[:31]},
		"key of another":    {Token: h.Token, Key: d.handOver(t).Key},
		"truncated token":   {Token: h.Token[:len(h.Token)-4], Key: h.Key},
		"altered token":     {Token: h.Token[:40] + "AAAA" + h.Token[44:], Key: h.Key},
		"of another user":   bert.handOver(t),
		"of another device": again.handOver(t),
	} {
		next := d.restarted(t, server)
		if _, err := next.TakeOver(t.Context(), bad); !errors.Is(err, client.ErrWrongPassword) || !next.Locked() {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := bert.restarted(t, server).TakeOver(t.Context(), h); !errors.Is(err, client.ErrWrongPassword) {
		t.Errorf("in another user's session: %v", err)
	}
}

func TestAHandoverEndsWithItsSession(t *testing.T) {
	t.Parallel()
	server, d, _, _ := cachedVault(t)
	other := newDevice(t, server)
	other.login(t, "anna", "second device")
	before := d.handOver(t)
	if err := d.ChangePassword(t.Context(), password, "another battery staple"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.restarted(t, server).TakeOver(t.Context(), before); !errors.Is(err, client.ErrWrongPassword) {
		t.Errorf("after a change of the password here: %v", err)
	}
	if _, err := d.restarted(t, server).TakeOver(t.Context(), d.handOver(t)); err != nil {
		t.Errorf("a new one: %v", err)
	}
	if _, err := other.restarted(t, server).TakeOver(t.Context(), other.handOver(t)); !errors.Is(err, client.ErrSignedOut) {
		t.Errorf("after a change of the password elsewhere: %v", err)
	}
	h := d.handOver(t)
	if err := d.Logout(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if _, err := d.restarted(t, server).TakeOver(t.Context(), h); !errors.Is(err, client.ErrSignedOut) {
		t.Errorf("after signing out: %v", err)
	}
}

func TestTakingOverNoticesARolledBackVault(t *testing.T) {
	t.Parallel()
	server, d, bank, _ := cachedVault(t)
	earlier := d.fetch(t)
	bank.Password = "newer"
	d.save(t, bank)
	h := d.handOver(t)
	next := d.restarted(t, server)
	if _, err := next.TakeOver(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	next.wire.lie(edit(t, protocol.PathVault, func(v *protocol.VaultAnswer) { *v = earlier }))
	var back *client.RolledBackError
	if _, err := next.Sync(t.Context()); !errors.As(err, &back) {
		t.Errorf("synced: %v", err)
	}
}
