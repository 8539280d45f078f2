package client_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// syncs returns how often a device asked for the vault.
func (d *device) syncs() int {
	d.wire.mu.Lock()
	defer d.wire.mu.Unlock()
	n := 0
	for _, r := range d.wire.sent {
		if isAt(r, protocol.PathVault) {
			n++
		}
	}
	return n
}

// A device that lost a race takes what is new from the refusal, and needs two requests in all.
func TestLoserNeedsNoSync(t *testing.T) {
	t.Parallel()
	server, a, b, id := twoDevices(t)
	for round := range 3 {
		theirs := b.get(t, id)
		theirs.Notes = strings.Repeat("n", round+2)
		b.save(t, theirs)
		sent, asked := len(a.writes()), a.syncs()
		mine := a.get(t, id)
		mine.Title = strings.Repeat("t", round+2)
		if got := a.save(t, mine); got.Notes != theirs.Notes || got.Title != mine.Title {
			t.Errorf("round %d: merged into %+v", round, got)
		}
		if sent, asked := len(a.writes())-sent, a.syncs()-asked; sent != 2 || asked != 0 {
			t.Errorf("round %d: %d writes and %d syncs", round, sent, asked)
		}
		b.sync(t)
	}
	if got := seenFrom(t, server).get(t, id); got.Notes != "nnnn" || got.Title != "tttt" {
		t.Errorf("the vault has %+v", got)
	}
}

// A refusal with lies gains the server nothing: the device asks again, and checks that as always.
func TestNewsOfARefusalAreVerified(t *testing.T) {
	t.Parallel()
	cut := func(n *protocol.VaultAnswer) { n.Records = n.Records[:len(n.Records)-1] }
	for name, lie := range map[string]func(news *protocol.VaultAnswer){
		"a record is missing": cut,
		"no record":           func(n *protocol.VaultAnswer) { n.Records = nil },
		"a record is of another": func(n *protocol.VaultAnswer) {
			for i := range n.Records {
				if !n.Records[i].Deleted {
					n.Records[i].Token = n.Records[len(n.Records)-1].Token + "A"
				}
			}
		},
		"a tombstone": func(n *protocol.VaultAnswer) {
			i := slices.IndexFunc(n.Records, func(r protocol.VaultRecord) bool { return !r.Deleted })
			n.Records[i].Token, n.Records[i].Epoch, n.Records[i].Deleted = "", 0, true
		},
		"the write is missing":    func(n *protocol.VaultAnswer) { n.Writes = nil },
		"another write":           func(n *protocol.VaultAnswer) { n.Writes[0] = n.Writes[0][:40] + "AAAA" + n.Writes[0][44:] },
		"an earlier revision":     func(n *protocol.VaultAnswer) { n.Revision, n.Records, n.Writes = 0, nil, nil },
		"nothing is new":          func(n *protocol.VaultAnswer) { n.Revision--; n.Records, n.Writes = nil, nil },
		"all is empty":            func(n *protocol.VaultAnswer) { *n = protocol.VaultAnswer{} },
		"numbers that do not fit": func(n *protocol.VaultAnswer) { n.Records[0].Version = -1 },
		"a token of one letter":   func(n *protocol.VaultAnswer) { n.Records[0].Token = "x" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, a, b, id := twoDevices(t)
			theirs := b.get(t, id)
			theirs.Notes, theirs.Title = "theirs", "theirs"
			b.save(t, theirs)
			lied := 0
			a.wire.lie(func(r client.Request, answer *client.Response) {
				if !isAt(r, protocol.PathVaultWrites) || answer.Status != 409 {
					return
				}
				var e protocol.Error
				if err := json.Unmarshal(answer.Body, &e); err != nil || e.News == nil {
					t.Errorf("no news in the refusal: %v", err)
					return
				}
				lie(e.News)
				lied++
				body, err := json.Marshal(e)
				if err != nil {
					t.Error(err)
				}
				answer.Body = body
			})
			asked := a.syncs()
			mine := a.get(t, id)
			mine.Password = "mine"
			got := a.save(t, mine)
			if lied != 1 || a.syncs() == asked {
				t.Errorf("%d lies, %d syncs", lied, a.syncs()-asked)
			}
			if got.Notes != "theirs" || got.Password != "mine" {
				t.Errorf("the device has %+v", got)
			}
			if got := seenFrom(t, server).get(t, id); got.Notes != "theirs" || got.Password != "mine" {
				t.Errorf("the vault has %+v", got)
			}
		})
	}
}

// Somebody saves an item while another device imports. The import pauses after that.
func TestBulkWriterPausesAfterAWriteOfAnother(t *testing.T) {
	t.Parallel()
	server, a, b, _ := twoDevices(t)
	var items []item.Item
	for range 1200 { // more than two changes
		items = append(items, login("bulk"))
	}
	var times []time.Time // of the writes
	a.wire.mu.Lock()
	a.wire.before = func(r *client.Request) (*client.Response, error) {
		if isAt(*r, protocol.PathVaultWrites) {
			times = append(times, time.Now())
			if len(times) == 2 { // between the device's sync and its second change
				b.save(t, login("from b"))
			}
		}
		return nil, nil
	}
	a.wire.mu.Unlock()
	if _, err := a.AddMany(t.Context(), items, nil); err != nil {
		t.Fatal(err)
	}
	// The first change, the refused one, the same again, and the next after a pause.
	if len(times) < 4 || times[3].Sub(times[2]) < time.Second {
		t.Errorf("writes at %v", times)
	}
	if got := seenFrom(t, server).titles(t, "from b"); !slices.Equal(got, []string{"from b"}) {
		t.Errorf("the vault has %q", got)
	}
}
