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

// decoder takes values off an encoding. After the first that does not fit it returns zero values, and ok stays false.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) take(n int) []byte {
	if d.bad || n < 0 || n > len(d.b) {
		d.bad = true
		return make([]byte, max(n, 0))
	}
	taken := d.b[:n:n]
	d.b = d.b[n:]
	return taken
}

func (d *decoder) refuse(wrong bool) {
	if wrong {
		d.bad = true
	}
}

func (d *decoder) byte() byte     { return d.take(1)[0] }
func (d *decoder) uint16() uint16 { return binary.BigEndian.Uint16(d.take(2)) }
func (d *decoder) uint32() uint32 { return binary.BigEndian.Uint32(d.take(4)) }
func (d *decoder) id() ID         { return ID(d.take(idSize)) }
func (d *decoder) hash() Hash     { return Hash(d.take(hashSize)) }
func (d *decoder) field() string  { return string(d.take(int(d.byte()))) }

func (d *decoder) number() int64 {
	n := binary.BigEndian.Uint64(d.take(8))
	d.refuse(n > uint64(MaxNumber))
	return int64(n & uint64(MaxNumber)) // #nosec G115 -- bounded
}

// long reads a text with its length in four bytes, of at most limit bytes.
func (d *decoder) long(limit int) string {
	n := d.uint32()
	if uint64(n) > uint64(limit) { // #nosec G115 -- limits are small and positive
		d.bad = true
		return ""
	}
	return string(d.take(int(n)))
}

func (d *decoder) format() { d.refuse(d.byte() != Format) }

// signatures reads the rest, which must be one or two signatures.
func (d *decoder) signatures() []Signature {
	n := len(d.b) / signatureSize
	d.refuse(len(d.b)%signatureSize != 0 || n < 1 || n > 2)
	if d.bad {
		return nil
	}
	out := make([]Signature, n)
	for i := range out {
		out[i] = Signature(d.take(signatureSize))
	}
	return out
}
