package chain

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
)

// filled returns a Live of n items with two records each, and the operations that filled it.
func filled(t testing.TB, n int) (*Live, [][]Operation) {
	t.Helper()
	l := NewLive(fixedID("vault"))
	var steps [][]Operation
	for i := range n {
		name := fmt.Sprint(i)
		ops := []Operation{put(RecordOverview, name, 1, 1), put(RecordDetails, name, 1, 1)}
		if i%5 == 4 {
			file := put(Attachment, "file "+name, 2, 0)
			ops = append(ops, file)
		}
		if i%3 == 2 {
			ops = append(ops, del(put(RecordDetails, fmt.Sprint(i-1), 1, 1)), put(RecordDetails, fmt.Sprint(i-1), 2, 1))
		}
		SortOperations(ops)
		if err := l.Apply(ops); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, ops)
	}
	return l, steps
}

func TestUndoLeadsThroughEveryRoot(t *testing.T) {
	t.Parallel()
	l, steps := filled(t, 100)
	replay := NewLive(fixedID("vault"))
	roots := []Hash{replay.Root()}
	for _, ops := range steps {
		if err := replay.Apply(ops); err != nil {
			t.Fatal(err)
		}
		roots = append(roots, replay.Root())
	}
	for i := len(steps) - 1; i >= 0; i-- {
		if err := l.Undo(steps[i]); err != nil {
			t.Fatal(err)
		}
		if l.Root() != roots[i] {
			t.Fatalf("another root at %d", i)
		}
	}
	if l.Count() != 0 {
		t.Errorf("%d lines are left", l.Count())
	}
	if err := l.Undo(steps[0]); !errors.Is(err, ErrOperations) {
		t.Errorf("undone twice: %v", err)
	}
}

func TestMalformedOperations(t *testing.T) {
	t.Parallel()
	one := EncodeOperations([]Operation{put(RecordOverview, "a", 1, 1)})
	var many []Operation
	for i := range MaxOperations + 1 {
		many = append(many, put(RecordOverview, fmt.Sprint(i), 1, 1))
	}
	SortOperations(many)
	if _, err := ParseOperations(EncodeOperations(many[1:])); err != nil {
		t.Errorf("as many as are allowed: %v", err)
	}
	neither := bytes.Clone(one)
	neither[len(neither)-1] = 2
	for name, b := range map[string][]byte{
		"none":                        nil,
		"too many":                    EncodeOperations(many),
		"half of one":                 one[:OperationSize/2],
		"one and a half":              append(bytes.Clone(one), one[:OperationSize/2]...),
		"neither a put nor a delete":  neither,
		"one twice":                   append(bytes.Clone(one), one...),
		"an item without id":          EncodeOperations([]Operation{{Line: Line{Kind: RecordOverview, Version: 1, Epoch: 1, Hash: fixed("x")}}}),
		"a record without token":      EncodeOperations([]Operation{{Line: Line{Kind: RecordOverview, ID: ID{1}, Version: 1, Epoch: 1}}}),
		"a record of no epoch":        EncodeOperations([]Operation{put(RecordOverview, "a", 1, 0)}),
		"an attachment of an epoch":   EncodeOperations([]Operation{put(Attachment, "a", 1, 1)}),
		"an attachment of no chunks":  EncodeOperations([]Operation{put(Attachment, "a", 0, 0)}),
		"a kind that does not exist":  EncodeOperations([]Operation{put(8, "a", 1, 1)}),
		"a kind below all that exist": EncodeOperations([]Operation{put(0, "a", 1, 1)}),
	} {
		if _, err := ParseOperations(b); !errors.Is(err, ErrOperations) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A record that is sealed under a new epoch key keeps its version: one delete and one put in one write.
func TestReseal(t *testing.T) {
	t.Parallel()
	l, _ := filled(t, 10)
	before := l.Count()
	ops := []Operation{del(put(RecordOverview, "3", 1, 1)), put(RecordOverview, "3", 1, 2)}
	SortOperations(ops)
	if err := l.Apply(ops); err != nil || l.Count() != before {
		t.Fatalf("%v, %d lines", err, l.Count())
	}
	if err := l.Apply([]Operation{put(RecordOverview, "3", 1, 3)}); !errors.Is(err, ErrOperations) {
		t.Errorf("a version is live under two epochs: %v", err)
	}
	if err := l.Apply([]Operation{put(Attachment, "file 4", 3, 0)}); !errors.Is(err, ErrOperations) {
		t.Errorf("an attachment is live twice: %v", err)
	}
}

// The server loads only the buckets that a write touches.
func TestPartOfLive(t *testing.T) {
	t.Parallel()
	whole, _ := filled(t, 300)
	ops := []Operation{put(RecordDetails, "7", 9, 1)}
	bucket := Bucket(ops[0].ID)
	part := PartOfLive(fixedID("vault"), whole.Hashes(), whole.Count())
	if err := part.Apply(ops); !errors.Is(err, ErrOperations) {
		t.Errorf("a bucket that was not loaded: %v", err)
	}
	lines := whole.Lines(bucket)
	for name, wrong := range map[string][]Line{
		"fewer":          lines[1:],
		"more":           append([]Line{{Kind: RecordDetails, ID: ops[0].ID, Version: 7, Epoch: 1, Hash: fixed("x")}}, lines...),
		"a line twice":   append([]Line{lines[0]}, lines...),
		"another bucket": whole.Lines(bucket + 1),
	} {
		if err := part.Load(bucket, wrong); !errors.Is(err, ErrRoot) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := part.Load(bucket, lines); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(part.Apply(ops), whole.Apply(ops)); err != nil {
		t.Fatal(err)
	}
	if part.Root() != whole.Root() || part.Count() != whole.Count() {
		t.Error("another root")
	}
}

func TestRootNamesTheVault(t *testing.T) {
	t.Parallel()
	if NewLive(fixedID("a")).Root() == NewLive(fixedID("b")).Root() {
		t.Error("two empty vaults have one root")
	}
}

func TestHashOfAnAttachmentCoversAllChunksInOrder(t *testing.T) {
	t.Parallel()
	a, b := Hash{1}, Hash{2}
	seen := map[Hash]bool{}
	for _, chunks := range [][]Hash{{a}, {b}, {a, b}, {b, a}, {a, a}, {a, b, b}} {
		h := HashAttachment(chunks)
		if seen[h] {
			t.Errorf("%v has the hash of others", chunks)
		}
		seen[h] = true
	}
	if HashAttachment([]Hash{a, b}) != HashOf(hashAttachment, append(a[:], b[:]...)) {
		t.Error("another hash than that of the hashes, joined")
	}
}

func TestRecordsAreSealedAndAttachmentsAreNot(t *testing.T) {
	t.Parallel()
	for kind := range RecordKind(255) {
		if got, want := kind.Sealed(), kind >= 1 && kind <= 7; got != want {
			t.Errorf("kind %d: %v", kind, got)
		}
		valid := Line{Kind: kind, ID: ID{1}, Version: 1, Epoch: 1, Hash: Hash{1}}.valid()
		if valid != kind.Sealed() {
			t.Errorf("a line of kind %d with an epoch is valid: %v", kind, valid)
		}
	}
}

func TestRecordKindsHaveOneWord(t *testing.T) {
	t.Parallel()
	for kind := range RecordKind(255) {
		word := kind.Wire()
		if (word != "") != (kind.Sealed() || kind == Attachment) {
			t.Errorf("kind %d: %q", kind, word)
		}
		if got, err := ParseRecordKind(word); word != "" && (err != nil || got != kind) {
			t.Errorf("%q: %d, %v", word, got, err)
		}
	}
	if _, err := ParseRecordKind(""); !errors.Is(err, ErrEncoding) {
		t.Error(err)
	}
}
