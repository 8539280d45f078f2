package chain

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Format is the first byte of every encoded object.
const Format byte = 2

// MaxNumber bounds generations, sequence numbers, revisions, counts and times: the largest integer that JavaScript holds exactly.
const MaxNumber int64 = 1<<53 - 1

const (
	signedPrefix = "vaultsphere/v2/"
	hashedPrefix = "vaultsphere/v2/hash/"
)

const (
	idSize   = 16
	hashSize = sha256.Size
)

// ID identifies a user, a vault, an item or an attachment: 16 random bytes.
type ID [idSize]byte

// idEncoding is strict: each id has one spelling.
var idEncoding = base64.RawURLEncoding.Strict()

// ParseID reads base64url without padding, 22 characters. It returns ErrEncoding for any other text.
func ParseID(s string) (id ID, err error) {
	// Even a strict decoder skips line breaks, and then returns fewer than 16 bytes.
	if len(s) != idEncoding.EncodedLen(idSize) {
		return id, fmt.Errorf("id: %w", ErrEncoding)
	}
	if n, err := idEncoding.Decode(id[:], []byte(s)); err != nil || n != idSize {
		return ID{}, fmt.Errorf("id: %w", ErrEncoding)
	}
	return id, nil
}

// String returns the text that ParseID reads.
func (id ID) String() string { return idEncoding.EncodeToString(id[:]) }

// Hash is a SHA-256 hash of this format. The zero Hash means "none".
type Hash [hashSize]byte

// String returns lower-case hex, 64 characters.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// What names what a hash covers, so that hashes of different things are never equal.
type What string

const (
	HashToken      What = "token"      // the text of a sealed record
	HashChunk      What = "chunk"      // the text of a sealed chunk
	HashAttachment What = "attachment" // the hashes of all chunks
	HashEnvelope   What = "envelope"
	HashAnnex      What = "annex"
	HashWrap       What = "wrap"
	HashIdentity   What = "identity"
	HashAuthKey    What = "auth-key"
	hashOperations What = "operations"
	hashBucket     What = "bucket"
	hashRoot       What = "root"
)

// HashOf hashes content as what.
func HashOf(what What, content []byte) Hash {
	return sha256.Sum256(append(appendField([]byte(hashedPrefix), what), content...))
}

// signed returns the bytes that are signed for a body of kind. Their SHA-256 is the hash of the object.
func signed(kind Kind, body []byte) []byte {
	return append(appendField([]byte(signedPrefix), kind), body...)
}

// appendField appends the length in one byte, and the text. Callers bound it to 255 bytes.
func appendField[T ~string | ~[]byte](b []byte, field T) []byte {
	return append(append(b, byte(len(field))), field...) // #nosec G115 -- bounded by the callers
}

func appendNumber(b []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(n)) // #nosec G115 -- not negative
}

func boundedNumber(n int64) bool { return n >= 0 && n <= MaxNumber }

// reader takes values off an encoding. After the first that does not fit it returns zero values, and ok stays false.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad = true
		return make([]byte, max(n, 0))
	}
	taken := r.b[:n:n]
	r.b = r.b[n:]
	return taken
}

func (r *reader) refuse(wrong bool) {
	if wrong {
		r.bad = true
	}
}

func (r *reader) byte() byte     { return r.take(1)[0] }
func (r *reader) uint16() uint16 { return binary.BigEndian.Uint16(r.take(2)) }
func (r *reader) uint32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *reader) id() ID         { return ID(r.take(idSize)) }
func (r *reader) hash() Hash     { return Hash(r.take(hashSize)) }
func (r *reader) field() string  { return string(r.take(int(r.byte()))) }

func (r *reader) number() int64 {
	n := binary.BigEndian.Uint64(r.take(8))
	r.refuse(n > uint64(MaxNumber))
	return int64(n & uint64(MaxNumber)) // #nosec G115 -- bounded
}

// long reads a text with its length in four bytes, of at most limit bytes.
func (r *reader) long(limit int) string {
	n := r.uint32()
	if uint64(n) > uint64(limit) { // #nosec G115 -- limits are small and positive
		r.bad = true
		return ""
	}
	return string(r.take(int(n)))
}

func (r *reader) format() { r.refuse(r.byte() != Format) }

// signatures reads what is left: one or more signatures, at most two.
func (r *reader) signatures() []Signature {
	n := len(r.b) / signatureSize
	r.refuse(len(r.b)%signatureSize != 0 || n < 1 || n > 2)
	if r.bad {
		return nil
	}
	out := make([]Signature, n)
	for i := range out {
		out[i] = Signature(r.take(signatureSize))
	}
	return out
}
