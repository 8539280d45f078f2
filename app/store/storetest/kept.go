package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// writeAt stores a write at a time, under a quota of kept tokens.
func writeAt(t *testing.T, s vault.Store, v *testvault.Vault, now time.Time, kept int64, want error, ops ...testvault.Operation) {
	t.Helper()
	d := v.Draft(ops...)
	d.Now, d.Kept, d.Attachments = now, kept, plenty
	err := s.ApplyWrite(t.Context(), d.WriteChange)
	wantError(t, fmt.Sprintf("write %d", d.Write.Revision), err, want)
	if err == nil {
		v.Apply(d)
	}
}

// wantTokens checks what a store has of some records at a time.
func wantTokens(t *testing.T, s vault.Store, id chain.ID, now time.Time, ops []testvault.Operation, want ...string) {
	t.Helper()
	lines := make([]chain.Line, len(ops))
	for i, o := range ops {
		lines[i] = o.Line
	}
	got, err := s.Tokens(t.Context(), id, lines, now)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("tokens are %.300q, %v, want %.300q", got, err, want)
	}
}

// edit replaces a record by its next version.
func edit(v *testvault.Vault, o testvault.Operation, token string) (ops []testvault.Operation, next testvault.Operation) {
	next = v.PutToken(o.Kind, o.ID, o.Version+1, token)
	return []testvault.Operation{testvault.Delete(o), next}, next
}

func replacedTokensAreKept(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	first := v.PutToken(chain.RecordDetails, seal.NewID(), 1, "first")
	pin := v.PutToken(chain.RecordPin, seal.NewID(), 1, "pin")
	write(t, a, v, first, pin)
	ops, second := edit(v, first, "second")
	write(t, a, v, append(ops, testvault.Delete(pin))...)
	all := []testvault.Operation{second, first, pin}
	wantTokens(t, b, v.ID, start, all, "second", "first", "")

	// A place that is put again, and deleted again, has both tokens. The same token may be kept twice.
	later := start.Add(time.Hour)
	again := v.PutToken(chain.RecordDetails, first.ID, 1, "again")
	writeAt(t, b, v, later, 0, nil, testvault.Delete(second), again)
	writeAt(t, b, v, later, 0, nil, testvault.Delete(again))
	writeAt(t, b, v, later, 0, nil, first)
	writeAt(t, a, v, later.Add(time.Hour), 0, nil, testvault.Delete(first))
	all = []testvault.Operation{first, again, second, again}
	wantTokens(t, b, v.ID, later, all, "first", "again", "second", "again")

	// Only the very line that was live is found, and only in its vault.
	wrong := []testvault.Operation{first, first, first, first, first}
	wrong[0].Version++
	wrong[1].Epoch++
	wrong[2].Kind = chain.RecordOverview
	wrong[3].ID = seal.NewID()
	wrong[4].Hash = again.Hash
	wrong[4].Version = 2
	wantTokens(t, b, v.ID, later, wrong, "", "", "", "", "")
	eve := founded(t, a, "eve")
	wantTokens(t, a, eve.ID, later, all, "", "", "", "")
	wantTokens(t, a, seal.NewID(), later, all, "", "", "", "")
	wantTokens(t, a, v.ID, later, nil)

	// Time alone ends it.
	end := later.Add(vault.KeptLife)
	wantTokens(t, b, v.ID, end.Add(-time.Millisecond), all, "first", "again", "second", "again")
	wantTokens(t, b, v.ID, end, all, "first", "", "", "")
	wantTokens(t, b, v.ID, end.Add(time.Hour), all, "", "", "", "")
	writeAt(t, a, v, end.Add(time.Hour), 0, nil, items(v, 1, 10)...)
	wantTokens(t, b, v.ID, end.Add(time.Hour), all, "", "", "", "")
	wantVault(t, b, v)
}

// A large write keeps as many tokens as a small one, however large they are.
func largeWritesKeepTokens(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	for _, c := range []struct{ n, size int }{{19, 100}, {300, 100}, {30, 60_000}, {12, 60_000}} {
		ops := items(v, c.n, c.size)
		tokens := map[chain.Line]string{}
		for batch := range slices.Chunk(ops, 40) {
			write(t, a, v, batch...)
		}
		var replaced []testvault.Operation
		var want []string
		for _, o := range ops {
			tokens[o.Line] = v.Tokens[o.Line]
			want = append(want, v.Tokens[o.Line])
			replaced = append(replaced, testvault.Delete(o))
		}
		write(t, b, v, replaced...)
		for i := 0; i < len(ops); i += 50 {
			n := min(i+50, len(ops))
			wantTokens(t, a, v.ID, start, ops[i:n], want[i:n]...)
		}
		wantVault(t, a, v)
	}
}

func quotaOfKeptTokens(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v := founded(t, s, "ada")
	const size = 1000
	const room = 3 * (size + vault.RecordWeight)
	all := items(v, 10, size)
	pin := v.PutToken(chain.RecordPin, seal.NewID(), 1, text(size))
	write(t, s, v, append(all, pin)...)
	token := func(i int) string { return all[i].Token }
	at := func(now time.Time, want error, ops ...testvault.Operation) {
		t.Helper()
		writeAt(t, s, v, now, room, want, ops...)
		wantVault(t, s, v)
	}
	midnight := start.Truncate(24 * time.Hour).Add(24 * time.Hour)
	at(midnight.Add(-time.Millisecond), nil, testvault.Delete(all[0]))
	at(midnight, nil, testvault.Delete(all[1]), testvault.Delete(all[2]))
	at(midnight, vault.ErrKeptQuota, testvault.Delete(all[3]))
	at(midnight, vault.ErrKeptQuota, append(items(v, 100, 10), testvault.Delete(all[3]))...)
	// What replaces nothing is possible, and so are a pin, which is not kept, and an attachment that nothing deletes.
	at(midnight, nil, items(v, 1, 10)...)
	at(midnight, nil, testvault.Delete(pin))
	wantTokens(t, s, v.ID, midnight, []testvault.Operation{all[0], all[1], all[3]}, token(0), token(1), token(3))

	// The chunks of attachments count too.
	chunks := testvault.Chunks("content")
	put := testvault.Attach(chunks[0].Attachment, chunks)
	putChunks(t, s, v, chunks...)
	at(midnight, nil, put)
	at(midnight, vault.ErrKeptQuota, testvault.Delete(put))

	// A rotation of the card starts afresh, and the old card counts no more than before.
	e := accountEntry(v, 1, testvault.Renewal{Card: true})
	follow(t, s, v, e)
	at(midnight, nil, testvault.Delete(all[3]), testvault.Delete(put))
	at(midnight, vault.ErrKeptQuota, testvault.Delete(all[4]), testvault.Delete(all[5]))

	// Nothing frees before its time, and then all of that day does.
	at(midnight.Add(vault.KeptLife+24*time.Hour-time.Millisecond), vault.ErrKeptQuota, testvault.Delete(all[4]), testvault.Delete(all[5]))
	free := midnight.Add(vault.KeptLife + 24*time.Hour)
	at(free, vault.ErrKeptQuota, testvault.Delete(all[4]), testvault.Delete(all[5]), testvault.Delete(all[6]), testvault.Delete(all[7]))
	at(free, nil, testvault.Delete(all[4]), testvault.Delete(all[5]))
	at(free, nil, testvault.Delete(all[6])) // the writes of a day add up
	at(free, vault.ErrKeptQuota, testvault.Delete(all[7]))
	wantTokens(t, s, v.ID, free, []testvault.Operation{all[3], all[4], all[7]}, "", token(4), token(7))
}

func keptAttachments(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	x := testvault.Chunks("one", "two", "three")
	put := testvault.Attach(x[0].Attachment, x)
	putChunks(t, a, v, x...)
	write(t, a, v, put)
	write(t, b, v, testvault.Delete(put))
	wantAttachments(t, a, v) // a list has only the live and the pending
	wantChunks(t, a, v, x...)
	deleted := attachmentOf(false, x...)
	deleted.Deleted = start
	if got, err := a.Attachment(t.Context(), v.ID, put.ID, start); err != nil || !reflect.DeepEqual(got, deleted) {
		t.Errorf("deleted attachment is %.300v, %v", got, err)
	}
	// No chunk can be replaced, and the kept ones leave the quota to new ones.
	other := x[0]
	other.Token = "other"
	wantError(t, "another chunk of a kept attachment", b.PutChunk(t.Context(), v.ID, other, start, plenty), vault.ErrChunkTaken)
	size := attachmentOf(false, x...).Bytes
	y := testvault.Chunks("another")
	wantError(t, "new chunk", b.PutChunk(t.Context(), v.ID, y[0], start, size), nil)

	// It may be put again, within the quota of attachments.
	d := v.Draft(put)
	d.Now, d.Attachments = start, size
	wantError(t, "put again above the quota", a.ApplyWrite(t.Context(), d.WriteChange), vault.ErrQuotaReached)
	wantVault(t, b, v)
	large := v.Draft(append(items(v, 100, 10), put)...)
	large.Now, large.Attachments = start, size
	wantError(t, "large write", a.ApplyWrite(t.Context(), large.WriteChange), vault.ErrQuotaReached)
	wantVault(t, b, v)
	end := start.Add(vault.KeptLife)
	d = v.Draft(put)
	d.Now, d.Attachments = end.Add(-time.Millisecond), size+attachmentOf(false, y...).Bytes
	wantError(t, "put again at the quota", b.ApplyWrite(t.Context(), d.WriteChange), nil)
	v.Apply(d)
	wantAttachments(t, a, v, attachmentOf(true, x...), attachmentOf(false, y...))
	wantChunks(t, a, v, x...)
	wantError(t, "now it counts", b.PutChunk(t.Context(), v.ID, testvault.Chunks("more")[0], start, size), vault.ErrQuotaReached)

	// After its time it is gone, whether or not anything deleted it.
	later := end.Add(time.Hour)
	early := testvault.Chunks("deleted first") // a store may delete one that has expired with each write
	wantError(t, "another chunk", b.PutChunk(t.Context(), v.ID, early[0], later, plenty), nil)
	putEarly := testvault.Attach(early[0].Attachment, early)
	writeAt(t, a, v, later, 0, nil, putEarly)
	writeAt(t, b, v, later.Add(-time.Minute), 0, nil, testvault.Delete(putEarly))
	writeAt(t, b, v, later, 0, nil, testvault.Delete(put))
	end = later.Add(vault.KeptLife)
	if _, err := a.Chunk(t.Context(), v.ID, put.ID, 2, end.Add(-time.Millisecond)); err != nil {
		t.Errorf("chunk before the end: %v", err)
	}
	_, err := a.Chunk(t.Context(), v.ID, put.ID, 2, end)
	wantError(t, "chunk after the end", err, vault.ErrNotFound)
	_, err = a.Attachment(t.Context(), v.ID, put.ID, end)
	wantError(t, "attachment after the end", err, vault.ErrNotFound)
	writeAt(t, a, v, end, 0, vault.ErrInvalidChange, put)
	for _, c := range x {
		wantError(t, "chunk of a deleted attachment", b.PutChunk(t.Context(), v.ID, c, end, plenty), vault.ErrChunkTaken)
	}
	wantError(t, "first chunk of another", b.PutChunk(t.Context(), v.ID, testvault.Chunks("next")[0], end, plenty), nil)
	_, err = b.Chunk(t.Context(), v.ID, put.ID, 2, start)
	wantError(t, "purged chunk", err, vault.ErrNotFound)
	wantVault(t, a, v)
}

// wantPart returns how many writes the store has from one revision to another, at most.
func wantPart(t *testing.T, s vault.Store, v *testvault.Vault, from, to int64) int64 {
	t.Helper()
	writes, operations, err := s.History(t.Context(), v.ID, from, to)
	if err != nil || len(writes) != len(operations) {
		t.Fatalf("%d writes, %d operations, %v", len(writes), len(operations), err)
	}
	size := 0
	for i, w := range writes {
		n := from + int64(i) - 1
		wantBlobs(t, "write and operations", [][]byte{w, operations[i]}, [][]byte{v.Writes[n].Encode(), chain.EncodeOperations(v.Operations[n])})
		if size >= vault.HistoryBytes {
			t.Errorf("%d bytes before write %d", size, n+1)
		}
		size += len(w) + len(operations[i])
	}
	return int64(len(writes))
}

func historyInParts(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	for i := range 30 {
		ops := items(v, 1, 10)
		if i%10 == 3 {
			ops = items(v, 900, 10)
		}
		write(t, a, v, ops...)
	}
	read := func(from, to int64) int64 {
		t.Helper()
		return wantPart(t, b, v, from, to)
	}
	parts := 0
	for from := int64(1); from <= 30; parts++ {
		n := read(from, 30)
		if n == 0 {
			t.Fatalf("nothing from %d", from)
		}
		from += n
	}
	if parts < 2 {
		t.Errorf("history in %d parts", parts)
	}
	for _, c := range []struct{ from, to, want int64 }{{7, 7, 1}, {29, 99, 2}, {31, 99, 0}, {9, 8, 0}, {1, chain.MaxNumber, read(1, 30)}} {
		if n := read(c.from, c.to); n != c.want {
			t.Errorf("%d writes from %d to %d, want %d", n, c.from, c.to, c.want)
		}
	}
	if writes, _, err := a.History(t.Context(), seal.NewID(), 1, 30); err != nil || len(writes) != 0 {
		t.Errorf("unknown vault: %d writes, %v", len(writes), err)
	}
}
