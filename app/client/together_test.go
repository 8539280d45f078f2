package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// intercept sets what happens before each request of a device.
func (d *device) intercept(before func(*client.Request) (*client.Response, error)) {
	d.wire.mu.Lock()
	defer d.wire.mu.Unlock()
	d.wire.before = before
}

// joins returns the bodies of the writes that a device sent to bring a branch together.
func (d *device) joins(t *testing.T) [][]byte {
	t.Helper()
	d.wire.mu.Lock()
	defer d.wire.mu.Unlock()
	var out [][]byte
	for _, r := range d.wire.sent {
		var in protocol.WriteRequest
		if isAt(r, protocol.PathVaultWrites) && json.Unmarshal(r.Body, &in) == nil && len(in.Branch) > 0 {
			out = append(out, r.Body)
		}
	}
	return out
}

// The program ends before, during and after the request. The device sends the same bytes again, and the server has one such write.
func TestBringTogetherSurvivesACrashAtEveryStep(t *testing.T) {
	t.Parallel()
	for name, crash := range map[string]func(t *testing.T, b *device){
		"before it is sent": func(_ *testing.T, b *device) {
			b.intercept(func(r *client.Request) (*client.Response, error) {
				if isAt(*r, protocol.PathVaultWrites) {
					return nil, errCut
				}
				return nil, nil
			})
		},
		"before its answer": func(_ *testing.T, b *device) {
			b.wire.lie(func(r client.Request, answer *client.Response) {
				if isAt(r, protocol.PathVaultWrites) {
					*answer = client.Response{Status: 502}
				}
			})
		},
		"before the vault is read": func(_ *testing.T, b *device) {
			sent := false
			b.intercept(func(r *client.Request) (*client.Response, error) {
				if sent {
					return nil, errCut
				}
				sent = isAt(*r, protocol.PathVaultWrites)
				return nil, nil
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, a, b := parted(t)
			crash(t, b)
			if _, err := b.BringTogether(t.Context()); err == nil {
				t.Fatal("no error")
			}
			first := b.joins(t)
			again := b.restarted(t, server)
			again.unlock(t)
			if _, err := again.Sync(t.Context()); err != nil {
				if _, err := again.BringTogether(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			for _, body := range again.joins(t) {
				if !bytes.Equal(body, first[0]) {
					t.Error("another write was signed")
				}
			}
			again.sync(t)
			a.sync(t)
			for name, d := range map[string]*device{"a": a, "b": again} {
				if got := d.titles(t, "on "); !slices.Equal(got, []string{"on a", "on b"}) || !d.Alarm().IsZero() {
					t.Errorf("%s shows %q", name, got)
				}
			}
		})
	}
}

// Two devices are on the branch. Both bring it together: the second finds that the first did.
func TestTwoDevicesBringTogetherAtOnce(t *testing.T) {
	t.Parallel()
	server, a, b := parted(t)
	twin := (&device{memory: newMemory(), cache: b.cache.clone()}).restarted(t, server)
	for user, r := range b.memory.users {
		twin.memory.users[user] = r
	}
	twin.wire.SetBearer(b.wire.Bearer())
	twin.unlock(t)
	if _, err := twin.Sync(t.Context()); !errors.Is(err, client.ErrRolledBack) {
		t.Fatal(err)
	}
	// The twin signs before it knows of the other write.
	blocked := true
	twin.intercept(func(r *client.Request) (*client.Response, error) {
		if isAt(*r, protocol.PathVaultWrites) && blocked {
			blocked = false
			if _, err := b.BringTogether(t.Context()); err != nil {
				t.Error(err)
			}
		}
		return nil, nil
	})
	if _, err := twin.BringTogether(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.sync(t)
	b.sync(t)
	twin.sync(t)
	for name, d := range map[string]*device{"a": a, "b": b, "twin": twin} {
		if got := d.titles(t, "on "); !slices.Equal(got, []string{"on a", "on b"}) || !d.Alarm().IsZero() {
			t.Errorf("%s shows %q", name, got)
		}
	}
}

func TestAnAlarmEndsWhenTheVaultIsBack(t *testing.T) {
	t.Parallel()
	_, d, c := scene(t)
	d.sync(t)
	d.wire.lie(edit(t, protocol.PathVault, func(v *protocol.VaultAnswer) { *v = c.old }))
	if _, err := d.Sync(t.Context()); !errors.Is(err, client.ErrRolledBack) || d.Alarm().IsZero() {
		t.Fatalf("%v, %+v", err, d.Alarm())
	}
	since := d.Alarm().Since
	if _, err := d.Sync(t.Context()); err == nil || d.Alarm().Since != since {
		t.Errorf("%v, %+v", err, d.Alarm())
	}
	d.wire.lie(nil)
	d.sync(t)
	if !d.Alarm().IsZero() {
		t.Errorf("the alarm is still %+v", d.Alarm())
	}
	d.save(t, login("after"))
}

// After the alarm the server says whatever it likes. Nothing of it is believed, and what the device verified stays open.
func TestNothingIsBelievedDuringAnAlarm(t *testing.T) {
	t.Parallel()
	lies := map[string]func(client.Request, *client.Response){
		"garbage": func(_ client.Request, answer *client.Response) { answer.Body = []byte(`{"revision":9e99}`) },
		"nothing": func(_ client.Request, answer *client.Response) { answer.Body = []byte(`{}`) },
		"made-up items": edit(t, protocol.PathVault, func(v *protocol.VaultAnswer) {
			v.Records = append(v.Records, v.Records[0])
			v.Records[len(v.Records)-1].ItemID = "AAAAAAAAAAAAAAAAAAAAAQ"
		}),
		"a dropped item": edit(t, protocol.PathVault, func(v *protocol.VaultAnswer) { v.Records = v.Records[1:] }),
		"a branch that was never brought together": edit(t, protocol.PathVault, func(v *protocol.VaultAnswer) {
			v.Branch = &protocol.VaultBranch{Common: 1, Join: v.Revision, Writes: v.Writes}
		}),
		"a swapped account": edit(t, protocol.PathAccount, func(a *protocol.UserAccount) {
			a.Keys.Identity = strings.ToUpper(a.Keys.Identity)
		}),
		"no writes": edit(t, protocol.PathVault, func(v *protocol.VaultAnswer) { v.Writes = []protocol.Signed{} }),
	}
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, b := parted(t)
			want := b.titles(t, "")
			b.wire.lie(lie)
			if other, err := b.OtherState(t.Context()); err == nil {
				t.Errorf("it lists %+v", other)
			}
			if _, err := b.BringTogether(t.Context()); err == nil {
				t.Error("it was brought together")
			}
			if err := b.AcceptServers(t.Context(), password, fmt.Sprintf("%064d", 0)); err == nil {
				t.Error("it was accepted")
			}
			if len(b.joins(t)) > 0 {
				t.Error("a write was sent")
			}
			if got := b.titles(t, ""); !slices.Equal(got, want) || b.Alarm().IsZero() {
				t.Errorf("the device shows %q", got)
			}
		})
	}
}

// A server that shows one branch for the list and another to accept, or changes its mind from request to request.
func TestAServerThatFlipsIsNotAccepted(t *testing.T) {
	t.Parallel()
	_, a, b := parted(t)
	state, err := b.OtherState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a.save(t, login("since"))
	if err := b.AcceptServers(t.Context(), password, state.Head); !errors.Is(err, client.ErrOtherHead) {
		t.Errorf("accept: %v", err)
	}
	old, n := a.fetch(t), 0
	a.save(t, login("since, too"))
	b.wire.lie(edit(t, protocol.PathVault, func(v *protocol.VaultAnswer) {
		if n++; n%2 == 0 {
			v.Writes, v.Revision, v.Head = old.Writes, old.Revision, old.Head
		}
	}))
	if _, err := b.BringTogether(t.Context()); err == nil || b.Alarm().IsZero() {
		t.Errorf("bring together: %v", err)
	}
	b.wire.lie(nil)
	if _, err := b.BringTogether(t.Context()); err != nil {
		t.Errorf("with a server that is honest again: %v", err)
	}
}

// What waited when the alarm began stays, is not sent, and comes after the write that brings both together.
func TestTheOutboxWaitsForTheEndOfAnAlarm(t *testing.T) {
	t.Parallel()
	server, a, b, id := twoDevices(t)
	b.swallow()
	b.save(t, login("on b"))
	b.cut()
	it := b.get(t, id)
	it.Notes = "typed on the train"
	b.save(t, it)
	b.reconnect()
	a.save(t, login("on a"))
	if _, err := b.Sync(t.Context()); !errors.Is(err, client.ErrRolledBack) {
		t.Fatal(err)
	}
	if n := b.waiting(t).Pending; n != 1 || len(b.joins(t)) > 0 {
		t.Errorf("%d changes wait", n)
	}
	b = b.restarted(t, server)
	b.unlock(t)
	if _, err := b.Sync(t.Context()); !errors.Is(err, client.ErrRolledBack) {
		t.Fatal(err)
	}
	if _, err := b.BringTogether(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.sync(t)
	if got := a.get(t, id).Notes; got != "typed on the train" || b.waiting(t).Pending != 0 {
		t.Errorf("the notes are %q, and %d changes wait", got, b.waiting(t).Pending)
	}
}
