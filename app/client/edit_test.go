package client_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

const month = 30 * 24 * time.Hour

func (d *device) changes() int {
	d.wire.mu.Lock()
	defer d.wire.mu.Unlock()
	n := 0
	for _, r := range d.wire.sent {
		if isAt(r, protocol.PathVaultWrites) {
			n++
		}
	}
	return n
}

func TestTrashAndRestore(t *testing.T) {
	t.Parallel()
	server, d, bank, mail := cachedVault(t)
	before := time.Now()
	changed, err := d.Trash(t.Context(), []string{bank.ID}, month, nil)
	if err != nil || !slices.Equal(changed, []string{bank.ID}) {
		t.Fatalf("changed %q, %v", changed, err)
	}
	if got := d.titles(t, ""); !slices.Equal(got, []string{"mail"}) {
		t.Errorf("the list has %q", got)
	}
	other := seenFrom(t, server)
	if got := other.found(t, client.Query{Trash: true}); !slices.Equal(got, []string{"bank"}) {
		t.Errorf("the trash of another device has %q", got)
	}
	in := other.get(t, bank.ID)
	if in.Password != bank.Password || in.Trashed.Before(before.Truncate(time.Millisecond)) || in.Purge.Sub(in.Trashed) != month {
		t.Errorf("in the trash: %+v", in)
	}
	// Trashing an item again keeps its purge date. Restoring an item that is not in the trash does nothing.
	if changed, err := d.Trash(t.Context(), []string{bank.ID}, 0, nil); err != nil || len(changed) != 0 || !d.get(t, bank.ID).Purge.Equal(in.Purge) {
		t.Errorf("trashed again: %q %v %v", changed, err, d.get(t, bank.ID).Purge)
	}
	changed, err = d.Restore(t.Context(), []string{bank.ID, mail.ID}, nil)
	if err != nil || !slices.Equal(changed, []string{bank.ID}) {
		t.Errorf("restored %q, %v", changed, err)
	}
	if got := d.get(t, bank.ID); !got.SameOverview(bank) || !got.SameDetails(bank) || len(d.titles(t, "")) != 2 {
		t.Errorf("restored as %+v", got)
	}
	if _, err := d.Trash(t.Context(), []string{mail.ID, "gone"}, 0, nil); !errors.Is(err, client.ErrNotFound) || len(d.titles(t, "")) != 2 {
		t.Errorf("an item that is not there: %v", err)
	}
}

func TestTrashDeletesDueItemsAndEmpties(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	items := sample.Logins(600)
	for i := range items {
		items[i].Created = daysAgo(99)
	}
	items[0].Trashed, items[0].Purge = daysAgo(31), daysAgo(1)
	items[1].Trashed, items[1].Purge = daysAgo(31), time.Now().Add(time.Hour)
	ids, err := d.AddMany(t.Context(), items, nil)
	if err != nil {
		t.Fatal(err)
	}
	for keep, some := range map[time.Duration][]string{month: ids[2:3], 0: ids[3:599]} {
		if _, err := d.Trash(t.Context(), some, keep, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.get(t, ids[2]); got.Purge.Sub(got.Trashed) != month || !d.get(t, ids[3]).Purge.IsZero() {
		t.Errorf("to be kept for a month: %s to %s", got.Trashed, got.Purge)
	}
	if n, err := d.PurgeTrash(t.Context(), time.Now()); err != nil || n != 1 || len(d.found(t, client.Query{Trash: true})) != 598 {
		t.Errorf("%d were due, %v", n, err)
	}
	if n, err := d.PurgeTrash(t.Context(), time.Now().Add(1000*month)); err != nil || n != 0 {
		t.Errorf("by this device's clock alone %d were due, %v", n, err)
	}
	var steps []int
	if err := d.EmptyTrash(t.Context(), func(done, total int) { steps = append(steps, done, total) }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(steps, []int{500, 598, 598, 598}) {
		t.Errorf("progress %v", steps)
	}
	if s := seenFrom(t, server).sync(t); s.Count != 1 || s.Trashed != 0 {
		t.Errorf("%d items and %d in the trash are left", s.Count, s.Trashed)
	}
}

func TestAThousandItemsAreEditedInFewChanges(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	ids, err := d.AddMany(t.Context(), sample.Logins(1000), nil)
	if err != nil {
		t.Fatal(err)
	}
	sent := d.changes()
	var last int
	changed, err := d.Retag(t.Context(), ids, []string{"Work"}, nil, func(done, total int) { last = done*10_000 + total })
	if err != nil || !slices.Equal(changed, ids) || last != 10_001_000 {
		t.Errorf("%d tagged, progress %d, %v", len(changed), last, err)
	}
	if n := d.changes() - sent; n != 2 {
		t.Errorf("it took %d changes", n)
	}
	if changed, err = d.Retag(t.Context(), ids[:3], nil, []string{"imported"}, nil); err != nil || len(changed) != 3 {
		t.Errorf("%q, %v", changed, err)
	}
	if changed, err = d.Mark(t.Context(), ids[1:3], true, nil); err != nil || len(changed) != 2 {
		t.Errorf("%q, %v", changed, err)
	}
	other := seenFrom(t, server)
	got := other.get(t, ids[1])
	if !got.Favourite || !slices.Equal(got.Tags, []string{"Work"}) || got.Password != "pass-1-word" {
		t.Errorf("another device has %+v", got)
	}
	if n := len(other.found(t, client.Query{Tag: "Work"})); n != 1000 {
		t.Errorf("another device finds %d", n)
	}
}

func TestEditsOfManyWaitForTheServer(t *testing.T) {
	t.Parallel()
	server, d, bank, mail := cachedVault(t)
	d.cut()
	for range 2 { // the first call finds out that the server is unreachable; the second already knows
		if _, err := d.Mark(t.Context(), []string{bank.ID, mail.ID}, true, nil); err != nil {
			t.Fatal(err)
		}
	}
	if changed, err := d.Trash(t.Context(), []string{mail.ID}, 0, nil); err != nil || !slices.Equal(changed, []string{mail.ID}) {
		t.Errorf("changed %q, %v", changed, err)
	}
	if got := d.found(t, client.Query{Favourite: true}); !slices.Equal(got, []string{"bank"}) || !slices.Equal(d.marked(t), got) {
		t.Errorf("favourites %q, marked %q", got, d.marked(t))
	}
	d.reconnect()
	d.sync(t)
	other := seenFrom(t, server)
	if got := other.found(t, client.Query{Trash: true}); !slices.Equal(got, []string{"mail"}) {
		t.Errorf("the trash of another device has %q", got)
	}
	if got := other.get(t, bank.ID); !got.Favourite || got.Password != bank.Password {
		t.Errorf("another device has %+v", got)
	}
}

func TestAnEditOfManyKeepsWhatAnotherDeviceWrote(t *testing.T) {
	t.Parallel()
	server, d, bank, mail := cachedVault(t)
	other := seenFrom(t, server)
	theirs := other.get(t, bank.ID)
	theirs.Password, theirs.Title = "newer", "Bank"
	other.save(t, theirs)
	if err := other.Delete(t.Context(), []string{mail.ID}); err != nil {
		t.Fatal(err)
	}
	changed, err := d.Retag(t.Context(), []string{bank.ID, mail.ID}, []string{"Money"}, nil, nil)
	if err != nil || !slices.Equal(changed, []string{bank.ID}) {
		t.Errorf("changed %q, %v", changed, err)
	}
	if got := d.get(t, bank.ID); got.Title != "Bank" || got.Password != "newer" || !slices.Equal(got.Tags, []string{"Money"}) {
		t.Errorf("got %+v", got)
	}
}

func TestInvalidTagChangesNothing(t *testing.T) {
	t.Parallel()
	_, d, bank, mail := cachedVault(t)
	sent := d.changes()
	var field *item.FieldError
	if _, err := d.Retag(t.Context(), []string{bank.ID, mail.ID}, []string{strings.Repeat("x", item.MaxTag+1)}, nil, nil); !errors.As(err, &field) || d.changes() != sent {
		t.Errorf("got %v", err)
	}
}

func TestDuplicate(t *testing.T) {
	t.Parallel()
	_, d, bank, _ := cachedVault(t)
	bank.Fields, bank.Favourite = []item.Field{{Name: "PIN", Value: "1234", Kind: item.FieldHidden}}, true
	bank.PasswordHistory = []item.OldPassword{{Password: "before"}}
	bank = d.save(t, bank)
	twin, err := d.Duplicate(t.Context(), bank.ID, "bank (copy)")
	if err != nil {
		t.Fatal(err)
	}
	if twin.ID == bank.ID || twin.Title != "bank (copy)" || len(twin.PasswordHistory) != 0 || twin.Created.Before(bank.Created) {
		t.Errorf("the copy is %+v", twin)
	}
	twin.Title, twin.PasswordHistory = bank.Title, bank.PasswordHistory
	if !twin.SameOverview(bank) || !twin.SameDetails(bank) {
		t.Errorf("the copy is %+v", twin)
	}
	if _, err := d.Duplicate(t.Context(), "gone", "x"); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("an item that is not there: %v", err)
	}
}
