package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

const plenty = 1 << 40 // bytes of attachments

func putChunks(t *testing.T, s vault.Store, v *testvault.Vault, chunks ...vault.Chunk) {
	t.Helper()
	for _, c := range chunks {
		if err := s.PutChunk(t.Context(), v.ID, c, start, plenty); err != nil {
			t.Fatalf("chunk %d of %v: %v", c.Number, c.Attachment, err)
		}
	}
}

// attachmentOf describes stored chunks of one attachment.
func attachmentOf(live bool, chunks ...vault.Chunk) vault.Attachment {
	a := vault.Attachment{ID: chunks[0].Attachment, Count: chunks[0].Count, Chunks: make([]chain.Hash, chunks[0].Count), Created: start, Live: live}
	for _, c := range chunks {
		a.Chunks[c.Number-1] = chain.HashOf(chain.HashChunk, []byte(c.Token))
		a.Bytes += int64(len(c.Token))
	}
	return a
}

func wantAttachments(t *testing.T, s vault.Store, v *testvault.Vault, want ...vault.Attachment) {
	t.Helper()
	slices.SortFunc(want, func(a, b vault.Attachment) int { return slices.Compare(a.ID[:], b.ID[:]) })
	got, err := s.Attachments(t.Context(), v.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("attachments are %.300v, want %.300v", got, want)
	}
	for _, a := range want {
		if got, err := s.Attachment(t.Context(), v.ID, a.ID, start); err != nil || !reflect.DeepEqual(got, a) {
			t.Errorf("attachment is %.300v, %v, want %.300v", got, err, a)
		}
	}
}

func wantChunks(t *testing.T, s vault.Store, v *testvault.Vault, chunks ...vault.Chunk) {
	t.Helper()
	for _, c := range chunks {
		if got, err := s.Chunk(t.Context(), v.ID, c.Attachment, c.Number, start); err != nil || got != c {
			t.Errorf("chunk %d is %.60v, %v", c.Number, got, err)
		}
	}
}

func lifeOfAnAttachment(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	x, y := testvault.Chunks("one", "two", "three"), testvault.Chunks("only")
	wantAttachments(t, a, v)
	putChunks(t, a, v, x[2], y[0])
	wantAttachments(t, b, v, attachmentOf(false, x[2]), attachmentOf(false, y...))
	wantChunks(t, b, v, x[2], y[0])
	_, err := b.Chunk(t.Context(), v.ID, x[0].Attachment, 1, start)
	wantError(t, "missing chunk", err, vault.ErrNotFound)
	_, err = b.Attachment(t.Context(), v.ID, seal.NewID(), start)
	wantError(t, "unknown attachment", err, vault.ErrNotFound)

	for name, c := range map[string]vault.Chunk{
		"another token": {Attachment: x[2].Attachment, Number: 3, Count: 3, Token: "other"},
		"another count": {Attachment: x[2].Attachment, Number: 1, Count: 2, Token: x[0].Token},
		"same token, another count": {
			Attachment: x[2].Attachment, Number: 3, Count: 4, Token: x[2].Token,
		},
	} {
		wantError(t, name, b.PutChunk(t.Context(), v.ID, c, start, plenty), vault.ErrChunkTaken)
	}

	// A write cannot put it before all chunks are there.
	put := testvault.Attach(x[0].Attachment, x)
	putChunks(t, b, v, x[0])
	for name, ops := range map[string][]testvault.Operation{
		"a chunk is missing": {put}, "unknown attachment": {testvault.Attach(seal.NewID(), x)},
		"another count": {testvault.Attach(y[0].Attachment, x)}, "large": append(items(v, 100, 10), put),
	} {
		d := v.Draft(ops...)
		d.Now = start
		wantError(t, name, a.ApplyWrite(t.Context(), d.WriteChange), vault.ErrInvalidChange)
	}
	wantVault(t, b, v)
	putChunks(t, a, v, x[1], x[0])
	wantAttachments(t, b, v, attachmentOf(false, x...), attachmentOf(false, y...))
	write(t, b, v, append(items(v, 1, 100), put)...)
	wantAttachments(t, a, v, attachmentOf(true, x...), attachmentOf(false, y...))
	wantVault(t, a, v)
	wantChunks(t, a, v, x...)

	// A chunk that is stored can be sent again, whatever the quota; no other can take its place.
	if err := b.PutChunk(t.Context(), v.ID, x[1], start.Add(time.Hour), 0); err != nil {
		t.Errorf("chunk of a live attachment again: %v", err)
	}
	other := x[1]
	other.Token = "other"
	wantError(t, "another chunk of a live attachment", b.PutChunk(t.Context(), v.ID, other, start, plenty), vault.ErrChunkTaken)

	write(t, a, v, testvault.Delete(put))
	wantAttachments(t, b, v, attachmentOf(false, y...))
	wantVault(t, b, v)
	wantSince(t, b, v, 1, map[chain.Line]int64{place(put): -2})
	// Its chunks are kept for a while: see keptAttachments.
	late := start.Add(vault.KeptLife)
	for _, c := range x {
		_, err := b.Chunk(t.Context(), v.ID, c.Attachment, c.Number, late)
		wantError(t, "chunk of a deleted attachment", err, vault.ErrNotFound)
		wantError(t, "put of a deleted attachment", b.PutChunk(t.Context(), v.ID, c, late, plenty), vault.ErrChunkTaken)
	}
	_, err = b.Attachment(t.Context(), v.ID, x[0].Attachment, late)
	wantError(t, "deleted attachment", err, vault.ErrNotFound)
}

func pendingAttachmentsLast(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v := founded(t, s, "ada")
	live, pending := testvault.Chunks("live"), testvault.Chunks("pending", "for long")
	putChunks(t, s, v, live...)
	putChunks(t, s, v, pending...)
	write(t, s, v, testvault.Attach(live[0].Attachment, live))
	at := func(now time.Time) vault.Chunk {
		t.Helper()
		c := testvault.Chunks("another")[0]
		if err := s.PutChunk(t.Context(), v.ID, c, now, plenty); err != nil {
			t.Fatal(err)
		}
		return c
	}
	at(start.Add(vault.PendingLife - time.Millisecond))
	wantChunks(t, s, v, live[0], pending[0], pending[1])

	// Later they may be gone, and a write cannot put them then. Live attachments stay.
	newest := at(start.Add(10 * vault.PendingLife))
	wantChunks(t, s, v, live[0], newest)
	put := testvault.Attach(pending[0].Attachment, pending)
	d := v.Draft(put)
	d.Now = start
	err := s.ApplyWrite(t.Context(), d.WriteChange)
	_, chunkErr := s.Chunk(t.Context(), v.ID, pending[0].Attachment, 1, start)
	switch {
	case err == nil && chunkErr == nil:
		v.Apply(d)
	case errors.Is(err, vault.ErrInvalidChange) && errors.Is(chunkErr, vault.ErrNotFound):
	default:
		t.Errorf("write is %v, its chunk %v", err, chunkErr)
	}
	wantVault(t, s, v)
}

func quotaOfAttachments(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v := founded(t, s, "ada")
	chunk := func(size int) vault.Chunk {
		return vault.Chunk{Attachment: seal.NewID(), Number: 1, Count: 1, Token: strings.Repeat("x", size)}
	}
	put := func(c vault.Chunk, quota int64) error {
		return s.PutChunk(t.Context(), v.ID, c, start, quota)
	}
	first, second := chunk(6), chunk(4)
	wantError(t, "first", put(first, 10), nil)
	wantError(t, "exactly the quota", put(second, 10), nil)
	wantError(t, "one more byte", put(chunk(1), 10), vault.ErrQuotaReached)
	wantError(t, "stored already", put(first, 0), nil)
	wantAttachments(t, s, v, attachmentOf(false, first), attachmentOf(false, second))
	attach := testvault.Attach(first.Attachment, []vault.Chunk{first})
	write(t, s, v, attach)
	wantError(t, "live chunks count", put(chunk(1), 10), vault.ErrQuotaReached)
	wantError(t, "with a higher quota", put(chunk(1), 11), nil)
	write(t, s, v, testvault.Delete(attach))
	wantError(t, "after a delete", put(chunk(5), 10), nil)
	wantError(t, "full again", put(chunk(1), 10), vault.ErrQuotaReached)
	late := start.Add(vault.PendingLife + time.Millisecond)
	wantError(t, "expired chunks do not count", s.PutChunk(t.Context(), v.ID, chunk(10), late, 10), nil)
	wantError(t, "a new one counts", s.PutChunk(t.Context(), v.ID, chunk(1), late, 10), vault.ErrQuotaReached)
	eve := founded(t, s, "eve")
	wantError(t, "another vault", s.PutChunk(t.Context(), eve.ID, first, start, 10), nil)
	wantChunks(t, s, eve, first)
	wantVault(t, s, v)
}

func racingChunksKeepTheQuota(t *testing.T, open func(t *testing.T) vault.Store) {
	stores := []vault.Store{open(t), open(t)}
	v := founded(t, stores[0], "ada")
	const racers, room, size = 8, 5, 100
	errs := make([]error, racers)
	var wg sync.WaitGroup
	for i := range racers {
		c := vault.Chunk{Attachment: seal.NewID(), Number: 1, Count: 1, Token: strings.Repeat("x", size)}
		wg.Go(func() {
			errs[i] = retry(t.Context(), vault.ErrStoreUnavailable, func() error { // the vault is contended
				return stores[i%len(stores)].PutChunk(t.Context(), v.ID, c, start, room*size)
			})
		})
	}
	wg.Wait()
	stored := 0
	for _, err := range errs {
		if err == nil {
			stored++
		} else {
			wantError(t, "chunk above the quota", err, vault.ErrQuotaReached)
		}
	}
	list, err := stores[1].Attachments(t.Context(), v.ID)
	if err != nil || stored != room || len(list) != room {
		t.Errorf("%d chunks accepted, want %d; %d attachments are listed, %v", stored, room, len(list), err)
	}
}

func largeAttachment(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v := founded(t, s, "ada")
	id := seal.NewID()
	chunks := make([]vault.Chunk, protocol.MaxChunks)
	for i := range chunks {
		token := strings.Repeat(fmt.Sprintf("%02d", i), 50)
		if i >= protocol.MaxChunks-8 {
			token = strings.Repeat("x", protocol.MaxChunkTokenBytes-2) + fmt.Sprintf("%02d", i)
		}
		chunks[i] = vault.Chunk{Attachment: id, Number: i + 1, Count: len(chunks), Token: token}
	}
	putChunks(t, s, v, chunks...)
	put := testvault.Attach(id, chunks)
	write(t, s, v, put)
	wantChunks(t, s, v, chunks...)
	wantAttachments(t, s, v, attachmentOf(true, chunks...))
	wantVault(t, s, v)
	write(t, s, v, testvault.Delete(put))
	wantAttachments(t, s, v)
	wantVault(t, s, v)
}

func deletedUserLeavesNoVault(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v := founded(t, s, "ada")
	eve := founded(t, s, "eve")
	write(t, s, v, items(v, 200, 100)...)
	for range 5 {
		chunks := testvault.Chunks("one", "two")
		putChunks(t, s, v, chunks...)
		write(t, s, v, testvault.Attach(chunks[0].Attachment, chunks))
	}
	pending := testvault.Chunks("pending")
	putChunks(t, s, v, pending...)
	follow(t, s, v, accountEntry(v, 1, testvault.Renewal{Card: true, Epoch: true}))
	d := v.Draft(items(v, 1, 10)...)
	d.Now = start
	// Cancel later and later, until a deletion completes.
	for wait := time.Duration(0); ; wait += 2*time.Millisecond + wait/16 {
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		err := s.DeleteUser(ctx, "ada")
		cancel()
		if err == nil || errors.Is(err, vault.ErrNotFound) {
			break
		}
		if got, err := s.User(t.Context(), "ada"); err == nil && got.Deleting {
			wantError(t, "write of a half-deleted user", s.ApplyWrite(t.Context(), d.WriteChange), vault.ErrNotFound)
			wantError(t, "chunk of a half-deleted user", s.PutChunk(t.Context(), v.ID, testvault.Chunks("x")[0], start, plenty), vault.ErrNotFound)
		}
	}
	wantNoVault(t, s, v)
	_, err := s.Chunk(t.Context(), v.ID, pending[0].Attachment, 1, start)
	wantError(t, "pending chunk", err, vault.ErrNotFound)
	wantVault(t, s, eve)

	// Its IDs are never free again, its name is.
	again, f := testvault.NewPerson("ada").Found()
	u := accountOf(again)
	u.ID = vault.UserID(v.Owner.ID.String())
	wantError(t, "user id again", s.CreateAccount(t.Context(), u, f), vault.ErrUserIDTaken)
	same, used := testvault.NewPerson("ada").FoundAs(v.ID)
	wantError(t, "vault id again", s.CreateAccount(t.Context(), accountOf(same), used), vault.ErrVaultIDTaken)
	wantError(t, "name again", s.CreateAccount(t.Context(), accountOf(again), f), nil)
	wantVault(t, s, again)
	wantAttachments(t, s, again)
	wantNoVault(t, s, v)
}

// wantNoVault checks that nothing of a vault can be read or written.
func wantNoVault(t *testing.T, s vault.Store, v *testvault.Vault) {
	t.Helper()
	ctx := t.Context()
	_, err := s.Head(ctx, v.ID)
	wantError(t, "head", err, vault.ErrNotFound)
	_, err = changesOf(ctx, s, v.ID, 0)
	wantError(t, "changes", err, vault.ErrNotFound)
	_, err = s.Writes(ctx, v.ID, []int64{1})
	wantError(t, "writes", err, vault.ErrNotFound)
	_, err = s.Operations(ctx, v.ID, 1)
	wantError(t, "operations", err, vault.ErrNotFound)
	_, err = s.Envelope(ctx, v.ID, v.State.Entry.Roster[0].Envelope)
	wantError(t, "envelope", err, vault.ErrNotFound)
	wantError(t, "write", s.ApplyWrite(ctx, v.Draft(items(v, 1, 10)...).WriteChange), vault.ErrNotFound)
	wantError(t, "entry", s.AppendEntry(ctx, v.DraftRotate().EntryChange), vault.ErrNotFound)
	wantError(t, "chunk", s.PutChunk(ctx, v.ID, testvault.Chunks("x")[0], start, plenty), vault.ErrNotFound)
	wantAttachments(t, s, v)
	for what, read := range map[string]func() ([][]byte, error){
		"entries": func() ([][]byte, error) { return s.Entries(ctx, v.ID, -1, 0) },
		"cards":   func() ([][]byte, error) { return s.Cards(ctx, v.Owner.ID) },
	} {
		if got, err := read(); err != nil || len(got) != 0 {
			t.Errorf("%d %s, %v", len(got), what, err)
		}
	}
	for b := range 256 {
		lines, err := s.LiveLines(ctx, v.ID, []byte{byte(b)})
		if err != nil || len(lines[byte(b)]) != 0 {
			t.Errorf("%d lines in bucket %d, %v", len(lines[byte(b)]), b, err)
		}
	}
}
