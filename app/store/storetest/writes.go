package storetest

import (
	"crypto/rand"
	"encoding/base64"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// text returns a random text of size bytes, so that no two tokens are the same.
func text(size int) string {
	b := make([]byte, size)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)[:size]
}

func writesRoundTrip(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	// Every kind, sealed as a client does, and ids at both ends of a bucket and of all buckets.
	var ops []testvault.Operation
	for kind := chain.RecordOverview; kind <= chain.RecordGrant; kind++ {
		ops = append(ops, v.Put(kind, seal.NewID(), 1<<32-1, "content"))
	}
	first, last := chain.ID{15: 1}, chain.ID{}
	for i := range last {
		last[i] = 0xff
	}
	for _, id := range []chain.ID{first, last, {0: 7}, {0: 8}, append7(last)} {
		ops = append(ops, v.Put(chain.RecordOverview, id, 1, "content"))
	}
	write(t, a, v, ops...)
	wantVault(t, b, v)
	for range 7 {
		write(t, b, v, items(v, 1, 100)...)
	}
	wantVault(t, a, v)

	_, err := a.Writes(t.Context(), v.ID, []int64{8, 9})
	wantError(t, "a write that does not exist", err, vault.ErrNotFound)
	_, err = a.Operations(t.Context(), v.ID, 9)
	wantError(t, "operations that do not exist", err, vault.ErrNotFound)
	writes, err := a.Writes(t.Context(), v.ID, []int64{8, 4, 7})
	if err != nil {
		t.Fatal(err)
	}
	wantBlobs(t, "writes in the order asked for", writes, [][]byte{v.Writes[7].Encode(), v.Writes[3].Encode(), v.Writes[6].Encode()})
	if writes, err := a.Writes(t.Context(), v.ID, nil); err != nil || len(writes) != 0 {
		t.Errorf("%d writes, %v", len(writes), err)
	}
	lines, err := a.LiveLines(t.Context(), v.ID, []byte{7})
	if err != nil {
		t.Fatal(err)
	}
	if got := lines[7]; len(lines) != 1 || len(got) != len(v.Live.Lines(7)) {
		t.Errorf("bucket 7 of %d buckets: %v", len(lines), got)
	}
}

// append7 returns the last id of bucket 7.
func append7(id chain.ID) chain.ID {
	id[0] = 7
	return id
}

// wantSince checks the revisions of the places that changed; a tombstone has its revision negated.
func wantSince(t *testing.T, s vault.Store, v *testvault.Vault, since int64, want map[chain.Line]int64) {
	t.Helper()
	a := changesSince(t, s, v.ID, since)
	wantHead(t, "head of the changes", a.head, v)
	got := map[chain.Line]int64{}
	for _, r := range a.records {
		r.Line.Hash = chain.Hash{}
		got[r.Line] = r.Revision
		if r.Deleted {
			got[r.Line] = -r.Revision
		}
	}
	for place, revision := range want {
		if got[place] != revision {
			t.Errorf("since %d: %v is of revision %d, want %d", since, place, got[place], revision)
		}
	}
	if len(got) != len(want) {
		t.Errorf("since %d: %d records, want %d", since, len(got), len(want))
	}
}

func place(o testvault.Operation) chain.Line {
	o.Hash = chain.Hash{}
	return o.Line
}

func changesSinceEveryRevision(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	wantSince(t, b, v, 0, nil)
	x, y := seal.NewID(), seal.NewID()
	x1, xd, y1 := v.PutToken(chain.RecordOverview, x, 1, "x1"), v.PutToken(chain.RecordDetails, x, 1, "xd"), v.PutToken(chain.RecordOverview, y, 1, "y1")
	write(t, a, v, x1, xd)
	write(t, b, v, y1)
	x2 := v.PutToken(chain.RecordOverview, x, 2, "x2")
	write(t, a, v, testvault.Delete(x1), x2)
	wantSince(t, b, v, 0, map[chain.Line]int64{place(xd): 1, place(y1): 2, place(x2): 3})
	wantSince(t, b, v, 1, map[chain.Line]int64{place(y1): 2, place(x1): -3, place(x2): 3})
	wantSince(t, b, v, 2, map[chain.Line]int64{place(x1): -3, place(x2): 3})
	// A device ahead of the vault must learn the vault's revision.
	for _, since := range []int64{3, 4, 99} {
		wantSince(t, b, v, since, nil)
	}

	// A deleted place may be put again: it has no tombstone then.
	again := v.PutToken(chain.RecordOverview, x, 1, "x1 again")
	write(t, b, v, testvault.Delete(x2), again)
	wantSince(t, a, v, 0, map[chain.Line]int64{place(xd): 1, place(y1): 2, place(again): 4})
	wantSince(t, a, v, 2, map[chain.Line]int64{place(x2): -4, place(again): 4})
	write(t, b, v, testvault.Delete(again))
	wantSince(t, a, v, 3, map[chain.Line]int64{place(x2): -4, place(again): -5})
	wantVault(t, a, v)

	// One write replaces the old epoch of a place by the new one.
	follow(t, a, v, v.DraftRotate())
	xd2, y2 := v.PutToken(chain.RecordDetails, x, 1, "xd of epoch 2"), v.PutToken(chain.RecordOverview, y, 1, "y1 of epoch 2")
	write(t, a, v, testvault.Delete(xd), xd2, testvault.Delete(y1), y2)
	wantSince(t, b, v, 0, map[chain.Line]int64{place(xd2): 6, place(y2): 6})
	wantSince(t, b, v, 5, map[chain.Line]int64{place(xd): -6, place(xd2): 6, place(y1): -6, place(y2): 6})
	wantVault(t, b, v)
}

func writeConflictChangesNothing(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	behind := v.Draft(items(v, 1, 10)...)
	write(t, a, v, items(v, 2, 10)...)
	late, large := v.Draft(items(v, 1, 10)...), v.Draft(items(v, 400, 10)...)
	rotate := v.DraftRotate()
	write(t, a, v, testvault.Delete(v.PutToken(v.Operations[0][0].Kind, v.Operations[0][0].ID, 1, v.Tokens[v.Operations[0][0].Line])))
	for name, d := range map[string]testvault.Write{"two behind": behind, "one behind": late, "large": large} {
		d.Now = start
		wantError(t, name, b.ApplyWrite(t.Context(), d.WriteChange), vault.ErrRevisionConflict)
	}
	wantError(t, "entry", b.AppendEntry(t.Context(), rotate.EntryChange), vault.ErrRevisionConflict)
	wantVault(t, b, v)

	// The same write again is a conflict too: it is stored.
	d := v.Draft(items(v, 1, 10)...)
	d.Now = start
	if err := a.ApplyWrite(t.Context(), d.WriteChange); err != nil {
		t.Fatal(err)
	}
	v.Apply(d)
	wantError(t, "again", b.ApplyWrite(t.Context(), d.WriteChange), vault.ErrRevisionConflict)
	wantVault(t, b, v)
}

func entryConflictChangesNothing(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	write(t, a, v, items(v, 1, 10)...)
	d, other, account := v.Draft(items(v, 1, 10)...), v.DraftRotate(), accountEntry(v, 1, testvault.Renewal{})
	follow(t, a, v, v.DraftRotate())
	d.Now = start
	wantError(t, "write", b.ApplyWrite(t.Context(), d.WriteChange), vault.ErrRevisionConflict)
	wantError(t, "entry", b.AppendEntry(t.Context(), other.EntryChange), vault.ErrRevisionConflict)
	wantError(t, "account entry", b.AppendEntry(t.Context(), account.EntryChange), vault.ErrRevisionConflict)
	wantVault(t, b, v)
	u := accountOf(v)
	u.Generation = 1
	wantAccount(t, b, u, v)
}
