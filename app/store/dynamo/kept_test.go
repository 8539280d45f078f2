//go:build system

package dynamo

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// deletedAttachment returns a vault whose attachment was deleted at now.
func deletedAttachment(t *testing.T, now time.Time) (*Store, *testvault.Vault, testvault.Operation) {
	t.Helper()
	s, v := openVault(t)
	attached := uploadTo(t, s, v, now, "one", "two")
	for _, o := range []testvault.Operation{attached, testvault.Delete(attached)} {
		d := v.Draft(o)
		d.Now = now
		if err := s.ApplyWrite(t.Context(), d.WriteChange); err != nil {
			t.Fatal(err)
		}
		v.Apply(d)
	}
	return s, v, attached
}

// A write puts a deleted attachment again that is about to go. Between its check and its commit, another process clears.
func TestWriteHoldsKeptAttachments(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s, v, attached := deletedAttachment(t, now)
	end := now.Add(vault.KeptLife)
	d := v.Draft(attached)
	d.Now, d.Attachments = end.Add(-holdBefore/2), 1<<20
	p, _, err := s.plan(t.Context(), d.WriteChange)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.clearAttachments(t.Context(), v.ID, end); err != nil {
		t.Fatal(err)
	}
	if err := s.moveHead(t.Context(), d.WriteChange, p, nil, p.rows...); err != nil {
		t.Fatal(err)
	}
	v.Apply(d)
	wantVault(t, s, v)
	wantOnlyLiveChunks(t, s, v, attached)
}

// Another process clears it first. The write is refused, and no chunk is left.
func TestClearedAttachmentCannotBePutAgain(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s, v, attached := deletedAttachment(t, now)
	end := now.Add(vault.KeptLife)
	var cleared bool
	slow := around(s, func(ctx context.Context, operation string, call func() error) error {
		if operation == "TransactWriteItems" && !cleared { // before the hold of the write
			cleared = true
			if err := s.clearAttachments(ctx, v.ID, end.Add(vault.PendingLife)); err != nil {
				return err
			}
		}
		return call()
	})
	d := v.Draft(attached)
	d.Now, d.Attachments = end.Add(-holdBefore/2), 1<<20
	if err := slow.ApplyWrite(t.Context(), d.WriteChange); !errors.Is(err, vault.ErrInvalidChange) || !cleared {
		t.Errorf("cleared is %t, %v", cleared, err)
	}
	wantVault(t, s, v)
	if chunks, err := rowsUnder[chunkRow](t.Context(), s, s.table.Passwords, v.ID.String(), "chunk#"); err != nil || len(chunks) > 0 {
		t.Errorf("%d chunks are left, %v", len(chunks), err)
	}
}

// The row of a record may not be visible yet, or may be another, when a write reads the token that it moves. It never keeps nothing instead.
func TestNoTokenIsLostToASlowRead(t *testing.T) {
	t.Parallel()
	s, v := openVault(t)
	now := time.Now()
	live := overviews(v, 1)
	d := v.Draft(live...)
	d.Now = now
	if err := s.ApplyWrite(t.Context(), d.WriteChange); err != nil {
		t.Fatal(err)
	}
	v.Apply(d)
	key := recordKey(v.ID.String(), recordID(live[0].Line))
	var row item
	read := func() (found bool) {
		rows, err := getAll[recordRow](t.Context(), s, s.table.Accounts, []item{key}, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if row, err = encode(r); err != nil {
				t.Fatal(err)
			}
		}
		return len(rows) == 1
	}
	if !read() {
		t.Fatal("no record")
	}
	if err := s.deleteRows(t.Context(), s.table.Accounts, []item{key}); err != nil {
		t.Fatal(err)
	}
	reads := 0
	slow := around(s, func(ctx context.Context, operation string, call func() error) error {
		if operation == "BatchGetItem" {
			if reads++; reads == 4 { // the record becomes visible
				if err := s.transact(ctx, put(s.table.Accounts, row)); err != nil {
					return err
				}
			}
		}
		return call()
	})
	d = v.Draft(testvault.Delete(live[0]))
	d.Now = now
	if err := slow.ApplyWrite(t.Context(), d.WriteChange); err != nil || reads < 4 {
		t.Fatalf("%d reads, %v", reads, err)
	}
	wantKept(t, s, v, live, now)
	v.Apply(d)
	wantVault(t, s, v)
}

// The rows of what is kept clean up after themselves, and none goes before its time.
func TestKeptRowsExpire(t *testing.T) {
	t.Parallel()
	s, v := openVault(t)
	now := time.Now()
	live := overviews(v, 2)
	for _, ops := range [][]testvault.Operation{live, deletesOf(live)} {
		d := v.Draft(ops...)
		d.Now = now
		if err := s.ApplyWrite(t.Context(), d.WriteChange); err != nil {
			t.Fatal(err)
		}
		v.Apply(d)
	}
	var days keptDays
	found, err := s.rowAt(t.Context(), s.table.Vaults, vaultKey(v.ID.String(), keptDaysID(v.Owner.Card().Hash())), &days)
	if err != nil || !found || len(days.Days) != 1 {
		t.Fatalf("%+v, %v", days, err)
	}
	rows, err := rowsUnder[keptRow](t.Context(), s, s.table.Vaults, v.ID.String(), keptPrefix)
	if err != nil || len(rows) != len(live) {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	free := time.Unix((vault.KeptDay(now)+vault.KeptDays+1)*24*60*60, 0) // the quota
	for _, expires := range []int64{days.TTL, rows[0].TTL, rows[1].TTL} {
		if at := time.Unix(expires, 0); at.Before(free) || at.After(free.Add(48*time.Hour)) {
			t.Errorf("expires at %v, is free at %v", at, free)
		}
	}
	// A later write drops the days that have passed.
	var lines []chain.Line
	for _, o := range live {
		lines = append(lines, o.Line)
	}
	if tokens, err := s.Tokens(t.Context(), v.ID, lines, now.Add(vault.KeptLife)); err != nil || tokens[0]+tokens[1] != "" {
		t.Errorf("%q, %v", tokens, err)
	}
	next, err := days.add(free, 0, 1)
	if err != nil || len(next.Days) != 1 {
		t.Errorf("%+v, %v", next, err)
	}
}

// A writer stalls while it moves tokens. Others finish its write and put the same places again. When it resumes, it writes nothing.
func TestStragglerMovesNoTokens(t *testing.T) {
	t.Parallel()
	s, v := openVault(t)
	now := time.Now()
	apply := func(ops []testvault.Operation) {
		t.Helper()
		d := v.Draft(ops...)
		d.Now = now
		if err := s.ApplyWrite(t.Context(), d.WriteChange); err != nil {
			t.Fatal(err)
		}
		v.Apply(d)
		if _, err := s.Head(t.Context(), v.ID); err != nil { // rolls forward what the write could not
			t.Fatal(err)
		}
	}
	puts := overviews(v, 60)
	apply(puts)
	before := *v
	before.Tokens = maps.Clone(v.Tokens)
	d := v.Draft(deletesOf(puts)...)
	d.Now = now
	log, staged := commitOnly(t, s, d)
	v.Apply(d)
	if _, err := s.Head(t.Context(), v.ID); err != nil {
		t.Fatal(err)
	}
	wantKept(t, s, &before, puts, now)
	var again []testvault.Operation
	for _, o := range puts {
		again = append(again, v.PutToken(o.Kind, o.ID, o.Version, "another token"))
	}
	apply(again)
	if _, err := s.stage(t.Context(), log.vault, log.Change, staged); err != nil { // the segments as the straggler read them
		t.Fatal(err)
	}
	if err := s.rollForward(t.Context(), log); err != nil {
		t.Error(err)
	}
	wantVault(t, s, v)
	wantKept(t, s, &before, puts, now)
}

// The row of a write may not be visible yet. A history ends before it, and never leaves one out.
func TestHistoryEndsAtAGap(t *testing.T) {
	t.Parallel()
	s, v := openVault(t)
	for range 4 {
		d := v.Draft(overviews(v, 1)...)
		d.Now = time.Now()
		if err := s.ApplyWrite(t.Context(), d.WriteChange); err != nil {
			t.Fatal(err)
		}
		v.Apply(d)
	}
	if err := s.deleteRows(t.Context(), s.table.Vaults, []item{vaultKey(v.ID.String(), writeID(3))}); err != nil {
		t.Fatal(err)
	}
	writes, operations, err := s.History(t.Context(), v.ID, 1, 4)
	if err != nil || len(writes) != 2 || len(operations) != 2 {
		t.Errorf("%d writes, %d operations, %v", len(writes), len(operations), err)
	}
}
