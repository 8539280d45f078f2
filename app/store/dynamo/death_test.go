//go:build system

package dynamo

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// openVault returns a store with the personal vault of a new user.
func openVault(t *testing.T) (*Store, *testvault.Vault) {
	t.Helper()
	s := openTest(t)
	return s, found(t, s, "eve")
}

func found(t *testing.T, s *Store, name string) *testvault.Vault {
	t.Helper()
	v, f := testvault.NewPerson(name).Found()
	if err := s.CreateAccount(t.Context(), v.User(), f); err != nil {
		t.Fatal(err)
	}
	return v
}

// overviews puts n new overviews.
func overviews(v *testvault.Vault, n int) []testvault.Operation {
	ops := make([]testvault.Operation, n)
	for i := range ops {
		ops[i] = v.PutToken(chain.RecordOverview, seal.NewID(), 1, rand.Text())
	}
	return ops
}

func deletesOf(ops []testvault.Operation) []testvault.Operation {
	deletes := make([]testvault.Operation, len(ops))
	for i, o := range ops {
		deletes[i] = testvault.Delete(o)
	}
	return deletes
}

// records collects an answer of Changes.
type records struct {
	head vault.Head
	all  []vault.Record
}

func (r *records) Begin(h vault.Head) error        { r.head = h; return nil }
func (r *records) Write(record vault.Record) error { r.all = append(r.all, record); return nil }

// wantVault checks that the store has the state of v, and nothing of another.
func wantVault(t *testing.T, s *Store, v *testvault.Vault) {
	t.Helper()
	var got records
	if err := s.Changes(t.Context(), v.ID, 0, &got); err != nil {
		t.Fatal(err)
	}
	tokens := map[chain.Line]string{}
	for _, r := range got.all {
		if r.Line.Kind.Sealed() {
			tokens[r.Line] = r.Token
		}
	}
	if !maps.Equal(tokens, v.Tokens) || int64(len(got.all)) != v.Live.Count() {
		t.Fatalf("%d records and %d tokens, want %d and %d", len(got.all), len(tokens), v.Live.Count(), len(v.Tokens))
	}
	if got.head.State.Revision != v.State.Revision || !bytes.Equal(got.head.State.Encode(), v.State.Encode()) {
		t.Fatalf("head is at %d, want %d", got.head.State.Revision, v.State.Revision)
	}
	var all []byte
	for b := range 256 {
		all = append(all, byte(b))
	}
	lines, err := s.LiveLines(t.Context(), v.ID, all)
	if err != nil {
		t.Fatal(err)
	}
	live := got.head.Live()
	for _, b := range all {
		if err := live.Load(b, lines[b]); err != nil {
			t.Fatal(err)
		}
	}
	if live.Root() != v.Live.Root() {
		t.Fatal("another root")
	}
}

func uploadTo(t *testing.T, s *Store, v *testvault.Vault, now time.Time, contents ...string) testvault.Operation {
	t.Helper()
	chunks := testvault.Chunks(contents...)
	for _, c := range chunks {
		if err := s.PutChunk(t.Context(), v.ID, c, now, 1<<20); err != nil {
			t.Fatal(err)
		}
	}
	return testvault.Attach(chunks[0].Attachment, chunks)
}

// A write replaces all records and the attachment. The vault is either unchanged or completely changed, whichever call the writer
// dies at, and a later upload deletes the remaining chunks.
func TestWriteSurvivesDeathAtEveryCall(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"small": 5, "large": 60} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, v := openVault(t)
			now := time.Now()
			attached := uploadTo(t, s, v, now, "one", "two")
			live := append(overviews(v, size), attached)
			first := v.Draft(live...)
			if err := s.ApplyWrite(t.Context(), first.WriteChange); err != nil {
				t.Fatal(err)
			}
			v.Apply(first)
			deaths := 0
			for n, whole := int64(0), 0; whole < 2; n++ {
				whole = 0
				for _, carriedOut := range []bool{false, true} {
					next := append(overviews(v, size), uploadTo(t, s, v, now, "one", "two", "three"))
					d := v.Draft(slices.Concat(deletesOf(live), next)...)
					d.Now = now
					err := dying(s, n, carriedOut).ApplyWrite(t.Context(), d.WriteChange)
					head, headErr := s.Head(t.Context(), v.ID)
					if headErr != nil {
						t.Fatal(headErr)
					}
					if head.State.Revision == d.Write.Revision {
						wantKept(t, s, v, live, now)
						v.Apply(d)
						live = next
					} else if err == nil {
						t.Fatalf("call %d: acknowledged, but the vault is at %d", n, head.State.Revision)
					}
					wantVault(t, s, v)
					if err == nil {
						whole++
					} else {
						deaths++
					}
				}
			}
			if deaths < 4 {
				t.Errorf("only %d deaths: the test missed the write", deaths)
			}
			wantNoStage(t, s, v.ID)
			wantOnlyLiveChunks(t, s, v, live[size])
		})
	}
}

// wantKept checks that the tokens and the attachment that a write deleted are kept, for their time. v is the vault before that write.
func wantKept(t *testing.T, s *Store, v *testvault.Vault, deleted []testvault.Operation, now time.Time) {
	t.Helper()
	var lines []chain.Line
	for _, o := range deleted {
		if o.Kind.Sealed() {
			lines = append(lines, o.Line)
			continue
		}
		if _, err := s.Chunk(t.Context(), v.ID, o.ID, 1, now); err != nil {
			t.Errorf("chunk of a deleted attachment: %v", err)
		}
		if _, err := s.Chunk(t.Context(), v.ID, o.ID, 1, now.Add(vault.KeptLife)); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("chunk of an attachment that was deleted long ago: %v", err)
		}
	}
	tokens, err := s.Tokens(t.Context(), v.ID, lines, now)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range lines {
		if tokens[i] != v.Tokens[l] {
			t.Errorf("token %d is %.40q, want %.40q", i, tokens[i], v.Tokens[l])
		}
	}
}

func wantNoStage(t *testing.T, s *Store, id chain.ID) {
	t.Helper()
	r, err := s.headOf(t.Context(), id)
	if err != nil || r.Pending != nil {
		t.Errorf("%+v is pending, %v", r.Pending, err)
	}
}

// wantOnlyLiveChunks clears the attachments two days later and checks that only one has chunks and that only they count.
func wantOnlyLiveChunks(t *testing.T, s *Store, v *testvault.Vault, attached testvault.Operation) {
	t.Helper()
	if err := s.clearAttachments(t.Context(), v.ID, time.Now().Add(vault.KeptLife+2*vault.PendingLife)); err != nil {
		t.Fatal(err)
	}
	chunks, err := rowsUnder[chunkRow](t.Context(), s, s.table.Passwords, v.ID.String(), "chunk#")
	if err != nil {
		t.Fatal(err)
	}
	size := 0
	for _, c := range chunks {
		size += len(c.Token)
		if !strings.HasPrefix(c.RecordID, "chunk#"+attached.ID.String()) {
			t.Errorf("%s is left", c.RecordID)
		}
	}
	var counted struct {
		Bytes int `dynamodbav:"attachment_bytes"`
	}
	if _, err := s.rowAt(t.Context(), s.table.Vaults, vaultKey(v.ID.String(), chunksID), &counted); err != nil || counted.Bytes != size {
		t.Errorf("chunks of %d bytes count %d, %v", size, counted.Bytes, err)
	}
	list, err := s.Attachments(t.Context(), v.ID)
	if err != nil || len(list) != 1 || list[0].ID != attached.ID || !list[0].Live || len(chunks) != list[0].Count {
		t.Errorf("%d chunks of attachments %.200v, %v", len(chunks), list, err)
	}
}

// An account entry changes the vault and the user, or neither.
func TestAccountEntrySurvivesDeathAtEveryCall(t *testing.T) {
	t.Parallel()
	s, v := openVault(t)
	generation := int64(1)
	for n := int64(0); ; n++ {
		done := 0
		for _, carriedOut := range []bool{false, true} {
			e := v.DraftAccount(testvault.Renewal{Card: true, Epoch: true})
			e.Account.User.Generation = generation
			e.Account.User.AuthHash = []byte(rand.Text())
			err := dying(s, n, carriedOut).AppendEntry(t.Context(), e.EntryChange)
			u, head, accountErr := s.Account(t.Context(), "eve")
			if accountErr != nil {
				t.Fatal(accountErr)
			}
			if head.State.Entry.Sequence == e.Entry.Sequence {
				v.Follow(e)
				generation++
			}
			if err == nil && u.Generation != generation {
				t.Fatalf("call %d: acknowledged, but not stored", n)
			}
			cards, cardsErr := s.Cards(t.Context(), v.Owner.ID)
			if cardsErr != nil || u.Generation != generation || u.Keys.Identity != v.Keys.Identity || len(cards) != len(v.Owner.Cards) {
				t.Fatalf("call %d: generation %d and %d cards, want %d and %d, %v", n, u.Generation, len(cards), generation, len(v.Owner.Cards), cardsErr)
			}
			wantVault(t, s, v)
			if err == nil {
				done++
			}
		}
		if done == 2 {
			return
		}
	}
}

func TestCreateAccountSurvivesDeathAtEveryCall(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	for n := int64(0); ; n++ {
		done := 0
		for i, carriedOut := range []bool{false, true} {
			v, f := testvault.NewPerson(fmt.Sprintf("user%d-%d", n, i)).Found()
			err := dying(s, n, carriedOut).CreateAccount(t.Context(), v.User(), f)
			again := s.CreateAccount(t.Context(), v.User(), f)
			if created := errors.Is(again, vault.ErrUsernameTaken); !created && again != nil || err == nil && !created {
				t.Fatalf("call %d: %v, then %v", n, err, again)
			}
			if _, _, err := s.Account(t.Context(), v.User().Username); err != nil {
				t.Fatal(err)
			}
			wantVault(t, s, v)
			if err == nil {
				done++
			}
		}
		if done == 2 {
			return
		}
	}
}

// commitOnly stores a large write as a writer that dies after the commit, and returns its redo log and its rows.
func commitOnly(t *testing.T, s *Store, d testvault.Write) (redoLog, []stagedRow) {
	t.Helper()
	ctx := t.Context()
	p, _, err := s.plan(ctx, d.WriteChange)
	if err != nil {
		t.Fatal(err)
	}
	log := redoLog{vault: d.Base.Vault}
	if log.pending, err = s.stage(ctx, log.vault, rand.Text(), p.rows); err != nil {
		t.Fatal(err)
	}
	if err := s.moveHead(ctx, d.WriteChange, p, &log.pending); err != nil {
		t.Fatal(err)
	}
	return log, p.rows
}

// Every call after the death of a writer that committed finds the whole write.
func TestEveryCallAfterADeathFindsTheWrite(t *testing.T) {
	t.Parallel()
	s, v := openVault(t)
	var attached testvault.Operation
	for name, call := range map[string]func(ctx context.Context) error{
		"head":    func(ctx context.Context) error { _, err := s.Head(ctx, v.ID); return err },
		"account": func(ctx context.Context) error { _, _, err := s.Account(ctx, "eve"); return err },
		"changes": func(ctx context.Context) error { return s.Changes(ctx, v.ID, 0, &records{}) },
		"attachments": func(ctx context.Context) error {
			list, err := s.Attachments(ctx, v.ID)
			for _, a := range list {
				if a.ID == attached.ID && !a.Live {
					t.Errorf("attachment %s is not live", a.ID)
				}
			}
			return err
		},
		"attachment": func(ctx context.Context) error {
			a, err := s.Attachment(ctx, v.ID, attached.ID, time.Now())
			if !a.Live {
				t.Errorf("attachment %s is not live", a.ID)
			}
			return err
		},
		"chunk": func(ctx context.Context) error { _, err := s.Chunk(ctx, v.ID, attached.ID, 1, time.Now()); return err },
		"upload": func(context.Context) error {
			uploadTo(t, s, v, time.Now().Add(2*vault.PendingLife), "later")
			return nil
		},
	} {
		attached = uploadTo(t, s, v, time.Now(), "content")
		d := v.Draft(append(overviews(v, 60), attached)...)
		commitOnly(t, s, d)
		v.Apply(d)
		if writes, err := s.Writes(t.Context(), v.ID, []int64{d.Write.Revision}); err != nil || len(writes) != 1 {
			t.Errorf("%s: %v", name, err)
		}
		next := v.Draft(overviews(v, 1)...)
		if err := s.ApplyWrite(t.Context(), next.WriteChange); !errors.Is(err, vault.ErrRevisionConflict) {
			t.Errorf("%s: a write on top of a pending one: %v", name, err)
		}
		if err := s.AppendEntry(t.Context(), v.DraftRotate().EntryChange); !errors.Is(err, vault.ErrRevisionConflict) {
			t.Errorf("%s: an entry on top of a pending write: %v", name, err)
		}
		if err := call(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantNoStage(t, s, v.ID)
		wantVault(t, s, v)
		if _, err := s.Chunk(t.Context(), v.ID, attached.ID, 1, time.Now()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A writer stalls while rolling forward, and others finish its write and store another. When it resumes, it writes nothing, neither
// then nor after the user is deleted.
func TestStragglerWritesNothing(t *testing.T) {
	t.Parallel()
	s, v := openVault(t)
	puts := overviews(v, 60)
	d := v.Draft(puts...)
	log, staged := commitOnly(t, s, d)
	v.Apply(d)
	if _, err := s.Head(t.Context(), v.ID); err != nil {
		t.Fatal(err)
	}
	next := v.Draft(deletesOf(puts)...)
	if err := s.ApplyWrite(t.Context(), next.WriteChange); err != nil {
		t.Fatal(err)
	}
	v.Apply(next)
	resume := func() {
		t.Helper()
		if _, err := s.stage(t.Context(), log.vault, log.Change, staged); err != nil { // the segments as the straggler read them
			t.Fatal(err)
		}
		if err := s.rollForward(t.Context(), log); err != nil {
			t.Fatal(err)
		}
	}
	resume()
	wantVault(t, s, v)
	if err := s.DeleteUser(t.Context(), "eve"); err != nil {
		t.Fatal(err)
	}
	before := rows(t, s, s.table.Accounts) + rows(t, s, s.table.Vaults)
	resume()
	if now := rows(t, s, s.table.Accounts) + rows(t, s, s.table.Vaults); now != before {
		t.Errorf("%d rows were written after the deletion", now-before)
	}
}

// An interrupted deletion of a user can be resumed, and leaves only the two reserved IDs.
func TestDeleteUserSurvivesDeathAtEveryCall(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	for n := int64(0); ; n++ {
		name := fmt.Sprintf("user%d", n)
		v := found(t, s, name)
		now := time.Now()
		for i := range 3 {
			hash := vault.SessionHash(fmt.Sprintf("%s-%d", name, i))
			session := vault.Session{Hash: hash, UserID: v.User().ID, Username: v.User().Username, Created: now, LastSeen: now, Expires: now.Add(time.Hour)}
			if err := s.PutSession(t.Context(), session); err != nil {
				t.Fatal(err)
			}
		}
		attached := uploadTo(t, s, v, now, "one", "two")
		uploadTo(t, s, v, now, "pending")
		d := v.Draft(append(overviews(v, 5), attached)...)
		if err := s.ApplyWrite(t.Context(), d.WriteChange); err != nil {
			t.Fatal(err)
		}
		v.Apply(d)
		straggler, _ := commitOnly(t, s, v.Draft(overviews(v, 60)...))

		died := dying(s, n, n%2 == 1).DeleteUser(t.Context(), vault.Username(name))
		u, err := s.User(t.Context(), vault.Username(name))
		if err == nil && u.Deleting {
			before := rows(t, s, s.table.Accounts)
			if err := s.rollForward(t.Context(), straggler); err != nil {
				t.Fatal(err)
			}
			if now := rows(t, s, s.table.Accounts); now > before {
				t.Errorf("call %d: %d rows were written after the deletion", n, now-before)
			}
			if _, err := s.Head(t.Context(), v.ID); !errors.Is(err, vault.ErrNotFound) {
				t.Errorf("call %d: head: %v", n, err)
			}
		}
		if err := s.DeleteUser(t.Context(), vault.Username(name)); err != nil && !errors.Is(err, vault.ErrNotFound) {
			t.Fatal(err)
		}
		// The remaining rows are the IDs of all users and vaults, and the mark that a first user existed.
		for table, want := range map[string]int{s.table.Users: 2*(int(n)+1) + 1, s.table.Accounts: 0, s.table.Passwords: 0, s.table.Sessions: 0, s.table.Vaults: 0} {
			if got := rows(t, s, table); got != want {
				t.Errorf("call %d: %d rows in %s, want %d", n, got, table, want)
			}
		}
		if died == nil {
			if n < 8 {
				t.Errorf("only %d deaths: the test missed the deletion", n)
			}
			return
		}
	}
}
