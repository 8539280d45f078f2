package chain

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"fmt"
	"math/big"
	"strings"
	"unicode"
	"unicode/utf8"

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
	r := &reader{b: b}
	r.format()
	c := &Card{User: r.id(), Username: r.field(), Generation: r.number()}
	copy(c.SigningKey[:], r.take(len(c.SigningKey)))
	c.KEMKey = bytes.Clone(r.take(kemKeySize))
	c.Previous = r.hash()
	signatures := r.signatures()
	r.refuse(len(signatures) != 1+min(1, int(max(0, c.Generation-1))))
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
	case !validUsername(c.Username):
		return refuse(ErrCard, "username")
	case c.Generation < 1 || c.Generation > MaxNumber || (c.Generation == 1) != (c.Previous == Hash{}):
		return refuse(ErrCard, "generation")
	case !canonicalSigningKey(c.SigningKey):
		return refuse(ErrCard, "signing key")
	case !canonicalKEMKey(c.KEMKey):
		return refuse(ErrCard, "encapsulation key")
	case !ed25519.Verify(c.SigningKey[:], c.Message(), c.Own[:]):
		return refuse(ErrSignature, "of the card itself")
	}
	return nil
}

// validUsername is the weaker half of the server's rule, which also forbids look-alikes: what a card may show as a name.
func validUsername(s string) bool {
	forbidden := func(r rune) bool { return r == '#' || !unicode.IsGraphic(r) || unicode.IsSpace(r) }
	return s != "" && len(s) <= 255 && utf8.ValidString(s) && utf8.RuneCountInString(s) <= protocol.MaxUsernameRunes &&
		!strings.ContainsFunc(s, forbidden)
}

// fieldPrime is 2^255 − 19, the modulus of Curve25519.
var fieldPrime = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))

// littleEndian reads 32 bytes as in RFC 7748 §5 and RFC 8032 §5.1.2.
func littleEndian(b []byte) *big.Int {
	reversed := make([]byte, len(b))
	for i, v := range b {
		reversed[len(b)-1-i] = v
	}
	return new(big.Int).SetBytes(reversed)
}

// orderEight is the y coordinate of the points of order 8 on edwards25519, one of ±.
var orderEight, _ = new(big.Int).SetString("5fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826", 16)

// canonicalSigningKey refuses a key with a second spelling, and the points of order 1, 2, 4 and 8, for which crypto/ed25519
// accepts signatures that fit many messages. Their y coordinates are 1, −1, 0 and ±orderEight. ed25519.Verify refuses keys that
// are not on the curve.
func canonicalSigningKey(key [ed25519.PublicKeySize]byte) bool {
	key[len(key)-1] &= 0x7f // the sign of x
	y := littleEndian(key[:])
	if y.Cmp(fieldPrime) >= 0 {
		return false
	}
	for _, small := range []*big.Int{big.NewInt(0), big.NewInt(1), orderEight} {
		if y.Cmp(small) == 0 || new(big.Int).Add(y, small).Cmp(fieldPrime) == 0 {
			return false
		}
	}
	return true
}

// canonicalKEMKey refuses a key with a second spelling, and one to which nothing can be encapsulated: such a member would block
// every new epoch.
func canonicalKEMKey(key []byte) bool {
	if len(key) != kemKeySize || littleEndian(key[kemKeySize-x25519Size:]).Cmp(fieldPrime) >= 0 {
		return false
	}
	public, err := hpke.MLKEM768X25519().NewPublicKey(key)
	if err != nil {
		return false
	}
	_, _, err = hpke.NewSender(public, hpke.HKDFSHA256(), hpke.ExportOnly(), nil)
	return err == nil
}

// Fingerprint returns the first 200 bits of the hash as 12 groups of 5 digits, for two people to compare.
func (c *Card) Fingerprint() string {
	const groups, digits = 12, 5
	h := c.Hash()
	n := new(big.Int).SetBytes(h[:25])
	modulus := new(big.Int).Exp(big.NewInt(10), big.NewInt(groups*digits), nil)
	text := fmt.Sprintf("%0*d", groups*digits, n.Mod(n, modulus))
	parts := make([]string, groups)
	for i := range parts {
		parts[i] = text[i*digits : (i+1)*digits]
	}
	return strings.Join(parts, " ")
}

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
