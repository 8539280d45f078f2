package replica

import (
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// opened opens the live records of the vault as the server has them, by place without epoch.
func (o *owned) opened(t *testing.T) map[chain.Line]seal.Record {
	t.Helper()
	out := map[chain.Line]seal.Record{}
	for _, r := range o.Answer(0, -1, 0).Records {
		kind, err := chain.ParseRecordKind(r.Kind)
		if err != nil {
			t.Fatal(err)
		}
		id, err := chain.ParseID(r.ItemID)
		if err != nil {
			t.Fatal(err)
		}
		place := seal.RecordPlace{Vault: o.ID, Epoch: uint32(r.Epoch), Item: id, Kind: kind, Version: uint32(r.Version)}
		if place.Epoch != o.State.Entry.Epoch {
			t.Errorf("%v is of epoch %d", kind, place.Epoch)
		}
		record, err := o.Epochs[place.Epoch-1].Open(place, r.Token)
		if err != nil {
			t.Fatal(err)
		}
		out[chain.Line{Kind: kind, ID: id, Version: place.Version}] = record
	}
	return out
}

func (o *owned) reseal(t *testing.T) {
	t.Helper()
	o.change(t, func(ch *Change) error {
		unopened, err := ch.Reseal(nil)
		if len(unopened) > 0 {
			t.Errorf("%d records do not open", len(unopened))
		}
		return err
	})
}

func TestResealingNamesTheWriteOfTheContent(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	mail := o.add("Mail")
	pin := o.Put(chain.RecordPin, seal.NewID(), 1, "pin")
	o.Apply(o.Draft(pin))
	o.sync(t)
	for epoch := range 2 {
		o.Follow(o.DraftRotate())
		o.sync(t)
		if n := o.replica.Outdated(nil); n != 3 {
			t.Errorf("%d outdated records", n)
		}
		if epoch == 0 { // the cache keeps the revisions
			o.replica = reopened(t, o, o.whole(t, nil))
		}
		o.reseal(t)
		if n := o.replica.Outdated(nil); n != 0 {
			t.Errorf("%d outdated records are left", n)
		}
	}
	o.shows(t, "[Mail]")
	if it, err := o.replica.Open(o.replica.Shown(mail)); err != nil || it.Password != "hunter2" || it.Base != "1.1" {
		t.Errorf("%+v, %v", it, err)
	}
	for l, r := range o.opened(t) {
		want := seal.Origin{Author: o.Owner.ID, Revision: 1}
		if l.Kind == chain.RecordPin {
			want.Revision = 2
		}
		if r.Origin != want {
			t.Errorf("%v: origin %+v, want %+v", l.Kind, r.Origin, want)
		}
	}
}

func TestResealingGoesOnInBatches(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	var ops []testvault.Operation
	for range 600 {
		ops = append(ops, o.Put(chain.RecordPin, seal.NewID(), 1, "pin"))
	}
	o.Apply(o.Draft(ops...))
	o.Follow(o.DraftRotate())
	o.sync(t)
	for _, left := range []int{100, 0} {
		s := o.change(t, func(ch *Change) error {
			_, err := ch.Reseal(nil)
			return err
		})
		if n := len(s.Operations); n > MaxOperations || o.replica.Outdated(nil) != left {
			t.Errorf("%d operations, %d records left", n, o.replica.Outdated(nil))
		}
	}
}

func TestResealingLeavesWhatDoesNotOpen(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	bad := o.PutToken(chain.RecordPin, seal.NewID(), 1, "gAAAAA")
	full := strings.Repeat("x", 40_911) // has no room for an origin
	largest := o.Put(chain.RecordPin, seal.NewID(), 1, full)
	o.Apply(o.Draft(bad, largest))
	o.Follow(o.DraftRotate())
	o.sync(t)
	var unopened []chain.Line
	s := o.change(t, func(ch *Change) (err error) {
		unopened, err = ch.Reseal(nil)
		return err
	})
	if !slices.Equal(unopened, []chain.Line{bad.Line}) || len(s.Operations) != 2 {
		t.Errorf("unopened %v, %d operations", unopened, len(s.Operations))
	}
	skip := map[chain.Line]bool{bad.Line: true}
	if n := o.replica.Outdated(skip); n != 0 {
		t.Errorf("%d records left", n)
	}
	ch := o.replica.Change()
	if again, err := ch.Reseal(skip); err != nil || len(again) != 0 || ch.Operations() != 0 {
		t.Errorf("again: %v, %d operations, %v", again, ch.Operations(), err)
	}
	place := seal.RecordPlace{Vault: o.ID, Epoch: 2, Item: largest.ID, Kind: largest.Kind, Version: 1}
	r, err := o.Epochs[1].Open(place, s.Tokens[0])
	if err != nil || r.Origin != (seal.Origin{}) || string(r.Content) != full {
		t.Errorf("origin %+v, %d bytes, %v", r.Origin, len(r.Content), err)
	}
}

// An entry that carries a wrong key locks out devices that come later. The next rotation carries the right one.
func TestANewEpochCarriesLostKeys(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	o.add("first epoch")
	o.sync(t)
	e := o.DraftRotate()
	newest := o.State.Entry.Epoch + 1
	drawn := seal.NewEpochKey()
	envelope, err := drawn.SealEnvelope(o.ID, newest, o.Owner.Card())
	if err != nil {
		t.Fatal(err)
	}
	e.Entry.Commitment = drawn.Commitment(o.ID, newest)
	if e.Entry.PreviousKeys, err = drawn.SealPrevious(o.ID, newest, []seal.PreviousKey{{Epoch: 1, Key: seal.NewEpochKey()}}); err != nil {
		t.Fatal(err)
	}
	hash := chain.HashOf(chain.HashEnvelope, envelope)
	e.Entry.Roster[0].Envelope, e.Envelopes = hash, map[chain.Hash][]byte{hash: envelope}
	e.Entry.Sign(o.Owner.CardKeys[0].Signing)
	if e.Next.State, err = o.State.Follow([]*chain.Entry{e.Entry}, nil, o.Known); err != nil {
		t.Fatal(err)
	}
	o.Follow(e)
	o.Epochs[1] = drawn
	o.sync(t) // this device still has the key

	next := *o.State.Entry
	next.Sequence++
	next.Roster = slices.Clone(next.Roster)
	if _, err := o.replica.BeginEpoch(&next, o.Known); err != nil {
		t.Fatal(err)
	}
	var carried []uint32
	keys := o.replica.keys
	before, err := o.replica.KeysBefore()
	for _, k := range before {
		carried = append(carried, k.Epoch)
		if !k.Key.Equal(keys[k.Epoch]) {
			t.Errorf("another key of epoch %d", k.Epoch)
		}
	}
	if err != nil || !slices.Equal(carried, []uint32{2, 1}) || next.Epoch != 3 {
		t.Errorf("carried %v, epoch %d, %v", carried, next.Epoch, err)
	}
}
