package client_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// sentEntries adds the account entries that a device sent, by their place in the log. Two different ones in one place are two histories.
func (d *device) sentEntries(t *testing.T, all map[int64]protocol.Signed) {
	t.Helper()
	d.wire.mu.Lock()
	defer d.wire.mu.Unlock()
	for _, r := range d.wire.sent {
		var in protocol.PhraseEntryRequest
		if !isAt(r, protocol.PathRecoveryFinish) && !isAt(r, protocol.PathAccountEntry) {
			continue
		}
		if err := json.Unmarshal(r.Body, &in); err != nil {
			t.Fatal(err)
		}
		place := must(chain.ParseEntry(decoded(t, in.Change.Entry)))(t).Sequence
		if before, ok := all[place]; ok && before != in.Change.Entry {
			t.Errorf("two entries were signed at %d", place)
		}
		all[place] = in.Change.Entry
	}
}

// The recovery goes to the server or not, and its answer is lost. Then the user remembers the old password.
func TestARecoveryInFlightIsFinishedByAnotherSession(t *testing.T) {
	t.Parallel()
	for name, arrives := range map[string]bool{"it arrived": true, "it did not arrive": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			d := newDevice(t, server)
			phrase := d.register(t, "anna")
			bank := d.save(t, login("bank"))
			entries := map[int64]protocol.Signed{}
			cut := false
			d.wire.before = func(r *client.Request) (*client.Response, error) {
				if isAt(*r, protocol.PathRecoveryFinish) {
					if arrives {
						if _, err := d.wire.Transport.Do(t.Context(), *r); err != nil {
							t.Error(err)
						}
					}
					cut = true
				}
				if cut {
					return nil, errCut
				}
				return nil, nil
			}
			if _, err := d.Recover(t.Context(), "anna", phrase, nextPassword, true, "x"); !errors.Is(err, client.ErrUncertain) {
				t.Fatalf("got %v", err)
			}
			d.sentEntries(t, entries)
			d = d.restarted(t, server)
			known := password
			if arrives {
				known = nextPassword
			}
			if _, err := d.Login(t.Context(), "anna", known, "", "x"); err != nil {
				t.Fatal(err)
			}
			before := d.wire.Bearer()
			s := d.sync(t)
			if s.Recovered == arrives || (d.wire.Bearer() == before) != arrives {
				t.Errorf("recovered: %v, the session is another one: %v", s.Recovered, d.wire.Bearer() != before)
			}
			if again := d.sync(t); again.Recovered {
				t.Error("said twice")
			}
			d.save(t, login("mail")) // in the new session
			if err := d.ChangePassword(t.Context(), nextPassword, password); err != nil {
				t.Fatal(err)
			}
			d.sentEntries(t, entries)
			if n := len(d.fetch(t).Entries); n != 4 || len(entries) != 2 {
				t.Errorf("%d entries, want 4", n)
			}
			if slices.Contains(d.cache.names(), "entry") {
				t.Error("an entry is still in flight")
			}
			if got := d.get(t, bank.ID); got.Password != bank.Password {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// After a crash at any step, the device signs no second entry in the same place, opens with the password, and can recover again.
func TestARecoverySurvivesACrashAtEveryStep(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	phrase := d.register(t, "anna")
	bank := d.save(t, login("bank"))
	entries := map[int64]protocol.Signed{}
	taken, resumed, finished := 0, 0, false
	for n := 1; !finished; n++ {
		c := &crash{}
		d = d.crashing(t, server, c)
		before := d.account(t).Keys.Document
		c.left = n
		_, err := d.Recover(t.Context(), "anna", phrase, password, false, "x")
		if finished = !c.dead; finished && err != nil {
			t.Fatal(err)
		}
		d.cache.before = nil
		d.sentEntries(t, entries)
		d = d.restarted(t, server) // its session may have ended
		d.login(t, "anna", "again")
		if d.account(t).Keys.Document != before {
			taken++
		}
		if s := d.sync(t); s.Recovered {
			resumed++
		}
		d.sentEntries(t, entries)
		d.Lock()
		d.unlockWith(t, password)
		d.sync(t)
		if got := d.get(t, bank.ID); got.Password != bank.Password {
			t.Errorf("step %d: %+v", n, got)
		}
		if slices.Contains(d.cache.names(), "entry") {
			t.Errorf("step %d: an entry is still in flight", n)
		}
	}
	if taken < 3 || resumed < 1 {
		t.Errorf("the server took %d recoveries before a crash, and %d after it", taken, resumed)
	}
	if _, err := newDevice(t, server).Recover(t.Context(), "anna", phrase, nextPassword, false, "a new device"); err != nil {
		t.Fatal(err)
	}
}
