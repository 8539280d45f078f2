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

func piece(id string, number, count int, token string) vault.Piece {
	return vault.Piece{Attachment: id, Number: number, Count: count, Token: token}
}

func putPiece(t *testing.T, s vault.Store, u vault.User, p vault.Piece) {
	t.Helper()
	if err := s.PutPiece(t.Context(), u.Username, p, start, plenty); err != nil {
		t.Fatalf("put piece %d: %v", p.Number, err)
	}
}

func wantPiece(t *testing.T, s vault.Store, u vault.User, p vault.Piece) {
	t.Helper()
	got, err := s.Piece(t.Context(), u.ID, p.Attachment, p.Number)
	if err != nil || got != (protocol.Piece{Count: p.Count, Token: p.Token}) {
		t.Errorf("piece %d is %d letters, of %d, %v", p.Number, len(got.Token), got.Count, err)
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

func piecesOfAttachments(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	u := createUser(t, a, "ada")
	x, y := randomID(), randomID()
	wantAttachments(t, a, u)
	putPiece(t, a, u, piece(x, 2, 2, "second"))
	wantAttachments(t, b, u, protocol.Attachment{ID: x, Count: 2, Pieces: 1, Bytes: 6, Uploaded: start})
	later := start.Add(time.Minute)
	if err := b.PutPiece(t.Context(), "ada", piece(x, 1, 2, "first"), later, plenty); err != nil {
		t.Fatal(err)
	}
	putPiece(t, b, u, piece(y, 1, 1, "only"))
	putPiece(t, b, u, piece(y, 1, 1, "only")) // again: its answer was lost
	ofX := protocol.Attachment{ID: x, Count: 2, Pieces: 2, Bytes: 11, Uploaded: later}
	ofY := protocol.Attachment{ID: y, Count: 1, Pieces: 1, Bytes: 4, Uploaded: start}
	wantAttachments(t, a, u, ofX, ofY)

	for name, p := range map[string]vault.Piece{
		"another token":                  piece(x, 1, 2, "forged"),
		"another count":                  piece(x, 1, 3, "first"),
		"another count for a new number": piece(x, 3, 3, "third"),
	} {
		wantError(t, name, a.PutPiece(t.Context(), "ada", p, start, plenty), vault.ErrPieceTaken)
	}
	wantAttachments(t, a, u, ofX, ofY)
	wantPiece(t, a, u, piece(x, 1, 2, "first"))
	wantPiece(t, a, u, piece(x, 2, 2, "second"))
	wantPiece(t, a, u, piece(y, 1, 1, "only"))
	_, err := a.Piece(t.Context(), u.ID, y, 2)
	wantError(t, "piece that is not there", err, vault.ErrNotFound)
	wantError(t, "piece of nobody", a.PutPiece(t.Context(), "nobody", piece(x, 1, 1, "x"), start, plenty), vault.ErrNotFound)

	if err := a.DeleteAttachment(t.Context(), "ada", x); err != nil {
		t.Fatal(err)
	}
	wantAttachments(t, b, u, ofY)
	_, err = b.Piece(t.Context(), u.ID, x, 1)
	wantError(t, "piece of a deleted attachment", err, vault.ErrNotFound)
	wantError(t, "delete again", b.DeleteAttachment(t.Context(), "ada", x), vault.ErrNotFound)
	putPiece(t, b, u, piece(x, 1, 1, "its id is free"))
	wantPiece(t, a, u, piece(x, 1, 1, "its id is free"))
}

func attachmentsAreNoRecords(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	id := randomID()
	apply(t, s, u, 0, []protocol.Put{put(account(id, 1), "a1"), put(password(id, 1), "p1")})
	putPiece(t, s, u, piece(id, 1, 1, "of the id of an account"))
	want := map[protocol.Place]string{account(id, 1): "a1", password(id, 1): "p1"}
	r := changes(t, s, "ada", 0)
	if r.Revision != 1 {
		t.Errorf("an attachment moved the revision to %d", r.Revision)
	}
	wantRecords(t, r, want)
	large := manyPasswords(300, 10)
	apply(t, s, u, 1, large)
	wantPiece(t, s, u, piece(id, 1, 1, "of the id of an account"))
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
	quota := func(p vault.Piece) error { return s.PutPiece(t.Context(), "ada", p, start, 10) }
	wantError(t, "alone too large", quota(piece(x, 1, 1, "01234567890")), vault.ErrQuotaReached)
	wantAttachments(t, s, u)
	for _, p := range []vault.Piece{piece(x, 1, 2, "0123456"), piece(y, 1, 1, "012")} {
		if err := quota(p); err != nil {
			t.Fatalf("%d of 10 bytes: %v", len(p.Token), err)
		}
	}
	wantError(t, "a byte too much", quota(piece(x, 2, 2, "0")), vault.ErrQuotaReached)
	if err := quota(piece(y, 1, 1, "012")); err != nil {
		t.Errorf("what is there already: %v", err)
	}
	err := s.PutPiece(t.Context(), "ada", piece(y, 1, 1, "012"), start, 0)
	if err != nil {
		t.Errorf("what is there already, under a smaller quota: %v", err)
	}
	if err := s.DeleteAttachment(t.Context(), "ada", y); err != nil {
		t.Fatal(err)
	}
	if err := quota(piece(x, 2, 2, "012")); err != nil {
		t.Errorf("in the place of a deleted one: %v", err)
	}
	wantAttachments(t, s, u, protocol.Attachment{ID: x, Count: 2, Pieces: 2, Bytes: 10, Uploaded: start})
}

func racingPiecesKeepTheQuota(t *testing.T, open func(t *testing.T) vault.Store) {
	stores := []vault.Store{open(t), open(t)}
	u := createUser(t, stores[0], "ada")
	const racers, room, size = 8, 5, 100
	var wg sync.WaitGroup
	var mu sync.Mutex
	kept := 0
	for i := range racers {
		wg.Go(func() {
			p := piece(randomID(), 1, 1, strings.Repeat("x", size))
			err := retry(t.Context(), vault.ErrStoreUnavailable, func() error { // the row of the user is in demand
				return stores[i%len(stores)].PutPiece(t.Context(), "ada", p, start, room*size)
			})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				kept++
			} else {
				wantError(t, "piece without room", err, vault.ErrQuotaReached)
			}
		})
	}
	wg.Wait()
	list, err := stores[1].Attachments(t.Context(), u.ID)
	if err != nil || kept != room || len(list) != room {
		t.Errorf("%d pieces of %d were taken, %d are there, %v", kept, room, len(list), err)
	}
}

func largeAttachment(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	const count = 14
	id := randomID()
	token := func(n int) string { return strings.Repeat("abcdefghijklmn"[n:n+1], protocol.MaxPieceTokenBytes) }
	for n := range count {
		putPiece(t, s, u, piece(id, n+1, count, token(n)))
	}
	for n := range count {
		wantPiece(t, s, u, piece(id, n+1, count, token(n)))
	}
	wantAttachments(t, s, u, protocol.Attachment{ID: id, Count: count, Pieces: count, Bytes: count * protocol.MaxPieceTokenBytes, Uploaded: start})
	if err := s.DeleteAttachment(t.Context(), "ada", id); err != nil {
		t.Fatal(err)
	}
	wantAttachments(t, s, u)
	for n := range count {
		_, err := s.Piece(t.Context(), u.ID, id, n+1)
		wantError(t, "piece of a deleted attachment", err, vault.ErrNotFound)
	}
}

func attachmentsAreApart(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	ada, eve := createUser(t, s, "ada"), createUser(t, s, "eve")
	id := randomID()
	putPiece(t, s, ada, piece(id, 1, 1, "ada's"))
	_, err := s.Piece(t.Context(), eve.ID, id, 1)
	wantError(t, "another user's piece", err, vault.ErrNotFound)
	wantError(t, "delete another user's", s.DeleteAttachment(t.Context(), "eve", id), vault.ErrNotFound)
	if err := s.PutPiece(t.Context(), "eve", piece(id, 1, 1, "eve's"), start, 5); err != nil {
		t.Errorf("the same id, and a quota of her own: %v", err)
	}
	if err := s.DeleteUser(t.Context(), "eve"); err != nil {
		t.Fatal(err)
	}
	wantPiece(t, s, ada, piece(id, 1, 1, "ada's"))
}

func deletedUserLeavesNoAttachments(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	var ids []string
	for range 20 {
		ids = append(ids, randomID())
		putPiece(t, s, u, piece(ids[len(ids)-1], 1, 2, "first"))
		putPiece(t, s, u, piece(ids[len(ids)-1], 2, 2, "second"))
	}
	// Cut off later and later, until one goes through.
	for wait := time.Duration(0); ; wait += 2 * time.Millisecond {
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		err := s.DeleteUser(ctx, u.Username)
		cancel()
		if err == nil || errors.Is(err, vault.ErrNotFound) {
			break
		}
		if got, err := s.User(t.Context(), u.Username); err == nil && got.Deleting {
			wantError(t, "piece of a user half gone", s.PutPiece(t.Context(), u.Username, piece(randomID(), 1, 1, "x"), start, plenty), vault.ErrNotFound)
		}
	}
	wantAttachments(t, s, u)
	for _, id := range ids {
		_, err := s.Piece(t.Context(), u.ID, id, 1)
		wantError(t, "piece of a deleted user", err, vault.ErrNotFound)
	}
	again := createUser(t, s, "ada")
	wantAttachments(t, s, again)
	if err := s.PutPiece(t.Context(), "ada", piece(randomID(), 1, 1, "12345"), start, 5); err != nil {
		t.Errorf("the new user of the name has a whole quota: %v", err)
	}
}
