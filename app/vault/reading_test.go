package vault_test

import (
	"context"
	"encoding/base64"
	"math"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/store/sqlite"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// device remembers a state of a vault, or nothing (after −1), and knows no card.
type device struct {
	u     *user
	state chain.State
	after int64
}

// reads checks that an answer leads the device to a state, with no more than the answer.
func (d device) reads(log protocol.VaultLog, to chain.State) {
	t := d.u.t
	t.Helper()
	cards := &chain.Cards{}
	for _, c := range log.Cards {
		if err := cards.Add(must(chain.ParseCard(must(decode(c))))); err != nil {
			t.Error(err)
		}
	}
	var entries []*chain.Entry
	for _, e := range log.Entries {
		entries = append(entries, must(chain.ParseEntry(must(decode(e)))))
	}
	var path []*chain.Write
	for _, w := range log.Writes {
		path = append(path, must(chain.ParseWrite(must(decode(w)))))
	}
	if d.after < 0 {
		state, err := chain.Begin(entries[0], cards)
		if err != nil {
			t.Fatal(err)
		}
		d.state, entries = state, entries[1:]
	}
	got, err := d.state.Follow(entries, path, cards)
	if err != nil {
		t.Fatalf("from %d and entry %d: %v", d.state.Revision, d.after, err)
	}
	if string(got.Encode()) != string(to.Encode()) {
		t.Errorf("from %d and entry %d: another state", d.state.Revision, d.after)
	}
	if newest := to.Entry.Roster[0]; (len(log.Entries) > 0) != (log.Envelope != "") ||
		log.Envelope != "" && chain.HashOf(chain.HashEnvelope, must(decode(log.Envelope))) != newest.Envelope {
		t.Errorf("from entry %d: envelope %q", d.after, log.Envelope)
	}
}

// history is a user with a vault that took some writes and entries, and all states on the way.
func history(s *site) (*user, []chain.State) {
	u := s.register("ada")
	states := []chain.State{u.State}
	keep := func() { states = append(states, u.State) }
	for i := range 20 {
		u.item("content")
		keep()
		switch i {
		case 4, 5:
			u.renew(testvault.Renewal{Card: true})
			keep()
		case 8:
			u.renew(testvault.Renewal{Epoch: true})
			keep()
			u.renew(testvault.Renewal{AccountKey: true, Card: true, Epoch: true})
			keep()
		}
	}
	return u, states
}

func TestLogLeadsEveryDeviceToTheNewestState(t *testing.T) {
	t.Parallel()
	u, states := history(newSite(t))
	u.unmoved()
	for _, s := range states {
		log, err := u.VaultLog(t.Context(), u.session, u.ID.String(), s.Entry.Sequence, s.Revision)
		if err != nil {
			t.Fatal(err)
		}
		device{u, s, s.Entry.Sequence}.reads(log, u.State)
		if known := s.Entry.Sequence == u.State.Entry.Sequence; known != (len(log.Entries) == 0) {
			t.Errorf("from entry %d: %d entries", s.Entry.Sequence, len(log.Entries))
		}
	}
	log, err := u.VaultLog(t.Context(), u.session, u.ID.String(), -1, 0)
	if err != nil {
		t.Fatal(err)
	}
	device{u, chain.State{}, -1}.reads(log, u.State)
	if len(log.Cards) != len(u.Owner.Cards) {
		t.Errorf("%d of %d cards", len(log.Cards), len(u.Owner.Cards))
	}
	// A device that remembers more than the server has notices it.
	log, err = u.VaultLog(t.Context(), u.session, u.ID.String(), chain.MaxNumber, chain.MaxNumber)
	if err != nil || len(log.Entries)+len(log.Writes)+len(log.Cards) > 0 {
		t.Errorf("%+v, %v", log, err)
	}
	for _, wrong := range [][2]int64{{-2, 0}, {0, -1}, {math.MaxInt64, 0}, {0, math.MaxInt64}} {
		_, err := u.VaultLog(t.Context(), u.session, u.ID.String(), wrong[0], wrong[1])
		bad("must be between").check(t, err)
	}
}

// collected is a protocol.VaultAnswer in memory.
type collected struct{ protocol.VaultAnswer }

func (c *collected) Begin(log protocol.VaultLog) error { c.VaultLog = log; return nil }

func (c *collected) Write(r protocol.VaultRecord) error { c.Records = append(c.Records, r); return nil }

func collect(s *site, session vault.Session, id string) (protocol.VaultAnswer, error) {
	var c collected
	err := s.Changes(s.t.Context(), session, id, vault.Asked{After: -1}, &c)
	return c.VaultAnswer, err
}

// lines rebuilds the live lines from records of the wire.
func lines(t *testing.T, id chain.ID, records []protocol.VaultRecord) *chain.Live {
	t.Helper()
	var ops []chain.Operation
	for _, r := range records {
		line := chain.Line{
			Kind: must(chain.ParseRecordKind(r.Kind)), ID: must(chain.ParseID(r.ItemID)), Version: uint32(r.Version), Epoch: uint32(r.Epoch),
			Hash: chain.HashOf(chain.HashToken, []byte(r.Token)),
		}
		if r.Kind == protocol.RecordAttachment {
			line.Hash = chain.Hash(must(base64.RawURLEncoding.DecodeString(r.Hash)))
		}
		ops = append(ops, chain.Operation{Line: line})
	}
	chain.SortOperations(ops)
	live := chain.NewLive(id)
	if err := live.Apply(ops); err != nil {
		t.Fatal(err)
	}
	return live
}

func TestRecordsGiveTheSignedRoot(t *testing.T) {
	t.Parallel()
	u, _ := history(newSite(t))
	chunks := testvault.Chunks("first", "second")
	u.upload(chunks...)
	u.save(testvault.Attach(chunks[0].Attachment, chunks))
	first := u.Operations[0][0]
	u.save(testvault.Operation{Operation: chain.Operation{Line: first.Line, Delete: true}})
	answer, err := collect(u.site, u.session, u.ID.String())
	if err != nil {
		t.Fatal(err)
	}
	device{u, chain.State{}, -1}.reads(answer.VaultLog, u.State)
	if live := lines(t, u.ID, answer.Records); live.Root() != u.Live.Root() || live.Count() != u.Live.Count() {
		t.Errorf("%d records, %d lines", len(answer.Records), u.Live.Count())
	}
	var since collected
	asked := vault.Asked{Since: u.State.Revision - 1, After: u.State.Entry.Sequence, Revision: u.State.Revision}
	if err := u.Changes(t.Context(), u.session, u.ID.String(), asked, &since); err != nil {
		t.Fatal(err)
	}
	if len(since.Records) != 1 || !since.Records[0].Deleted || since.Records[0].ItemID != first.ID.String() || since.Records[0].Token+since.Records[0].Hash != "" ||
		len(since.Writes)+len(since.Entries) > 0 {
		t.Errorf("%+v", since)
	}
	small, err := u.Small(t.Context(), u.ID.String(), 0, 100)
	if err != nil || small {
		t.Errorf("small: %v, %v", small, err)
	}
}

// moving changes the vault between two reads of one answer.
type moving struct {
	*sqlite.Store
	change func()
}

func (m *moving) Changes(ctx context.Context, id chain.ID, since int64, w vault.ChangeWriter) error {
	m.change()
	return m.Store.Changes(ctx, id, since, w)
}

func TestAnswerIsOfOneState(t *testing.T) {
	t.Parallel()
	m := &moving{change: func() {}}
	s := newSiteOn(t, func(store *sqlite.Store) vault.Store { m.Store = store; return m })
	u := s.register("ada")
	u.item("before")
	changes := 0
	m.change = func() {
		switch changes++; changes {
		case 1:
			u.item("at the same time")
		case 2:
			u.renew(testvault.Renewal{Epoch: true})
		}
	}
	answer, err := collect(s, u.session, u.ID.String())
	if err != nil {
		t.Fatal(err)
	}
	device{u, chain.State{}, -1}.reads(answer.VaultLog, u.State)
	if lines(t, u.ID, answer.Records).Root() != u.Live.Root() {
		t.Error("records of another state")
	}
	m.change = func() { u.item("again and again") }
	_, err = collect(s, u.session, u.ID.String())
	refusal{protocol.CodeStorageUnavailable, "changed during the read"}.check(t, err)
}

// The owner's vault is named in none of the requests of somebody else.
func TestUnknownKindsHaveNoWord(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	for _, kind := range []chain.RecordKind{chain.RecordPin, chain.RecordPasskey, chain.RecordInvitation, chain.RecordGrant, chain.RecordVault} {
		u.save(u.Put(kind, seal.NewID(), 1, "of a person"))
	}
	answer, err := collect(u.site, u.session, u.ID.String())
	if err != nil || lines(t, u.ID, answer.Records).Root() != u.Live.Root() {
		t.Errorf("%+v, %v", answer.Records, err)
	}
}
