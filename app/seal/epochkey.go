package seal

import (
	"encoding/binary"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// EpochKey is the key of a vault in one epoch. All members have it.
type EpochKey struct{ secret }

// NewEpochKey returns a random key.
func NewEpochKey() EpochKey {
	return EpochKey{sealing.New()}
}

// Equal compares in constant time.
func (k EpochKey) Equal(o EpochKey) bool { return sealing.Equal(&k.secret, &o.secret) }

// Wipe does what MasterKey.Wipe does.
func (k *EpochKey) Wipe() { sealing.Wipe(&k.secret) }

// Commitment is public and names the key: a Fernet token can be made to open under two keys, so that members would read different
// things.
func (k EpochKey) Commitment(vault chain.ID, epoch uint32) chain.Hash {
	s := sealing.Derive(&k.secret, string(appendEpoch([]byte(labelCommit), vault, epoch)))
	return chain.Hash(sealing.Bytes(&s))
}

func appendEpoch(b []byte, vault chain.ID, epoch uint32) []byte {
	return binary.BigEndian.AppendUint32(append(b, vault[:]...), epoch)
}

// RecordPlace identifies a sealed record. The key of the record is derived from it, so a token opens only in its place.
type RecordPlace struct {
	Vault   chain.ID
	Epoch   uint32 // whose key seals the record
	Item    chain.ID
	Kind    chain.RecordKind // not chain.Attachment
	Version uint32           // 1, 2, 3 …
}

// check returns ErrBadPlace for an invalid place. The error does not quote the place, which comes from the server.
func (p RecordPlace) check() error {
	switch {
	case p.Vault == chain.ID{} || p.Item == chain.ID{}:
		return fmt.Errorf("%w: an id is empty", ErrBadPlace)
	case p.Epoch < 1 || p.Version < 1:
		return fmt.Errorf("%w: epoch or version is 0", ErrBadPlace)
	case !p.Kind.Sealed():
		return fmt.Errorf("%w: kind is unknown", ErrBadPlace)
	}
	return nil
}

// append appends vault, epoch, item, kind and version.
func (p RecordPlace) append(b []byte) []byte {
	b = appendEpoch(b, p.Vault, p.Epoch)
	b = append(b, p.Item[:]...)
	b = append(b, byte(p.Kind))
	return binary.BigEndian.AppendUint32(b, p.Version)
}

func (r *reader) recordPlace() RecordPlace {
	p := RecordPlace{Vault: r.ID(), Epoch: r.Uint32(), Item: r.ID(), Kind: chain.RecordKind(r.Byte()), Version: r.Uint32()}
	r.Refuse(p.check() != nil)
	return p
}

// Origin names the write that a record replaces unchanged, when a client seals a record again under a new epoch. It is zero for a
// record that its author changed.
type Origin struct {
	Author   chain.ID
	Revision int64
}

func (o Origin) valid() bool {
	return o == Origin{} || o.Author != chain.ID{} && validNumber(o.Revision)
}

// Record is the plaintext of a record without its place.
type Record struct {
	Origin  Origin
	Content []byte
}

// recordHead encodes what precedes the content: format, type, place, and 0, or 1 and the origin.
func recordHead(p RecordPlace, o Origin) []byte {
	b := append(make([]byte, 0, 96), chain.Format, plainRecord)
	b = p.append(b)
	if o == (Origin{}) {
		return append(b, 0)
	}
	b = append(append(b, 1), o.Author[:]...)
	return appendNumber(b, o.Revision)
}

// parseRecord reverses pad(recordHead(p, r.Origin), r.Content). It accepts only plaintexts that this can produce. The content shares
// memory with b.
func parseRecord(b []byte) (p RecordPlace, r Record, ok bool) {
	in := read(b, plainRecord)
	p = in.recordPlace()
	switch in.Byte() {
	case 0:
	case 1:
		r.Origin = Origin{Author: in.ID(), Revision: in.number()}
		in.Refuse(r.Origin.Author == chain.ID{})
	default:
		return p, r, false
	}
	if in.Bad() {
		return p, r, false
	}
	r.Content, ok = sealing.CutPadded(b, len(b)-in.Left())
	return p, r, ok
}

// RecordKeys derives the keys of the records of an epoch. It has done the half of HKDF that is the same for all of them.
type RecordKeys struct{ secret }

// Records returns the keys of the records of this epoch.
func (k EpochKey) Records() RecordKeys { return RecordKeys{sealing.Extract(&k.secret)} }

// Wipe does what MasterKey.Wipe does.
func (k *RecordKeys) Wipe() { sealing.Wipe(&k.secret) }

func (k RecordKeys) key(p RecordPlace) secret {
	return sealing.Expand(&k.secret, string(p.append([]byte(labelRecord))))
}

// Seal is RecordKeys.Seal.
func (k EpochKey) Seal(p RecordPlace, r Record) (string, error) { return k.Records().Seal(p, r) }

// Open is RecordKeys.Open.
func (k EpochKey) Open(p RecordPlace, token string) (Record, error) {
	return k.Records().Open(p, token)
}

// Seal encrypts a record with a random IV. It returns ErrBadPlace, or a *RecordError with ErrTooLarge for more than about 40,900 bytes.
func (k RecordKeys) Seal(p RecordPlace, r Record) (string, error) {
	if err := p.check(); err != nil {
		return "", err
	}
	if !r.Origin.valid() {
		return "", fmt.Errorf("%w: origin", ErrBadPlace)
	}
	head := recordHead(p, r.Origin)
	if len(r.Content) > sealing.MaxCiphertext || sealing.Bucket(len(head)+sealing.LengthSize+len(r.Content)) > sealing.MaxCiphertext {
		return "", &RecordError{p, ErrTooLarge}
	}
	b := pad(head, r.Content)
	defer clear(b)
	return sealing.SealToken(k.key(p), b)
}

// Open decrypts a token of Seal for the same place. It returns ErrBadPlace, or a *RecordError: with ErrAltered if the token was truncated,
// altered, sealed under another key or taken from another place; with ErrMisplaced if its plaintext names another place, which
// only a faulty client with the epoch key can produce.
func (k RecordKeys) Open(p RecordPlace, token string) (Record, error) {
	if err := p.check(); err != nil {
		return Record{}, err
	}
	b, err := sealing.OpenToken(k.key(p), token)
	if err != nil {
		return Record{}, &RecordError{p, ErrAltered}
	}
	sealed, r, ok := parseRecord(b)
	if !ok {
		return Record{}, &RecordError{p, ErrAltered}
	}
	if sealed != p {
		return Record{}, &RecordError{p, ErrMisplaced}
	}
	return r, nil
}
