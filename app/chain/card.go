package chain

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cloudflare/circl/dh/x25519"
	"github.com/cloudflare/circl/kem/xwing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const (
	signatureSize = ed25519.SignatureSize
	kemKeySize    = 1216 // MLKEM768X25519: 1184 bytes of ML-KEM-768, then 32 of X25519
	x25519Size    = 32
)

// Signature is an Ed25519 signature (RFC 8032).
type Signature [signatureSize]byte

// Signer signs with the Ed25519 key of a card.
type Signer interface {
	Sign(message []byte) Signature
}

// Card is the public identity of a user. A new one, of the next generation, replaces it when the keys or the username change.
type Card struct {
	User       ID
	Username   string
	Generation int64 // 1, 2, 3 …
	SigningKey [ed25519.PublicKeySize]byte
	KEMKey     []byte // HPKE public key of MLKEM768X25519 (X-Wing)
	Previous   Hash   // zero for generation 1
	// Own is the signature with SigningKey. Above generation 1, Before is the signature with the key of the card before.
	Own, Before Signature
}

func (c *Card) body() []byte {
	b := append(make([]byte, 0, 1536), Format)
	b = append(b, c.User[:]...)
	b = appendField(b, c.Username)
	b = appendNumber(b, c.Generation)
	b = append(b, c.SigningKey[:]...)
	b = append(b, c.KEMKey...)
	return append(b, c.Previous[:]...)
}

// Message returns the bytes to sign.
func (c *Card) Message() []byte { return signed(KindCard, c.body()) }

// Hash identifies the card. It does not cover the signatures.
func (c *Card) Hash() Hash { return sha256.Sum256(c.Message()) }

// Sign signs the card with its own key and, above generation 1, with the key of the card before.
func (c *Card) Sign(own, before Signer) {
	message := c.Message()
	c.Own = own.Sign(message)
	if c.Generation > 1 {
		c.Before = before.Sign(message)
	}
}

// Encode returns the body and the signatures.
func (c *Card) Encode() []byte {
	b := append(c.body(), c.Own[:]...)
	if c.Generation > 1 {
		b = append(b, c.Before[:]...)
	}
	return b
}

// ParseCard reads what Encode returned and checks everything that the card says about itself: see ErrCard.
func ParseCard(b []byte) (*Card, error) {
	r := NewDecoder(b)
	c := &Card{User: r.ID(), Username: r.field(), Generation: r.Number()}
	copy(c.SigningKey[:], r.Take(len(c.SigningKey)))
	c.KEMKey = bytes.Clone(r.Take(kemKeySize))
	c.Previous = r.Hash()
	signatures := r.signatures()
	r.Refuse((len(signatures) == 2) != (c.Generation > 1))
	if r.bad {
		return nil, &Error{Kind: KindCard, Err: ErrEncoding}
	}
	c.Own = signatures[0]
	if c.Generation > 1 {
		c.Before = signatures[1]
	}
	return c, c.check()
}

func (c *Card) check() error {
	refuse := func(err error, why string) error {
		return &Error{Kind: KindCard, Number: c.Generation, Author: c.User, Err: fmt.Errorf("%w: %s", err, why)}
	}
	switch {
	case c.User == ID{}:
		return refuse(ErrCard, "no user")
	case !ValidUsername(c.Username):
		return refuse(ErrCard, "username")
	case c.Generation < 1 || (c.Generation == 1) != (c.Previous == Hash{}):
		return refuse(ErrCard, "generation")
	case !canonicalSigningKey(c.SigningKey):
		return refuse(ErrCard, "signing key")
	case !ValidKEMKey(c.KEMKey):
		return refuse(ErrCard, "encapsulation key")
	case !ed25519.Verify(c.SigningKey[:], c.Message(), c.Own[:]):
		return refuse(ErrSignature, "of the card itself")
	}
	return nil
}

// ValidUsername is the weaker half of the server's rule, which also forbids look-alikes: what a card may show as a name.
func ValidUsername(s string) bool {
	forbidden := func(r rune) bool { return r == '#' || !unicode.IsGraphic(r) || unicode.IsSpace(r) }
	return s != "" && len(s) <= 255 && utf8.ValidString(s) && utf8.RuneCountInString(s) <= protocol.MaxUsernameRunes &&
		!strings.ContainsFunc(s, forbidden)
}

// smallOrder are the y coordinates of the points of order 1, 2, 4 and 8 on edwards25519, as encoded without the sign of x: 0, 1,
// −1, and the two of order 8.
var smallOrder = [...]string{
	"\x00" + zeros, "\x01" + zeros, "\xec" + ones + "\x7f",
	"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
	"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
}

var (
	zeros = strings.Repeat("\x00", 31)
	ones  = strings.Repeat("\xff", 30)
)

// reduced reports whether a coordinate is below 2^255 − 19, the modulus of Curve25519. A larger one would be a second encoding of a
// point. Coordinates are in little-endian order (RFC 7748 §5, RFC 8032 §5.1.2).
func reduced(b []byte) bool {
	last := len(b) - 1
	return b[last] < 0x7f || b[last] == 0x7f && (string(b[1:last]) != ones || b[0] < 0xed)
}

// canonicalSigningKey refuses a key with a second encoding, and the points of small order, for which crypto/ed25519 accepts
// signatures that fit many messages. ed25519.Verify refuses keys that are not on the curve.
func canonicalSigningKey(key [ed25519.PublicKeySize]byte) bool {
	key[len(key)-1] &= 0x7f // the sign of x
	return reduced(key[:]) && !slices.Contains(smallOrder[:], string(key[:]))
}

// ValidKEMKey reports whether a card may have this key. It refuses a key with a second spelling, and one to which nothing can be encapsulated: such a member would block
// every new epoch.
func ValidKEMKey(key []byte) bool {
	if len(key) != kemKeySize || !reduced(key[kemKeySize-x25519Size:]) {
		return false
	}
	var public xwing.PublicKey
	if public.Unpack(key) != nil {
		return false
	}
	return !SmallOrder(key[kemKeySize-x25519Size:])
}

// SmallOrder reports whether the secret that X25519 gives for a point of 32 bytes is known to everybody (RFC 7748 §6.1).
func SmallOrder(point []byte) bool {
	var shared, scalar, public x25519.Key
	copy(public[:], point)
	return !x25519.Shared(&shared, &scalar, &public)
}

// Fingerprint is Groups of the card's hash.
func (c *Card) Fingerprint() string { return c.Hash().Groups() }

// Cards are cards by their hash. Being in it means that a card is well formed, not that anybody trusts it: rosters and pins do
// that.
type Cards struct {
	byHash       map[Hash]*Card
	byGeneration map[cardNumber]Hash
}

type cardNumber struct {
	user       ID
	generation int64
}

// Add returns ErrTwoCards, and keeps the first, if another card of this user and generation is there already.
func (cs *Cards) Add(c *Card) error {
	if err := c.check(); err != nil {
		return err
	}
	if cs.byHash == nil {
		cs.byHash, cs.byGeneration = map[Hash]*Card{}, map[cardNumber]Hash{}
	}
	hash, number := c.Hash(), cardNumber{c.User, c.Generation}
	if other, ok := cs.byGeneration[number]; ok && other != hash {
		return &Error{Kind: KindCard, Number: c.Generation, Author: c.User, Err: ErrTwoCards}
	}
	cs.byHash[hash], cs.byGeneration[number] = c, hash
	return nil
}

// Clone returns a copy to which other cards can be added. A nil cs is empty.
func (cs *Cards) Clone() *Cards {
	if cs == nil {
		return &Cards{}
	}
	return &Cards{maps.Clone(cs.byHash), maps.Clone(cs.byGeneration)}
}

// Get returns the card with this hash, or nil.
func (cs *Cards) Get(h Hash) *Card { return cs.byHash[h] }

// of returns the card with this hash if it is a card of user.
func (cs *Cards) of(user ID, h Hash) (*Card, error) {
	c := cs.byHash[h]
	if c == nil {
		return nil, ErrUnknownCard
	}
	if c.User != user {
		return nil, fmt.Errorf("%w: of another user", ErrCard)
	}
	return c, nil
}

// Descends reports whether the card with hash h replaces the card old, possibly with others between: each is of the next
// generation and signed by the one before. It returns nil, ErrUnknownCard if one between is missing, or ErrCard.
func (cs *Cards) Descends(h, old Hash) error {
	for c := cs.byHash[h]; c != nil && c.Generation > 1; c = cs.byHash[h] {
		before := cs.byHash[c.Previous]
		if before == nil {
			return ErrUnknownCard
		}
		if before.User != c.User || before.Generation != c.Generation-1 ||
			!ed25519.Verify(before.SigningKey[:], c.Message(), c.Before[:]) {
			return fmt.Errorf("%w: not signed by the one before", ErrCard)
		}
		if h = c.Previous; h == old {
			return nil
		}
	}
	if cs.byHash[h] == nil {
		return ErrUnknownCard
	}
	return fmt.Errorf("%w: does not replace the known one", ErrCard)
}
