package client_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// plot is what a hostile server has to lie with about a shared vault.
type plot struct {
	*team
	other  *team             // another shared vault of the victim
	reader *testvault.Person // of team, who works with the server
	gone   *testvault.Person // was removed, and works with the server
	stale  seal.EpochKey     // of the epoch before the removal
	old    protocol.VaultAnswer
	theirs protocol.VaultAnswer // of the other vault
	own    protocol.VaultAnswer // of the victim's personal vault
	router string               // an item of team
}

// tellAbout changes what the server answers about a vault.
func (d *device) tellAbout(t testing.TB, vault string, change func(*protocol.VaultAnswer)) {
	lie := edit(t, protocol.PathVault, change)
	d.wire.lie(func(r client.Request, answer *client.Response) {
		if r.Method == http.MethodGet && strings.HasPrefix(r.Path, vaultOf(protocol.PathVault, vault)+"?") {
			lie(r, answer)
		}
	})
}

// forge puts a write of an item on top of an answer, by any author and in any epoch.
func (p *plot) forge(a *protocol.VaultAnswer, author *testvault.Person, epoch uint32, key seal.EpochKey) {
	id := seal.NewID()
	it := login("Forged").Normalise()
	var ops []testvault.Operation
	for kind, content := range map[chain.RecordKind][]byte{chain.RecordOverview: it.Overview(), chain.RecordDetails: it.Details()} {
		token := must(key.Seal(seal.RecordPlace{Vault: p.ID, Epoch: epoch, Item: id, Kind: kind, Version: 1}, seal.Record{Content: content}))(p.t)
		ops = append(ops, testvault.Operation{Operation: chain.Operation{Line: chain.Line{
			Kind: kind, ID: id, Version: 1, Epoch: epoch, Hash: chain.HashOf(chain.HashToken, []byte(token)),
		}}, Token: token})
	}
	live := p.Live.Clone()
	plain := []chain.Operation{ops[0].Operation, ops[1].Operation}
	chain.SortOperations(plain)
	if err := live.Apply(plain); err != nil {
		p.t.Fatal(err)
	}
	w := &chain.Write{
		Vault: p.ID, Epoch: epoch, Revision: p.State.Revision + 1, Previous: p.State.Write, Skip: p.State.SkipHash(), Entry: p.State.Entry.Hash(),
		Author: author.ID, AuthorCard: author.Card().Hash(), Time: 1, Count: live.Count(), Root: live.Root(), Operations: chain.HashOperations(plain),
	}
	w.Sign(author.CardKeys[0].Signing)
	hash := w.Hash()
	a.Revision, a.Head = w.Revision, base64.RawURLEncoding.EncodeToString(hash[:])
	a.Writes = append([]protocol.Signed{base64.RawURLEncoding.EncodeToString(w.Encode())}, a.Writes...)
	a.Cards = append(a.Cards, base64.RawURLEncoding.EncodeToString(author.Card().Encode()))
	for _, o := range ops {
		a.Records = append(a.Records, protocol.VaultRecord{
			ItemID: id.String(), Kind: o.Kind.Wire(), Version: 1, Epoch: int64(epoch), Revision: w.Revision, Token: o.Token,
		})
	}
}

// plots are lies about a shared vault. The victim is an editor.
var plots = map[string]func(*plot, *protocol.VaultAnswer){
	"an older log":     func(p *plot, a *protocol.VaultAnswer) { *a = p.old },
	"an entry dropped": func(_ *plot, a *protocol.VaultAnswer) { a.Entries = slices.Delete(a.Entries, 1, 2) },
	"the newest entry dropped": func(_ *plot, a *protocol.VaultAnswer) {
		a.Entries, a.Sequence = a.Entries[:len(a.Entries)-1], a.Sequence-1
	},
	"another's envelope":     func(p *plot, a *protocol.VaultAnswer) { a.Envelope = p.old.Envelope },
	"no envelope":            func(_ *plot, a *protocol.VaultAnswer) { a.Envelope = "" },
	"another vault":          func(p *plot, a *protocol.VaultAnswer) { *a = p.theirs },
	"the personal vault":     func(p *plot, a *protocol.VaultAnswer) { *a = p.own },
	"the records of another": func(p *plot, a *protocol.VaultAnswer) { a.Records = p.theirs.Records },
	"a record dropped":       func(_ *plot, a *protocol.VaultAnswer) { a.Records = a.Records[1:] },
	"a write by a reader": func(p *plot, a *protocol.VaultAnswer) {
		p.forge(a, p.reader, p.State.Entry.Epoch, p.Epochs[len(p.Epochs)-1])
	},
	"a write by one removed": func(p *plot, a *protocol.VaultAnswer) {
		p.forge(a, p.gone, p.State.Entry.Epoch, p.Epochs[len(p.Epochs)-1])
	},
	"a write in a stale epoch": func(p *plot, a *protocol.VaultAnswer) { p.forge(a, p.owner, p.State.Entry.Epoch-1, p.stale) },
	"a part that leads nowhere": func(_ *plot, a *protocol.VaultAnswer) {
		a.Entries, a.More, a.Records = []protocol.Signed{}, true, []protocol.VaultRecord{}
	},
}

// newPlot returns the victim with a pin of everything, and what happened since.
func newPlot(t *testing.T) (string, *device, *plot) {
	server := startServer(t)
	p := &plot{team: newTeam(t, server, "boss", "Team")}
	p.other = newTeam(t, server, "chief", "Other")
	p.other.save("Theirs")
	p.router = p.save("Router")
	victim := newDevice(t, server)
	victim.register(t, "anna")
	victim.save(t, login("Own"))
	p.add(victim, chain.Editor)
	p.other.add(victim, chain.Editor)
	victim.sync(t)
	p.reader, p.gone = p.stranger("rita", chain.Reader), p.stranger("gus", chain.Editor)
	p.save("Printer")
	victim.sync(t)
	p.old = victim.whole(t, p.id())
	p.stale = p.Epochs[0]
	p.entry(p.DraftRole(p.reader, chain.Editor))
	p.entry(p.DraftRole(p.reader, chain.Reader))
	p.entry(p.DraftRemove(p.gone))
	p.save("Scanner")
	p.theirs, p.own = victim.whole(t, p.other.id()), victim.fetch(t)
	return server, victim, p
}

// whole gets a vault from the server without the client.
func (d *device) whole(t testing.TB, vault string) protocol.VaultAnswer {
	t.Helper()
	return fetch[protocol.VaultAnswer](t, d, vaultOf(protocol.PathVault, vault)+"?since=0&after=-1&revision=0")
}

// wantOthers fails unless the other vaults of a device work.
func (p *plot) wantOthers(t *testing.T, d *device) {
	t.Helper()
	if v := d.vault(t, p.other.id()); v.Name != "Other" || v.Items == 0 || v.Problem != "" || !v.Alarm.IsZero() {
		t.Errorf("the other vault is %+v", v)
	}
	if _, err := d.SaveIn(t.Context(), "", login("New")); err != nil {
		t.Errorf("a new item in the personal vault: %v", err)
	}
	if _, err := d.SaveIn(t.Context(), p.other.id(), login("New")); err != nil {
		t.Errorf("a new item in the other vault: %v", err)
	}
}

// A device without memory believes nothing of a vault that is wrong, and everything of the others.
func TestANewDeviceBelievesNoLieAboutASharedVault(t *testing.T) {
	t.Parallel()
	for name, lie := range plots {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, victim, p := newPlot(t)
			victim.sync(t) // and pins what is new
			fresh := newDevice(t, server)
			fresh.login(t, "anna", "second device")
			fresh.tellAbout(t, p.id(), func(a *protocol.VaultAnswer) { lie(p, a) })
			fresh.sync(t)
			if v := fresh.vault(t, p.id()); v.Problem == "" || v.Items != 0 || v.Name != "" {
				t.Errorf("the vault is %+v", v)
			}
			if _, err := fresh.Get(p.router); err == nil {
				t.Error("an item of the vault is shown")
			}
			p.wantOthers(t, fresh)
			fresh.wire.lie(nil)
			fresh.sync(t)
			if v := fresh.vault(t, p.id()); v.Problem != "" || v.Items != 3 || !v.Alarm.IsZero() {
				t.Errorf("with an honest server the vault is %+v", v)
			}
		})
	}
}

// A device that knows the vault keeps what it verified, for reading, until the server is honest again.
func TestAKnownSharedVaultSurvivesLies(t *testing.T) {
	t.Parallel()
	for name, lie := range plots {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, victim, p := newPlot(t)
			victim.tellAbout(t, p.id(), func(a *protocol.VaultAnswer) { lie(p, a) })
			victim.sync(t)
			v := victim.vault(t, p.id())
			if v.Problem == "" || v.Items != 2 || v.Name != "Team" {
				t.Errorf("the vault is %+v", v)
			}
			if got := victim.get(t, p.router); got.Title != "Router" {
				t.Errorf("the item is %+v", got)
			}
			p.wantOthers(t, victim)
			if !v.Alarm.IsZero() {
				if _, err := victim.SaveIn(t.Context(), p.id(), login("New")); !errors.Is(err, client.ErrAlarm) {
					t.Errorf("a write during the alarm: %v", err)
				}
			}
			victim.wire.lie(nil)
			victim.sync(t)
			if v := victim.vault(t, p.id()); v.Problem != "" || v.Items != 3 || !v.Alarm.IsZero() {
				t.Errorf("with an honest server the vault is %+v", v)
			}
		})
	}
}

// A server that lists a vault, makes its user a member, and answers for it, gets no item in it or out of it.
func TestAVaultThatTheServerAdds(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	c := newTeam(t, server, "mallory", "Bank")
	id := c.save("Log in here")
	c.entry(c.DraftAdd(chain.Editor, c.person(d)))
	d.sync(t)
	if len(d.served(t)) != 1 {
		t.Fatal("the server does not list the vault")
	}
	if names := d.vaultNames(t); len(names) != 0 {
		t.Errorf("the user has %q", names)
	}
	if _, err := d.Get(id); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("its item: %v", err)
	}
	if _, err := d.SaveIn(t.Context(), c.id(), login("Mine")); !errors.Is(err, client.ErrNoVault) {
		t.Errorf("an item for it: %v", err)
	}
	if _, err := d.FindVault("Bank"); !errors.Is(err, client.ErrNoVault) {
		t.Errorf("it is found: %v", err)
	}
	for _, r := range d.wire.sent {
		if strings.Contains(r.Path, c.id()) {
			t.Errorf("the client asked for %s", r.Path)
		}
	}
}

// One vault withheld, with the answer for a vault that is not there, says nothing about membership, and stops nothing else.
func TestAWithheldVault(t *testing.T) {
	t.Parallel()
	server, victim, p := newPlot(t)
	victim.sync(t)
	withhold := func(r *client.Request) (*client.Response, error) {
		if strings.HasPrefix(r.Path, vaultOf(protocol.PathVault, p.id())) {
			body, _ := json.Marshal(protocol.Error{Code: protocol.CodeNotFound, Message: "no such vault", RequestID: "x"})
			return &client.Response{Status: 404, Body: body}, nil
		}
		return nil, nil
	}
	fresh := newDevice(t, server)
	fresh.login(t, "anna", "second device")
	for name, d := range map[string]*device{"a known vault": victim, "a new device": fresh} {
		d.intercept(withhold)
		d.sync(t)
		v := d.vault(t, p.id())
		if v.Problem != client.CodeNotFound || !strings.Contains(v.Message, client.ErrVaultWithheld.Error()) || v.Left || (v.Items == 3) != (d == victim) {
			t.Errorf("%s: %+v", name, v)
		}
		p.wantOthers(t, d)
		d.intercept(nil)
		d.sync(t)
		if v := d.vault(t, p.id()); v.Problem != "" || v.Items != 3 {
			t.Errorf("%s with an honest server: %+v", name, v)
		}
	}
}

// A removal deletes the copy of the vault at once. What the user wrote and the server does not have stays, and is counted.
func TestARemovalDeletesTheCopy(t *testing.T) {
	t.Parallel()
	server, victim, p := newPlot(t)
	victim.sync(t)
	victim.cut()
	fresh := must(victim.SaveIn(t.Context(), p.id(), login("Unsent")))(t)
	p.entry(p.DraftRemove(p.person(victim)))
	victim.reconnect()
	victim.sync(t)
	v := victim.vault(t, p.id())
	if !v.Left || v.Pending != 1 || v.Items != 1 {
		t.Errorf("the vault is %+v", v)
	}
	if _, err := victim.Get(p.router); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("an item is still there: %v", err)
	}
	if got := victim.get(t, fresh.ID); got.Title != "Unsent" {
		t.Errorf("the unsent item is %+v", got)
	}
	if err := second(victim.SaveIn(t.Context(), p.id(), login("More"))); !errors.Is(err, client.ErrVaultLeft) {
		t.Errorf("one more item: %v", err)
	}
	victim.cache.mu.Lock()
	for name, held := range victim.cache.stored {
		if strings.Contains(name, p.id()) && len(held.Chunks) > 0 && !strings.HasPrefix(name, "queue-") {
			t.Errorf("the device still has %s", name)
		}
	}
	victim.cache.mu.Unlock()
	victim = victim.restarted(t, server)
	victim.unlock(t)
	victim.sync(t)
	if v := victim.vault(t, p.id()); !v.Left || v.Pending != 1 || v.Items != 1 {
		t.Errorf("after a restart the vault is %+v", v)
	}
	if n := must(victim.Unsent(t.Context()))(t); n != 1 {
		t.Errorf("%d unsent changes", n)
	}
	p.wantOthers(t, victim)
	// The user is added again, and the changes that waited are sent.
	p.entry(p.DraftAdd(chain.Editor, p.person(victim)))
	victim.sync(t)
	if v := victim.vault(t, p.id()); v.Left || v.Pending != 0 || v.Items != 4 || v.Problem != "" {
		t.Errorf("a member again has %+v", v)
	}
}

// An old removal, of somebody who was added again, deletes nothing.
func TestAReplayedRemoval(t *testing.T) {
	t.Parallel()
	server, victim, p := newPlot(t)
	victim.sync(t)
	p.entry(p.DraftRemove(p.person(victim)))
	removed := victim.whole(t, p.id())
	p.entry(p.DraftAdd(chain.Editor, p.person(victim)))
	p.save("Since")
	victim.sync(t)
	fresh := newDevice(t, server)
	fresh.login(t, "anna", "second device")
	for name, d := range map[string]*device{"a known vault": victim, "a new device": fresh} {
		d.tellAbout(t, p.id(), func(a *protocol.VaultAnswer) { *a = removed })
		d.sync(t)
		if v := d.vault(t, p.id()); v.Left || v.Problem == "" || (v.Items == 4) != (d == victim) {
			t.Errorf("%s: %+v", name, v)
		}
	}
}
