package chain

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"sort"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// RecordKind is the kind of a sealed record, or an attachment.
type RecordKind byte

const (
	RecordOverview   RecordKind = 1
	RecordDetails    RecordKind = 2
	RecordVault      RecordKind = 3 // the name of the vault: written by managers and owners
	RecordPin        RecordKind = 4 // this and the next three: in personal vaults only
	RecordPasskey    RecordKind = 5
	RecordInvitation RecordKind = 6
	RecordGrant      RecordKind = 7
	Attachment       RecordKind = 16
)

// Sealed reports whether k is the kind of a sealed record. An attachment is sealed in chunks, and is not one.
func (k RecordKind) Sealed() bool { return k >= RecordOverview && k <= RecordGrant }

// recordKinds has the word of each kind on the wire.
var recordKinds = map[RecordKind]protocol.RecordKind{
	RecordOverview: protocol.RecordOverview, RecordDetails: protocol.RecordDetails, RecordVault: protocol.RecordVault,
	RecordPin: protocol.RecordPin, RecordPasskey: protocol.RecordPasskey, RecordInvitation: protocol.RecordInvitation,
	RecordGrant: protocol.RecordGrant, Attachment: protocol.RecordAttachment,
}

// Wire returns the word for a kind on the wire.
func (k RecordKind) Wire() protocol.RecordKind { return recordKinds[k] }

// ParseRecordKind reverses Wire.
func ParseRecordKind(word protocol.RecordKind) (RecordKind, error) {
	for k, w := range recordKinds {
		if w == word {
			return k, nil
		}
	}
	return 0, fmt.Errorf("record kind: %w", ErrEncoding)
}

// Line is one live thing of a vault: a record at its place, or an attachment.
type Line struct {
	Kind    RecordKind
	ID      ID     // of the item, or of the attachment
	Version uint32 // of a record, from 1; of an attachment, the number of chunks
	Epoch   uint32 // whose key seals the record; 0 for an attachment, which has its own key
	Hash    Hash   // HashToken of the record's token, or HashAttachment over the hashes of the chunks
}

const (
	placeSize = 1 + idSize + 4 + 4
	lineSize  = placeSize + hashSize
	// OperationSize is the size of an encoded operation.
	OperationSize = lineSize + 1
	// MaxOperations bounds a write.
	MaxOperations = 2000
	buckets       = 256
)

func (l Line) append(b []byte) []byte {
	b = append(b, byte(l.Kind))
	b = append(b, l.ID[:]...)
	b = binary.BigEndian.AppendUint32(b, l.Version)
	b = binary.BigEndian.AppendUint32(b, l.Epoch)
	return append(b, l.Hash[:]...)
}

// compareLines orders lines as their encodings.
func compareLines(a, b Line) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), bytes.Compare(a.ID[:], b.ID[:]), cmp.Compare(a.Version, b.Version),
		cmp.Compare(a.Epoch, b.Epoch), bytes.Compare(a.Hash[:], b.Hash[:]))
}

func (d *Decoder) line() Line {
	return Line{Kind: RecordKind(d.Byte()), ID: d.ID(), Version: d.Uint32(), Epoch: d.Uint32(), Hash: d.Hash()}
}

func (l Line) valid() bool {
	return (l.Kind.Sealed() || l.Kind == Attachment) && l.ID != ID{} && l.Version > 0 && l.Hash != Hash{} && (l.Kind == Attachment) == (l.Epoch == 0)
}

// key is what may be live once: an item's record of one kind and version, in whatever epoch, or an attachment.
type key struct {
	kind    RecordKind
	id      ID
	version uint32
}

func (l Line) key() key {
	if l.Kind == Attachment {
		return key{kind: l.Kind, id: l.ID}
	}
	return key{l.Kind, l.ID, l.Version}
}

// Operation puts or deletes a line. A delete names the hash of what it deletes.
type Operation struct {
	Line
	Delete bool
}

// EncodeOperations returns the operations, which must be in ascending order of their places.
func EncodeOperations(ops []Operation) []byte {
	b := make([]byte, 0, OperationSize*len(ops))
	for _, o := range ops {
		b = o.append(b)
		b = append(b, map[bool]byte{true: 1}[o.Delete])
	}
	return b
}

// HashOperations returns what a Write names in Operations.
func HashOperations(ops []Operation) Hash { return HashOf(hashOperations, EncodeOperations(ops)) }

// SortOperations puts operations in the order that EncodeOperations needs.
func SortOperations(ops []Operation) {
	sort.Slice(ops, func(i, j int) bool { return compareLines(ops[i].Line, ops[j].Line) < 0 })
}

// ParseOperations reads what EncodeOperations returned.
func ParseOperations(b []byte) ([]Operation, error) {
	if len(b)%OperationSize != 0 || len(b) == 0 || len(b) > OperationSize*MaxOperations {
		return nil, fmt.Errorf("%w: number", ErrOperations)
	}
	r := &Decoder{b: b}
	ops := make([]Operation, 0, len(b)/OperationSize)
	for len(r.b) > 0 && !r.bad {
		o := Operation{Line: r.line()}
		deletes := r.Byte()
		r.Refuse(deletes > 1)
		o.Delete = deletes == 1
		ops = append(ops, o)
	}
	if r.bad {
		return nil, fmt.Errorf("%w: %w", ErrOperations, ErrEncoding)
	}
	return ops, checkOperations(ops)
}

// checkOperations checks that the places are in ascending order, each once.
func checkOperations(ops []Operation) error {
	if len(ops) == 0 || len(ops) > MaxOperations {
		return fmt.Errorf("%w: number", ErrOperations)
	}
	var before []byte
	for _, o := range ops {
		place := o.append(nil)[:placeSize]
		if !o.valid() || bytes.Compare(before, place) >= 0 {
			return fmt.Errorf("%w: place", ErrOperations)
		}
		before = place
	}
	return nil
}

// allowed says which operations an author with this role may sign in a vault of this type.
func allowed(ops []Operation, t Type, role Role, epoch uint32) error {
	for _, o := range ops {
		switch {
		case o.Kind >= RecordPin && o.Kind <= RecordGrant && t != Personal:
			return fmt.Errorf("%w: record kind %d is for personal vaults", ErrOperations, o.Kind)
		case o.Kind == RecordVault && role < Manager:
			return ErrRole
		case !o.Delete && o.Kind != Attachment && o.Epoch != epoch:
			return ErrEpoch
		}
	}
	return nil
}

// Live holds the live lines of a vault, in 256 buckets by the first byte of their id. The root covers the hashes of the buckets, so a
// change needs only the lines of the buckets that it touches.
type Live struct {
	vault  ID
	lines  [buckets]map[key]Line // nil for a bucket that was not loaded
	hashes [buckets]Hash
	count  int64
}

// NewLive returns the content of an empty vault.
func NewLive(vault ID) *Live {
	l := &Live{vault: vault}
	for i := range l.lines {
		l.lines[i] = map[key]Line{}
		l.hashes[i] = hashLines(nil)
	}
	return l
}

// PartOfLive returns a Live of which only the hashes of the buckets are known. Load the buckets that the operations touch.
func PartOfLive(vault ID, hashes [buckets]Hash, count int64) *Live {
	return &Live{vault: vault, hashes: hashes, count: count}
}

// LiveOf returns the content of a vault with these lines. It returns ErrRoot if a line is not valid, or there twice in any version.
func LiveOf(vault ID, lines []Line) (*Live, error) {
	l := NewLive(vault)
	for _, line := range lines {
		m := l.lines[Bucket(line.ID)]
		if _, twice := m[line.key()]; twice || !line.valid() {
			return nil, fmt.Errorf("%w: a line is not valid, or repeated", ErrRoot)
		}
		m[line.key()] = line
	}
	for i, m := range l.lines {
		l.hashes[i] = hashLines(m)
	}
	l.count = int64(len(lines))
	return l, nil
}

// Clone returns a copy that changes apart from l. It shares the lines with l until then.
func (l *Live) Clone() *Live {
	c := *l // change replaces the lines of a bucket, and never writes to them
	return &c
}

// Find returns the line that is live for a record, in whatever epoch, or for an attachment, for which version is of no account.
func (l *Live) Find(kind RecordKind, id ID, version uint32) (Line, bool) {
	line, ok := l.lines[Bucket(id)][Line{Kind: kind, ID: id, Version: version}.key()]
	return line, ok
}

// Bucket returns the number of the bucket for an id.
func Bucket(id ID) byte { return id[0] }

// Load adds the lines of a bucket. It returns ErrRoot if the hash of the bucket covers other lines.
func (l *Live) Load(bucket byte, lines []Line) error {
	m := make(map[key]Line, len(lines))
	for _, line := range lines {
		if _, twice := m[line.key()]; twice || !line.valid() || Bucket(line.ID) != bucket {
			return fmt.Errorf("%w: bucket %d", ErrRoot, bucket)
		}
		m[line.key()] = line
	}
	if hashLines(m) != l.hashes[bucket] {
		return fmt.Errorf("%w: bucket %d", ErrRoot, bucket)
	}
	l.lines[bucket] = m
	return nil
}

// Lines returns the lines of a bucket in their order.
func (l *Live) Lines(bucket byte) []Line { return ordered(l.lines[bucket]) }

// Hashes returns the hashes of the buckets.
func (l *Live) Hashes() [buckets]Hash { return l.hashes }

// Count returns the number of lines.
func (l *Live) Count() int64 { return l.count }

// Root returns the hash over everything that is live.
func (l *Live) Root() Hash {
	b := append(make([]byte, 0, idSize+buckets*hashSize), l.vault[:]...)
	for _, h := range l.hashes {
		b = append(b, h[:]...)
	}
	return HashOf(hashRoot, b)
}

func ordered(m map[key]Line) []Line {
	lines := slices.Collect(maps.Values(m))
	sort.Slice(lines, func(i, j int) bool { return compareLines(lines[i], lines[j]) < 0 })
	return lines
}

func hashLines(m map[key]Line) Hash {
	// Sorting the encodings is faster than sorting lines, whose order is the same.
	lines := make([][lineSize]byte, 0, len(m))
	var buffer [lineSize]byte
	for _, line := range m {
		lines = append(lines, [lineSize]byte(line.append(buffer[:0])))
	}
	sort.Slice(lines, func(i, j int) bool { return bytes.Compare(lines[i][:], lines[j][:]) < 0 })
	b := make([]byte, 0, len(lines)*lineSize)
	for i := range lines {
		b = append(b, lines[i][:]...)
	}
	return HashOf(hashBucket, b)
}

// Apply carries out operations. It returns ErrOperations, and changes nothing, if one puts a line that is live, deletes a line that is
// not, or is in a bucket that was not loaded.
func (l *Live) Apply(ops []Operation) error {
	if err := checkOperations(ops); err != nil {
		return err
	}
	return l.change(ops)
}

// Undo reverses Apply, so that Root is that of the revision before. It returns ErrOperations, and changes nothing, if the operations
// are not the newest.
func (l *Live) Undo(ops []Operation) error {
	if err := checkOperations(ops); err != nil {
		return err
	}
	reversed := slices.Clone(ops)
	slices.Reverse(reversed)
	for i := range reversed {
		reversed[i].Delete = !reversed[i].Delete
	}
	return l.change(reversed)
}

// Catch carries out what several writes did together, deletes before puts: a record that was put and deleted since is not among ops.
// It returns what Apply does, and has no limit. The caller compares the root.
func (l *Live) Catch(ops []Operation) error { return l.change(ops) }

func (l *Live) change(ops []Operation) error {
	changed := map[byte]map[key]Line{}
	count := l.count
	for _, o := range ops {
		bucket := Bucket(o.ID)
		m, ok := changed[bucket]
		if !ok {
			if l.lines[bucket] == nil {
				return fmt.Errorf("%w: bucket %d is not loaded", ErrOperations, bucket)
			}
			m = maps.Clone(l.lines[bucket])
			changed[bucket] = m
		}
		is, live := m[o.key()]
		switch {
		case o.Delete && (!live || is != o.Line):
			return fmt.Errorf("%w: the deleted line is not live", ErrOperations)
		case !o.Delete && live:
			return fmt.Errorf("%w: the line is live already", ErrOperations)
		case o.Delete:
			delete(m, o.key())
			count--
		default:
			m[o.key()] = o.Line
			count++
		}
	}
	for bucket, m := range changed {
		l.lines[bucket], l.hashes[bucket] = m, hashLines(m)
	}
	l.count = count
	return nil
}

// Admit returns the state after one more write with its operations, and applies them to live. It is the check of the server before
// it stores a write, and of a client that replays one. An error leaves live as it was.
func (s State) Admit(w *Write, ops []Operation, live *Live, cards *Cards) (State, error) {
	if w.Revision != s.Revision+1 { // Follow would take a later one whose skip link leads to s
		return s, w.refuse(fmt.Errorf("%w: does not follow revision %d", ErrFork, s.Revision))
	}
	next, err := s.Follow(nil, []*Write{w}, cards)
	if err != nil {
		return s, err
	}
	if w.Operations != HashOperations(ops) {
		return s, w.refuse(ErrOperations)
	}
	if err := allowed(ops, s.Entry.Type, s.Entry.Member(w.Author).Role, w.Epoch); err != nil {
		return s, w.refuse(err)
	}
	if err := live.Apply(ops); err != nil {
		return s, w.refuse(err)
	}
	if w.Count != live.Count() || w.Root != live.Root() {
		if err := live.Undo(ops); err != nil {
			return s, w.refuse(err)
		}
		return s, w.refuse(ErrRoot)
	}
	return next, nil
}
