package chain

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
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

// Groups returns the first 200 bits of the hash, modulo 10^60, as 12 groups of 5 digits, for two people to compare.
func (h Hash) Groups() string {
	const groups, group = 12, 100_000
	number := h[:25]
	parts := make([]string, groups)
	for i := range groups {
		rest := 0
		for j, b := range number { // long division in base 256
			rest = rest<<8 | int(b)
			number[j] = byte(rest / group) // #nosec G115 -- below 256, as the rest is below the divisor
			rest %= group
		}
		parts[groups-1-i] = fmt.Sprintf("%05d", rest)
	}
	return strings.Join(parts, " ")
}

// What names what a hash covers, so that hashes of different things are never equal.
type What string

const (
	HashToken      What = "token" // the text of a sealed record
	HashChunk      What = "chunk" // the text of a sealed chunk
	HashEnvelope   What = "envelope"
	HashAnnex      What = "annex"
	HashWrap       What = "wrap"
	HashIdentity   What = "identity"
	HashAuthKey    What = "auth-key"
	HashOffer      What = "offer"      // of an invitation
	hashAttachment What = "attachment" // the hashes of all chunks
	hashOperations What = "operations"
	hashBucket     What = "bucket"
	hashRoot       What = "root"
)

// HashOf hashes content as what.
func HashOf(what What, content []byte) Hash {
	return sha256.Sum256(append(appendField([]byte(hashedPrefix), what), content...))
}

// TokenHasher hashes many tokens with one buffer. The zero value is ready. It is not safe for concurrent use.
type TokenHasher struct{ b []byte }

// Hash returns HashOf(HashToken, token).
func (t *TokenHasher) Hash(token string) Hash {
	if t.b == nil {
		t.b = appendField([]byte(hashedPrefix), HashToken)
	}
	prefix := len(hashedPrefix) + 1 + len(HashToken)
	t.b = append(t.b[:prefix], token...)
	return sha256.Sum256(t.b)
}

// HashAttachment returns what the Line of an attachment names: a hash over the HashChunk of all tokens, in order.
func HashAttachment(chunks []Hash) Hash {
	b := make([]byte, 0, len(chunks)*hashSize)
	for _, h := range chunks {
		b = append(b, h[:]...)
	}
	return HashOf(hashAttachment, b)
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

// Decoder takes values off an encoding. After the first that does not fit it returns zero values, and OK stays false.
type Decoder struct {
	b   []byte
	bad bool
}

// NewDecoder returns a Decoder of b, which begins with Format.
func NewDecoder(b []byte) *Decoder {
	d := &Decoder{b: b}
	d.Refuse(d.Byte() != Format)
	return d
}

// Take returns the next n bytes, which it does not copy.
func (d *Decoder) Take(n int) []byte {
	if d.bad || n < 0 || n > len(d.b) {
		d.bad = true
		return make([]byte, max(n, 0))
	}
	taken := d.b[:n:n]
	d.b = d.b[n:]
	return taken
}

// Refuse makes OK false if something is wrong.
func (d *Decoder) Refuse(wrong bool) { d.bad = d.bad || wrong }

func (d *Decoder) Byte() byte     { return d.Take(1)[0] }
func (d *Decoder) Uint16() uint16 { return binary.BigEndian.Uint16(d.Take(2)) }
func (d *Decoder) Uint32() uint32 { return binary.BigEndian.Uint32(d.Take(4)) }
func (d *Decoder) ID() ID         { return ID(d.Take(idSize)) }
func (d *Decoder) Hash() Hash     { return Hash(d.Take(hashSize)) }

// Number reads 0 to MaxNumber.
func (d *Decoder) Number() int64 {
	n := binary.BigEndian.Uint64(d.Take(8))
	d.Refuse(n > uint64(MaxNumber))
	return int64(n & uint64(MaxNumber)) // #nosec G115 -- bounded
}

// Left returns the number of bytes that are left.
func (d *Decoder) Left() int { return len(d.b) }

// Bad reports whether a value did not fit.
func (d *Decoder) Bad() bool { return d.bad }

// OK reports whether everything fitted and nothing is left.
func (d *Decoder) OK() bool { return !d.bad && len(d.b) == 0 }

func (d *Decoder) field() string { return string(d.Take(int(d.Byte()))) }

// long reads a text with its length in four bytes, of at most limit bytes.
func (d *Decoder) long(limit int) string {
	n := d.Uint32()
	if uint64(n) > uint64(limit) { // #nosec G115 -- limits are small and positive
		d.bad = true
		return ""
	}
	return string(d.Take(int(n)))
}

// signatures reads the rest, which must be one or two signatures.
func (d *Decoder) signatures() []Signature {
	n := len(d.b) / signatureSize
	d.Refuse(len(d.b)%signatureSize != 0 || n < 1 || n > 2)
	if d.bad {
		return nil
	}
	out := make([]Signature, n)
	for i := range out {
		out[i] = Signature(d.Take(signatureSize))
	}
	return out
}
