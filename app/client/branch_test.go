package client_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// twin returns another device that stores what d stores now.
func (d *device) twin(t testing.TB, server string) *device {
	t.Helper()
	d.memory.mu.Lock()
	users := maps.Clone(d.memory.users)
	d.memory.mu.Unlock()
	m := newMemory()
	m.users = users
	return (&device{wire: d.wire, memory: m, cache: d.cache.clone()}).restarted(t, server)
}

// differences lists what a device says about the write that led it back.
func differences(j *client.Joined) (out []string) {
	if j == nil {
		return []string{"nothing"}
	}
	for _, d := range j.Differences {
		out = append(out, string(d.Kind)+" "+d.Title)
	}
	return append(out, "by "+j.Author)
}

// Every device of a branch follows once one of them has brought it together with the server's history, also from a higher revision than
// the server has.
func TestDevicesOfABranchFollowBack(t *testing.T) {
	t.Parallel()
	server, a, b, _ := twoDevices(t)
	gone := a.save(t, login("deleted on a"))
	b.sync(t)
	b.swallow()
	b.save(t, login("first on b"))
	early := b.twin(t, server)
	for _, title := range []string{"second on b", "third on b", "fourth on b"} {
		b.save(t, login(title))
	}
	late := b.twin(t, server)
	b.reconnect()
	if err := a.Delete(t.Context(), []string{gone.ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Sync(t.Context()); !errors.Is(err, client.ErrRolledBack) {
		t.Fatalf("sync: %v", err)
	}
	_, known := b.memory.only(t)
	_, tip := known.Head()
	if _, err := b.BringTogether(t.Context()); err != nil {
		t.Fatal(err)
	}
	end := b.sync(t).Revision
	lines, _, err := a.Log(t.Context(), 2)
	if err != nil || len(lines) != 2 || lines[0].Branch != tip || lines[0].Author != "anna" || len(lines[0].Items) != 4 || lines[1].Branch != "" {
		t.Errorf("the log of another device is %+v, %v", lines, err)
	}
	want := []string{"bank", "first on b", "fourth on b", "second on b", "third on b"}
	for name, c := range map[string]struct {
		device *device
		want   []string
	}{
		"early": {early, []string{"added fourth on b", "added second on b", "added third on b", "deleted deleted on a", "by anna"}},
		"late":  {late, []string{"deleted deleted on a", "by anna"}},
	} {
		c.device.unlock(t)
		other := c.device.restarted(t, server) // another tab
		other.unlock(t)
		got := c.device.sync(t)
		if said := differences(got.Joined); !slices.Equal(said, c.want) || got.Revision != end || !got.Changed {
			t.Errorf("%s reports %q at revision %d, want %q at %d", name, said, got.Revision, c.want, end)
		}
		if again := c.device.sync(t); again.Joined != nil || again.Changed {
			t.Errorf("%s reports it twice: %+v", name, again)
		}
		other.sync(t)
		restarted := c.device.cutOff(t, server)
		restarted.unlock(t)
		for which, d := range map[string]*device{"itself": c.device, "its other tab": other, "without a server": restarted} {
			if titles := d.titles(t, ""); !slices.Equal(titles, want) || !d.Alarm().IsZero() {
				t.Errorf("%s, %s, shows %q and %+v", name, which, titles, d.Alarm())
			}
		}
	}
	late.save(t, login("on the common vault"))
	early.sync(t)
	if titles := early.titles(t, "common"); len(titles) != 1 {
		t.Errorf("then %q", titles)
	}
}

// A server that takes back the write that brought both together is found out.
func TestBranchIsNotFollowedTwice(t *testing.T) {
	t.Parallel()
	server, a, b := parted(t)
	twin := b.twin(t, server)
	twin.unlock(t)
	before := a.fetch(t)
	if _, err := b.BringTogether(t.Context()); err != nil {
		t.Fatal(err)
	}
	twin.sync(t)
	twin.wire.lie(edit(t, protocol.PathVault, func(v *protocol.VaultAnswer) { *v = before }))
	if _, err := twin.Sync(t.Context()); !errors.Is(err, client.ErrRolledBack) {
		t.Errorf("sync: %v", err)
	}
	if titles := twin.titles(t, "on "); !slices.Equal(titles, []string{"on a", "on b"}) {
		t.Errorf("shows %q", titles)
	}
}
