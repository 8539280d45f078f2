package storetest

import (
	"context"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// founded creates an account with its personal vault.
func founded(t *testing.T, s vault.Store, name string) *testvault.Vault {
	t.Helper()
	v, founding := testvault.NewPerson(name).Found()
	if err := s.CreateAccount(t.Context(), accountOf(v), founding); err != nil {
		t.Fatalf("create account: %v", err)
	}
	return v
}

// accountOf returns the user of a vault.
func accountOf(v *testvault.Vault) vault.User {
	u := v.User()
	u.Created = start
	u.AuthHash, u.RecoveryAuthHash = []byte("$2a$12$password of "+v.Owner.Username), []byte("$2a$12$phrase of "+v.Owner.Username)
	return u
}

// write drafts the next write and stores it.
func write(t *testing.T, s vault.Store, v *testvault.Vault, ops ...testvault.Operation) {
	t.Helper()
	d := v.Draft(ops...)
	d.Now = start
	if err := s.ApplyWrite(t.Context(), d.WriteChange); err != nil {
		t.Fatalf("write %d: %v", d.Write.Revision, err)
	}
	v.Apply(d)
}

// follow stores a log entry.
func follow(t *testing.T, s vault.Store, v *testvault.Vault, e testvault.Entry) {
	t.Helper()
	if err := s.AppendEntry(t.Context(), e.EntryChange); err != nil {
		t.Fatalf("entry %d: %v", e.Entry.Sequence, err)
	}
	v.Follow(e)
}

// items puts n new items, each with overview and details of size bytes.
func items(v *testvault.Vault, n, size int) []testvault.Operation {
	ops := make([]testvault.Operation, 0, 2*n)
	for range n {
		id := seal.NewID()
		for _, kind := range []chain.RecordKind{chain.RecordOverview, chain.RecordDetails} {
			ops = append(ops, v.PutToken(kind, id, 1, text(size)))
		}
	}
	return ops
}

// answer is what Changes wrote.
type answer struct {
	head    vault.Head
	records []vault.Record
	begun   int
	during  func() error // after the first record
}

func (a *answer) Begin(h vault.Head) error {
	a.head = h
	a.begun++
	return nil
}

func (a *answer) Write(r vault.Record) error {
	a.records = append(a.records, r)
	if len(a.records) == 1 && a.during != nil {
		return a.during()
	}
	return nil
}

func changesOf(ctx context.Context, s vault.Store, id chain.ID, since int64) (answer, error) {
	var a answer
	err := s.Changes(ctx, id, since, &a)
	return a, err
}

// changesSince reads the changes of a vault and checks what holds of every answer.
func changesSince(t *testing.T, s vault.Store, id chain.ID, since int64) answer {
	t.Helper()
	a, err := changesOf(t.Context(), s, id, since)
	if err != nil {
		t.Fatalf("changes since %d: %v", since, err)
	}
	checkAnswer(t, a, since)
	return a
}

func checkAnswer(t *testing.T, a answer, since int64) {
	t.Helper()
	if a.begun != 1 {
		t.Errorf("begun %d times", a.begun)
	}
	last := since
	seen := map[chain.Line]bool{}
	for _, r := range a.records {
		place := r.Line
		place.Hash = chain.Hash{}
		switch {
		case r.Revision <= since || r.Revision > a.head.State.Revision:
			t.Errorf("record of revision %d in an answer for %d..%d", r.Revision, since, a.head.State.Revision)
		case r.Revision < last:
			t.Errorf("revision %d after %d", r.Revision, last)
		case r.Deleted && (since == 0 || r.Token != "" || r.Line != place):
			t.Errorf("since %d: tombstone is %.100v", since, r)
		case !r.Deleted && r.Line.Kind.Sealed() && chain.HashOf(chain.HashToken, []byte(r.Token)) != r.Line.Hash:
			t.Errorf("%v has a token of %d bytes that is not its own", r.Line, len(r.Token))
		case seen[place]:
			t.Errorf("%v twice", place)
		}
		seen[place], last = true, r.Revision
	}
}

// wantVault checks everything that a store answers about a vault: head, live lines in their buckets, records and history.
func wantVault(t *testing.T, s vault.Store, v *testvault.Vault) {
	t.Helper()
	a := changesSince(t, s, v.ID, 0)
	head, err := s.Head(t.Context(), v.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantHead(t, "head", head, v)
	wantHead(t, "head of the changes", a.head, v)
	byLine := map[chain.Line]string{}
	var all []byte
	for b := range 256 {
		all = append(all, byte(b))
	}
	lines, err := s.LiveLines(t.Context(), v.ID, all)
	if err != nil {
		t.Fatal(err)
	}
	live := head.Live()
	for _, b := range all {
		if err := live.Load(b, lines[b]); err != nil {
			t.Errorf("live lines: %v", err)
		}
	}
	for _, r := range a.records {
		byLine[r.Line] = r.Token
		if !slices.Contains(lines[chain.Bucket(r.Line.ID)], r.Line) {
			t.Errorf("%v is not in its bucket", r.Line)
		}
	}
	for line, token := range v.Tokens {
		if byLine[line] != token {
			t.Errorf("token of %v has %d bytes, want %d", line, len(byLine[line]), len(token))
		}
	}
	if int64(len(byLine)) != v.Live.Count() {
		t.Errorf("%d records, want %d", len(byLine), v.Live.Count())
	}
	wantHistory(t, s, v)
}

func wantHead(t *testing.T, what string, head vault.Head, v *testvault.Vault) {
	t.Helper()
	var usage vault.Usage
	for line, token := range v.Tokens {
		usage.Bytes += int64(len(token)) + vault.RecordWeight
		if line.Kind == chain.RecordOverview {
			usage.Items++
		}
	}
	for _, b := range v.Branches {
		usage.Branches += b.Size()
	}
	want := v.Head()
	if head.Vault != want.Vault || head.Buckets != want.Buckets || head.Count != want.Count || !sameState(head.State, want.State) {
		t.Errorf("%s is at %d and entry %d with %d lines, want %d and entry %d with %d", what, head.State.Revision, head.State.Entry.Sequence,
			head.Count, want.State.Revision, want.State.Entry.Sequence, want.Count)
	}
	if head.Usage != usage {
		t.Errorf("%s has usage %+v, want %+v", what, head.Usage, usage)
	}
}

func sameState(a, b chain.State) bool { return slices.Equal(a.Encode(), b.Encode()) }

func wantHistory(t *testing.T, s vault.Store, v *testvault.Vault) {
	t.Helper()
	entries, err := s.Entries(t.Context(), v.ID, -1, 0)
	if err != nil {
		t.Fatal(err)
	}
	var want [][]byte
	for _, e := range v.Entries {
		want = append(want, e.Encode())
	}
	wantBlobs(t, "entries", entries, want)
	var revisions []int64
	want = nil
	for _, w := range slices.Backward(v.Writes) {
		revisions, want = append(revisions, w.Revision), append(want, w.Encode())
	}
	writes, err := s.Writes(t.Context(), v.ID, revisions)
	if err != nil {
		t.Fatal(err)
	}
	wantBlobs(t, "writes", writes, want)
	for i, ops := range v.Operations {
		got, err := s.Operations(t.Context(), v.ID, int64(i+1))
		if err != nil {
			t.Fatal(err)
		}
		wantBlobs(t, "operations", [][]byte{got}, [][]byte{chain.EncodeOperations(ops)})
	}
	for _, b := range v.Branches {
		wantBranch(t, s, v, b)
	}
}

func wantBlobs(t *testing.T, what string, got, want [][]byte) {
	t.Helper()
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%d %s differ from the %d expected", len(got), what, len(want))
	}
}
