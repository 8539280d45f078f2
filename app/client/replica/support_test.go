package replica

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// owned is a vault as the server has it, and a replica of it.
type owned struct {
	*testvault.Vault
	replica *Replica
	tokens  map[string][]testvault.Operation // the live records of an item
}

func newOwned(t testing.TB) *owned {
	t.Helper()
	v, _ := testvault.NewPerson("ada").Found()
	return &owned{v, New(v.Owner.ID, v.ID), map[string][]testvault.Operation{}}
}

// add has another device add an item.
func (o *owned) add(title string) string {
	id := seal.NewID()
	it := item.Item{ID: id.String(), Title: title, Username: "ada", Password: "hunter2"}.Normalise()
	ops := []testvault.Operation{
		o.Put(chain.RecordOverview, id, 1, string(it.Overview())), o.Put(chain.RecordDetails, id, 1, string(it.Details())),
	}
	o.Apply(o.Draft(ops...))
	o.tokens[it.ID] = ops
	return it.ID
}

// rename has another device change the overview of an item.
func (o *owned) rename(id, title string) {
	at, _ := chain.ParseID(id)
	before := o.tokens[id][0]
	it := item.Item{ID: id, Title: title}.Normalise()
	after := o.Put(chain.RecordOverview, at, before.Version+1, string(it.Overview()))
	o.Apply(o.Draft(testvault.Delete(before), after))
	o.tokens[id][0] = after
}

// remove has another device delete an item.
func (o *owned) remove(id string) {
	var ops []testvault.Operation
	for _, put := range o.tokens[id] {
		ops = append(ops, testvault.Delete(put))
	}
	o.Apply(o.Draft(ops...))
}

func encoded(t testing.TB, a protocol.VaultAnswer) []byte {
	t.Helper()
	body, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// asked returns the answer that the replica asks for.
func (o *owned) asked(full bool, seen chain.State) protocol.VaultAnswer {
	since := o.replica.Revision()
	if full {
		since = 0
	}
	return o.Answer(since, o.replica.After(), o.replica.Base(seen).Revision)
}

// take verifies an answer and applies it.
func (o *owned) take(t testing.TB, answer protocol.VaultAnswer, full bool, seen chain.State) (*Answer, error) {
	t.Helper()
	a, err := Parse(encoded(t, answer))
	if err != nil {
		return nil, err
	}
	log, err := o.replica.Follow(a, seen)
	if err != nil {
		return nil, err
	}
	if log.Headless() {
		head, err := Parse(encoded(t, o.Answer(o.State.Revision, o.State.Entry.Sequence, log.State.Revision-1)))
		if err != nil {
			return nil, err
		}
		if err := log.AddHead(head); err != nil {
			return nil, err
		}
	}
	next, err := o.replica.Verify(t.Context(), log, o.Identity(), a.Records, full)
	if err != nil {
		return nil, err
	}
	next.Commit()
	return a, nil
}

func (o *owned) sync(t testing.TB) {
	t.Helper()
	if _, err := o.take(t, o.asked(!o.replica.Loaded, chain.State{}), !o.replica.Loaded, chain.State{}); err != nil {
		t.Fatal(err)
	}
}

func (o *owned) titles() string {
	var titles []string
	for _, e := range o.replica.All() {
		titles = append(titles, e.Overview.Title)
	}
	return fmt.Sprint(titles)
}

func (o *owned) shows(t testing.TB, want string) {
	t.Helper()
	if got := o.titles(); got != want {
		t.Errorf("shows %s, want %s", got, want)
	}
	for _, e := range o.replica.All() {
		if e.Err != nil {
			t.Errorf("%s: %v", e.ID, e.Err)
		}
	}
}

func (o *owned) author() Author {
	keys, card := o.Author()
	return Author{o.Owner.ID, card, keys}
}

// send has the server take a signed write, as it came over the wire.
func (o *owned) send(t testing.TB, s *Signed) {
	t.Helper()
	got, err := ParseSigned(s.Request())
	if err != nil {
		t.Fatal(err)
	}
	if err := o.TakeWrite(got.Write, got.Operations, got.Tokens); err != nil {
		t.Fatal(err)
	}
}

// change makes one change of the replica and the server.
func (o *owned) change(t testing.TB, build func(*Change) error) *Signed {
	t.Helper()
	ch := o.replica.Change()
	if err := build(ch); err != nil {
		t.Fatal(err)
	}
	s, err := ch.Sign(o.author(), time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := ch.OpenChanged(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.send(t, s)
	ch.Commit()
	return s
}

func isAltered(err error) bool {
	var altered *AlteredError
	return errors.As(err, &altered)
}
