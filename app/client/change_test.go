package client_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// writes returns the bodies of the writes that the device sent, the first first.
func (d *device) writes() []string {
	d.wire.mu.Lock()
	defer d.wire.mu.Unlock()
	var bodies []string
	for _, r := range d.wire.sent {
		if isAt(r, protocol.PathVaultWrites) {
			bodies = append(bodies, string(r.Body))
		}
	}
	return bodies
}

// loses makes writes fail: their answers are lost, or they never arrive.
func (d *device) loses(arrive bool) {
	d.wire.mu.Lock()
	defer d.wire.mu.Unlock()
	d.wire.before, d.wire.after = nil, nil
	if arrive {
		d.wire.after = func(r client.Request, answer *client.Response) {
			if isAt(r, protocol.PathVaultWrites) {
				*answer = client.Response{Status: 502}
			}
		}
		return
	}
	d.wire.before = func(r *client.Request) (*client.Response, error) {
		if isAt(*r, protocol.PathVaultWrites) {
			return nil, errors.New("no network")
		}
		return nil, nil
	}
}

func (d *device) losesNothing() {
	d.wire.mu.Lock()
	defer d.wire.mu.Unlock()
	d.wire.before, d.wire.after = nil, nil
}

// Two writes of one revision, signed by one user, would let a server show two histories.
func TestTheSameWriteIsSentUntilItsFateIsKnown(t *testing.T) {
	t.Parallel()
	for name, arrive := range map[string]bool{"the answer is lost": true, "the request is lost": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			d := newDevice(t, server)
			d.register(t, "anna")
			d.loses(arrive)
			d.save(t, login("bank"))
			first := d.writes()
			again := d.restarted(t, server) // a crash: only the files of the device remain
			again.login(t, "anna", "x")
			again.sync(t)
			if sent := again.writes(); len(sent) > 1 || len(sent) == 1 && sent[0] != first[0] || !arrive && len(sent) == 0 {
				t.Errorf("after a restart %d other writes were sent", len(sent))
			}
			if got := seenFrom(t, server).titles(t, ""); !slices.Equal(got, []string{"bank"}) {
				t.Errorf("the vault has %q", got)
			}
			for _, body := range first {
				if body != first[0] {
					t.Error("another write was signed at once")
				}
			}
			again.save(t, login("mail"))
			if got := seenFrom(t, server).titles(t, ""); !slices.Equal(got, []string{"bank", "mail"}) {
				t.Errorf("the vault has %q", got)
			}
			if slices.Contains(again.cache.names(), "write") {
				t.Error("a write of known fate is kept")
			}
		})
	}
}

func TestALostWriteGivesWayToThatOfAnotherDevice(t *testing.T) {
	t.Parallel()
	server, a, b, _ := twoDevices(t)
	a.loses(false)
	a.save(t, login("from a"))
	b.save(t, login("from b"))
	a.losesNothing()
	if s := a.sync(t); s.Pending != 0 {
		t.Errorf("synced %+v", s)
	}
	sent := a.writes()
	if last := sent[len(sent)-1]; last == sent[0] {
		t.Error("no other write was signed")
	}
	got := seenFrom(t, server).titles(t, "from")
	if !slices.Equal(got, []string{"from a", "from b"}) {
		t.Errorf("the vault has %q", got)
	}
}
