package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

const plenty = 1 << 30

func chunk(id string, number, count int, token string) vault.Chunk {
	return vault.Chunk{Attachment: id, Number: number, Count: count, Token: token}
}

func putChunk(t *testing.T, s vault.Store, u vault.User, p vault.Chunk) {
	t.Helper()
	if err := s.PutChunk(t.Context(), u.Username, p, start, plenty); err != nil {
		t.Fatalf("put chunk %d: %v", p.Number, err)
	}
}

func wantChunk(t *testing.T, s vault.Store, u vault.User, p vault.Chunk) {
	t.Helper()
	got, err := s.Chunk(t.Context(), u.ID, p.Attachment, p.Number)
	if err != nil || got != (protocol.Chunk{Count: p.Count, Token: p.Token}) {
		t.Errorf("chunk %d has %d bytes, count %d, %v", p.Number, len(got.Token), got.Count, err)
	}
}

func wantAttachments(t *testing.T, s vault.Store, u vault.User, want ...protocol.Attachment) {
	t.Helper()
	slices.SortFunc(want, func(a, b protocol.Attachment) int { return strings.Compare(a.ID, b.ID) })
	got, err := s.Attachments(t.Context(), u.ID)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("attachments are\n%+v, %v, want\n%+v", got, err, want)
	}
}

func chunksOfAttachments(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	u := createUser(t, a, "ada")
	x, y := randomID(), randomID()
	wantAttachments(t, a, u)
	putChunk(t, a, u, chunk(x, 2, 2, "second"))
	wantAttachments(t, b, u, protocol.Attachment{ID: x, Count: 2, Chunks: 1, Bytes: 6, Uploaded: start})
	later := start.Add(time.Minute)
	if err := b.PutChunk(t.Context(), "ada", chunk(x, 1, 2, "first"), later, plenty); err != nil {
		t.Fatal(err)
	}
	putChunk(t, b, u, chunk(y, 1, 1, "only"))
	putChunk(t, b, u, chunk(y, 1, 1, "only")) // a retry after a lost answer
	ofX := protocol.Attachment{ID: x, Count: 2, Chunks: 2, Bytes: 11, Uploaded: later}
	ofY := protocol.Attachment{ID: y, Count: 1, Chunks: 1, Bytes: 4, Uploaded: start}
	wantAttachments(t, a, u, ofX, ofY)

	for name, p := range map[string]vault.Chunk{
		"another token":                  chunk(x, 1, 2, "forged"),
		"another count":                  chunk(x, 1, 3, "first"),
		"another count for a new number": chunk(x, 3, 3, "third"),
	} {
		wantError(t, name, a.PutChunk(t.Context(), "ada", p, start, plenty), vault.ErrChunkTaken)
	}
	wantAttachments(t, a, u, ofX, ofY)
	wantChunk(t, a, u, chunk(x, 1, 2, "first"))
	wantChunk(t, a, u, chunk(x, 2, 2, "second"))
	wantChunk(t, a, u, chunk(y, 1, 1, "only"))
	_, err := a.Chunk(t.Context(), u.ID, y, 2)
	wantError(t, "missing chunk", err, vault.ErrNotFound)
	wantError(t, "chunk of an unknown user", a.PutChunk(t.Context(), "nobody", chunk(x, 1, 1, "x"), start, plenty), vault.ErrNotFound)

	if err := a.DeleteAttachment(t.Context(), "ada", x); err != nil {
		t.Fatal(err)
	}
	wantAttachments(t, b, u, ofY)
	_, err = b.Chunk(t.Context(), u.ID, x, 1)
	wantError(t, "chunk of a deleted attachment", err, vault.ErrNotFound)
	wantError(t, "delete again", b.DeleteAttachment(t.Context(), "ada", x), vault.ErrNotFound)
	putChunk(t, b, u, chunk(x, 1, 1, "its ID is free"))
	wantChunk(t, a, u, chunk(x, 1, 1, "its ID is free"))
}

func attachmentsAreNotRecords(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	id := randomID()
	apply(t, s, u, 0, []protocol.Put{put(overview(id, 1), "a1"), put(details(id, 1), "p1")})
	putChunk(t, s, u, chunk(id, 1, 1, "under the ID of an item"))
	want := map[protocol.Place]string{overview(id, 1): "a1", details(id, 1): "p1"}
	r := changes(t, s, "ada", 0)
	if r.Revision != 1 {
		t.Errorf("an attachment moved the revision to %d", r.Revision)
	}
	wantRecords(t, r, want)
	large := manyDetails(300, 10)
	apply(t, s, u, 1, large)
	wantChunk(t, s, u, chunk(id, 1, 1, "under the ID of an item"))
	if err := s.DeleteAttachment(t.Context(), "ada", id); err != nil {
		t.Fatal(err)
	}
	for _, p := range large {
		want[p.Place] = p.Token
	}
	wantRecords(t, changes(t, s, "ada", 0), want)
}

func quotaOfAttachments(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	x, y := randomID(), randomID()
	quota := func(p vault.Chunk) error { return s.PutChunk(t.Context(), "ada", p, start, 10) }
	wantError(t, "a chunk above the quota", quota(chunk(x, 1, 1, "01234567890")), vault.ErrQuotaReached)
	wantAttachments(t, s, u)
	for _, p := range []vault.Chunk{chunk(x, 1, 2, "0123456"), chunk(y, 1, 1, "012")} {
		if err := quota(p); err != nil {
			t.Fatalf("%d of 10 bytes: %v", len(p.Token), err)
		}
	}
	wantError(t, "one byte above the quota", quota(chunk(x, 2, 2, "0")), vault.ErrQuotaReached)
	if err := quota(chunk(y, 1, 1, "012")); err != nil {
		t.Errorf("stored chunk again: %v", err)
	}
	err := s.PutChunk(t.Context(), "ada", chunk(y, 1, 1, "012"), start, 0)
	if err != nil {
		t.Errorf("stored chunk again, under a smaller quota: %v", err)
	}
	if err := s.DeleteAttachment(t.Context(), "ada", y); err != nil {
		t.Fatal(err)
	}
	if err := quota(chunk(x, 2, 2, "012")); err != nil {
		t.Errorf("in place of a deleted one: %v", err)
	}
	wantAttachments(t, s, u, protocol.Attachment{ID: x, Count: 2, Chunks: 2, Bytes: 10, Uploaded: start})
}

func racingChunksKeepTheQuota(t *testing.T, open func(t *testing.T) vault.Store) {
	stores := []vault.Store{open(t), open(t)}
	u := createUser(t, stores[0], "ada")
	const racers, room, size = 8, 5, 100
	var wg sync.WaitGroup
	var mu sync.Mutex
	stored := 0
	for i := range racers {
		wg.Go(func() {
			p := chunk(randomID(), 1, 1, strings.Repeat("x", size))
			err := retry(t.Context(), vault.ErrStoreUnavailable, func() error { // the user's row is contended
				return stores[i%len(stores)].PutChunk(t.Context(), "ada", p, start, room*size)
			})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				stored++
			} else {
				wantError(t, "chunk above the quota", err, vault.ErrQuotaReached)
			}
		})
	}
	wg.Wait()
	list, err := stores[1].Attachments(t.Context(), u.ID)
	if err != nil || stored != room || len(list) != room {
		t.Errorf("%d chunks accepted, want %d; %d attachments are listed, %v", stored, room, len(list), err)
	}
}

func largeAttachment(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	const count = 14
	id := randomID()
	token := func(n int) string { return strings.Repeat("abcdefghijklmn"[n:n+1], protocol.MaxChunkTokenBytes) }
	for n := range count {
		putChunk(t, s, u, chunk(id, n+1, count, token(n)))
	}
	for n := range count {
		wantChunk(t, s, u, chunk(id, n+1, count, token(n)))
	}
	wantAttachments(t, s, u, protocol.Attachment{ID: id, Count: count, Chunks: count, Bytes: count * protocol.MaxChunkTokenBytes, Uploaded: start})
	if err := s.DeleteAttachment(t.Context(), "ada", id); err != nil {
		t.Fatal(err)
	}
	wantAttachments(t, s, u)
	for n := range count {
		_, err := s.Chunk(t.Context(), u.ID, id, n+1)
		wantError(t, "chunk of a deleted attachment", err, vault.ErrNotFound)
	}
}

func attachmentsAreSeparate(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	ada, eve := createUser(t, s, "ada"), createUser(t, s, "eve")
	id := randomID()
	putChunk(t, s, ada, chunk(id, 1, 1, "ada's"))
	_, err := s.Chunk(t.Context(), eve.ID, id, 1)
	wantError(t, "another user's chunk", err, vault.ErrNotFound)
	wantError(t, "delete another user's", s.DeleteAttachment(t.Context(), "eve", id), vault.ErrNotFound)
	if err := s.PutChunk(t.Context(), "eve", chunk(id, 1, 1, "eve's"), start, 5); err != nil {
		t.Errorf("the same ID under another user's quota: %v", err)
	}
	if err := s.DeleteUser(t.Context(), "eve"); err != nil {
		t.Fatal(err)
	}
	wantChunk(t, s, ada, chunk(id, 1, 1, "ada's"))
}

func deletedUserLeavesNoAttachments(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	var ids []string
	for range 20 {
		ids = append(ids, randomID())
		putChunk(t, s, u, chunk(ids[len(ids)-1], 1, 2, "first"))
		putChunk(t, s, u, chunk(ids[len(ids)-1], 2, 2, "second"))
	}
	// Cancel later and later, until a deletion completes.
	for wait := time.Duration(0); ; wait += 2 * time.Millisecond {
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		err := s.DeleteUser(ctx, u.Username)
		cancel()
		if err == nil || errors.Is(err, vault.ErrNotFound) {
			break
		}
		if got, err := s.User(t.Context(), u.Username); err == nil && got.Deleting {
			wantError(t, "chunk of a half-deleted user", s.PutChunk(t.Context(), u.Username, chunk(randomID(), 1, 1, "x"), start, plenty), vault.ErrNotFound)
		}
	}
	wantAttachments(t, s, u)
	for _, id := range ids {
		_, err := s.Chunk(t.Context(), u.ID, id, 1)
		wantError(t, "chunk of a deleted user", err, vault.ErrNotFound)
	}
	again := createUser(t, s, "ada")
	wantAttachments(t, s, again)
	if err := s.PutChunk(t.Context(), "ada", chunk(randomID(), 1, 1, "12345"), start, 5); err != nil {
		t.Errorf("the next user with this name has the full quota: %v", err)
	}
}
