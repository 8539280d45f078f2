package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

func writesOfEverySize(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	first := items(v, chain.MaxOperations/2, 100)
	write(t, a, v, first...)
	wantVault(t, b, v)

	follow(t, b, v, v.DraftRotate())
	var second []testvault.Operation
	for _, o := range first[:chain.MaxOperations/2] {
		second = append(second, testvault.Delete(o), v.PutToken(o.Kind, o.ID, o.Version, text(200)))
	}
	write(t, b, v, second...)
	wantVault(t, a, v)
	if changed := changesSince(t, a, v.ID, 1); len(changed.records) != len(second) {
		t.Errorf("%d records changed, want %d", len(changed.records), len(second))
	}

	// As many tokens of the maximum size as fit into a request body.
	var big []testvault.Operation
	for range 63 {
		big = append(big, v.PutToken(chain.RecordDetails, seal.NewID(), 1, text(protocol.MaxTokenBytes)))
	}
	write(t, a, v, big...)
	wantVault(t, b, v)
	write(t, a, v, items(v, 1, 10)...)
	wantVault(t, b, v)
}

// A delta after many changes of the same places has each place once, at its newest change.
func placesChangeOften(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v := founded(t, s, "ada")
	id := seal.NewID()
	newest := v.PutToken(chain.RecordOverview, id, 1, text(10))
	write(t, s, v, newest)
	for version := uint32(2); version < 40; version++ {
		next := v.PutToken(chain.RecordOverview, id, 1+version%3, text(10))
		write(t, s, v, testvault.Delete(newest), next)
		newest = next
	}
	wantSince(t, s, v, 0, map[chain.Line]int64{place(newest): 39})
	wantVault(t, s, v)
	for since := int64(1); since < 39; since++ {
		changesSince(t, s, v.ID, since)
	}
}

func tombstonesLast(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v := founded(t, s, "ada")
	ops := items(v, 20, 10)
	write(t, s, v, ops...)
	var deletes []testvault.Operation
	want := map[chain.Line]int64{}
	for _, o := range ops {
		deletes = append(deletes, testvault.Delete(o))
		want[place(o)] = -2
	}
	write(t, s, v, deletes...)
	for n := range int64(3) {
		kept := v.PutToken(chain.RecordOverview, seal.NewID(), 1, text(10))
		d := v.Draft(kept)
		d.Now = start.AddDate(0, 0, vault.TombstoneDays-1)
		if err := s.ApplyWrite(t.Context(), d.WriteChange); err != nil {
			t.Fatal(err)
		}
		v.Apply(d)
		want[place(kept)] = 3 + n
	}
	wantSince(t, s, v, 1, want)
	wantVault(t, s, v)

	// Much later they may be gone, and nothing else.
	for range 5 {
		d := v.Draft(items(v, 1, 10)...)
		d.Now = start.AddDate(0, 0, 10*vault.TombstoneDays)
		if err := s.ApplyWrite(t.Context(), d.WriteChange); err != nil {
			t.Fatal(err)
		}
		v.Apply(d)
	}
	wantVault(t, s, v)
}

func smallAnswers(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v := founded(t, s, "ada")
	write(t, s, v, items(v, 5, 1000)...)
	write(t, s, v, items(v, 1, 60_000)...)
	write(t, s, v, items(v, 200, 10)...)
	write(t, s, v, items(v, 5, 1000)...)
	for _, c := range []struct {
		since, limit int64
		small        bool
	}{
		{0, 1 << 20, false}, {1, 1 << 20, false}, {2, 1 << 20, false}, {3, 1 << 20, true}, {3, 10_000, true}, {3, 9999, false}, {4, 0, true}, {9, 0, true},
	} {
		small, err := s.Small(t.Context(), v.ID, c.since, c.limit)
		if err != nil || small != c.small {
			t.Errorf("since %d, with %d bytes: %v, %v", c.since, c.limit, small, err)
		}
	}
}

// largeVaultOf fills a vault with records of 4 MB in total, the newest of them from a large write, and returns overviews.
func largeVaultOf(t *testing.T, s vault.Store) (v *testvault.Vault, overviews []testvault.Operation) {
	t.Helper()
	v = founded(t, s, "ada")
	for range 60 {
		overviews = append(overviews, v.PutToken(chain.RecordOverview, seal.NewID(), 1, text(20_000)))
	}
	write(t, s, v, overviews...)
	var details []testvault.Operation
	for range 50 {
		details = append(details, v.PutToken(chain.RecordDetails, seal.NewID(), 1, text(60_000)))
	}
	write(t, s, v, details...)
	return v, overviews
}

// A store that cannot read the old state while a write is stored may give up, but must not mix old and new records.
func writesDuringARead(t *testing.T, open func(t *testing.T) vault.Store) {
	reader, writer := open(t), open(t)
	v, overviews := largeVaultOf(t, writer)
	before := changesSince(t, reader, v.ID, 0)
	during := answer{during: func() error {
		follow(t, writer, v, v.DraftRotate())
		var ops []testvault.Operation
		for _, o := range overviews {
			ops = append(ops, testvault.Delete(o), v.PutToken(o.Kind, o.ID, 1, text(10)))
		}
		write(t, writer, v, ops...)
		return nil
	}}
	err := reader.Changes(t.Context(), v.ID, 0, &during)
	if err == nil {
		checkAnswer(t, during, 0)
		if len(during.records) != len(before.records) || !sameState(during.head.State, before.head.State) {
			t.Errorf("%d records at %d, want %d at %d", len(during.records), during.head.State.Revision, len(before.records), before.head.State.Revision)
		}
	} else {
		wantError(t, "changes of a vault that was written during the read", err, vault.ErrStoreUnavailable)
	}
	wantVault(t, reader, v)
}

func writerErrorEndsTheRead(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v, _ := largeVaultOf(t, s)
	enough := errors.New("enough")
	a := answer{during: func() error { return enough }}
	if err := s.Changes(t.Context(), v.ID, 0, &a); err != enough || len(a.records) != 1 { //nolint:errorlint // returned unchanged
		t.Errorf("%d records, %v", len(a.records), err)
	}
	err := s.Changes(t.Context(), v.ID, 0, refusing{enough})
	if err != enough { //nolint:errorlint // returned unchanged
		t.Error(err)
	}
	wantVault(t, s, v)
}

// refusing refuses the head.
type refusing struct{ err error }

func (r refusing) Begin(vault.Head) error { return r.err }

func (r refusing) Write(vault.Record) error { return errors.New("write after an error of Begin") }

func vaultsAreSeparate(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	ada, eve := founded(t, s, "ada"), founded(t, s, "eve")
	id := seal.NewID()
	write(t, s, ada, ada.PutToken(chain.RecordOverview, id, 1, "ada's"), ada.PutToken(chain.RecordDetails, id, 1, "ada's"))
	o := eve.PutToken(chain.RecordOverview, id, 1, "eve's")
	write(t, s, eve, o)
	write(t, s, eve, testvault.Delete(o))
	follow(t, s, eve, eve.DraftRotate())
	wantVault(t, s, ada)
	wantVault(t, s, eve)
	_, err := s.Envelope(t.Context(), ada.ID, eve.State.Entry.Roster[0].Envelope)
	wantError(t, "envelope of another vault", err, vault.ErrNotFound)
	if err := s.DeleteUser(t.Context(), "eve"); err != nil {
		t.Fatal(err)
	}
	wantVault(t, s, ada)
}

// everyCall calls each method of vault.Store.
func everyCall(ctx context.Context, s vault.Store, v *testvault.Vault) map[string]error {
	errs := map[string]error{}
	next, founding := testvault.NewPerson("eve").Found()
	chunks := testvault.Chunks("content")
	_, errs["user"] = s.User(ctx, "ada")
	_, errs["inhabited"] = s.Inhabited(ctx)
	_, errs["server key"] = s.ServerKey(ctx, []byte("fresh"))
	errs["update user"] = s.UpdateUser(ctx, accountOf(v))
	errs["delete user"] = s.DeleteUser(ctx, "ada")
	errs["probe"] = s.Probe(ctx, start)
	errs["create account"] = s.CreateAccount(ctx, accountOf(next), founding)
	_, errs["head"] = s.Head(ctx, v.ID)
	_, _, errs["account"] = s.Account(ctx, "ada")
	_, errs["lines"] = s.LiveLines(ctx, v.ID, []byte{1})
	_, errs["entries"] = s.Entries(ctx, v.ID, -1, 0)
	_, errs["writes"] = s.Writes(ctx, v.ID, []int64{1})
	_, errs["operations"] = s.Operations(ctx, v.ID, 1)
	_, errs["envelope"] = s.Envelope(ctx, v.ID, v.State.Entry.Roster[0].Envelope)
	_, errs["cards"] = s.Cards(ctx, v.Owner.ID)
	_, errs["vault cards"] = s.VaultCards(ctx, v.ID, []chain.ID{v.Owner.ID})
	_, errs["memberships"] = s.Memberships(ctx, userIDOf(v))
	_, errs["left"] = s.Left(ctx, userIDOf(v), v.ID)
	_, shared := v.Owner.FoundShared()
	errs["create vault"] = s.CreateVault(ctx, shared)
	errs["put envelopes"] = s.PutEnvelopes(ctx, v.ID, vault.EnvelopePart{User: v.Owner.ID, Part: 1, Envelopes: [][]byte{{1}}}, start)
	_, errs["envelopes"] = s.PendingEnvelopes(ctx, v.ID, v.Owner.ID, start)
	errs["write"] = s.ApplyWrite(ctx, v.Draft(items(v, 2, 10)...).WriteChange)
	errs["entry"] = s.AppendEntry(ctx, v.DraftRotate().EntryChange)
	_, errs["changes"] = changesOf(ctx, s, v.ID, 0)
	_, errs["small"] = s.Small(ctx, v.ID, 0, 10)
	errs["put chunk"] = s.PutChunk(ctx, v.ID, chunks[0], start, plenty)
	_, errs["chunk"] = s.Chunk(ctx, v.ID, chunks[0].Attachment, 1, start)
	_, errs["attachment"] = s.Attachment(ctx, v.ID, chunks[0].Attachment, start)
	_, errs["attachments"] = s.Attachments(ctx, v.ID)
	errs["add event"] = s.AddEvent(ctx, newEvent(start, 1))
	_, errs["events"] = s.Events(ctx, always, never, 10)
	return errs
}

func canceledContextIsAnError(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v := founded(t, s, "ada")
	write(t, s, v, items(v, 1, 10)...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range everyCall(ctx, s, v) {
		wantError(t, name, err, context.Canceled)
	}
	wantVault(t, s, v)
	write(t, s, v, items(v, 1, 10)...)
	wantVault(t, s, v)
}

func closedStoreIsUnavailable(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v := founded(t, s, "ada")
	write(t, s, v, items(v, 1, 10)...)
	if err := s.Probe(t.Context(), start); err != nil {
		t.Fatalf("probe: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, err := range everyCall(t.Context(), s, v) {
		wantError(t, name, err, vault.ErrStoreUnavailable)
	}
}
