package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

const digestSize = sha256.Size

// Digest is the sum mod 2^256 of the terms of all live records of a vault. The order of the records does not matter, and one
// addition or subtraction updates it, whatever the size of the vault. An empty vault has the zero Digest. The server sees it
// only sealed; a device may store it.
type Digest struct{ b [digestSize]byte } // big-endian

// Manifest describes the vault at one revision, as the client that wrote it saw it.
type Manifest struct {
	User     UserID
	Revision int64 // 0: the empty vault of a new user
	Count    int64 // live records of both kinds
	Digest   Digest
}

// Term returns the contribution of a live record to the digest: HMAC-SHA256 under k of the place and the SHA-256 of the
// token's text. Without the key, the server cannot search for other records with the same sum.
func (k ManifestKey) Term(p Place, token string) (Digest, error) {
	var d Digest
	msg, err := p.append(make([]byte, 0, placeCapacity+sha256.Size))
	if err != nil {
		return d, err
	}
	sum := sha256.Sum256([]byte(token))
	mac := hmac.New(sha256.New, sealing.Bytes(&k.secret))
	_, _ = mac.Write(append(msg, sum[:]...)) // a hash never returns an error
	mac.Sum(d.b[:0])
	return d, nil
}

// Add returns d + o mod 2^256.
func (d Digest) Add(o Digest) Digest {
	var sum Digest
	var carry uint64
	for i := digestSize - 8; i >= 0; i -= 8 {
		var word uint64
		word, carry = bits.Add64(binary.BigEndian.Uint64(d.b[i:]), binary.BigEndian.Uint64(o.b[i:]), carry)
		binary.BigEndian.PutUint64(sum.b[i:], word)
	}
	return sum
}

// Sub returns d - o mod 2^256.
func (d Digest) Sub(o Digest) Digest {
	var diff Digest
	var borrow uint64
	for i := digestSize - 8; i >= 0; i -= 8 {
		var word uint64
		word, borrow = bits.Sub64(binary.BigEndian.Uint64(d.b[i:]), binary.BigEndian.Uint64(o.b[i:]), borrow)
		binary.BigEndian.PutUint64(diff.b[i:], word)
	}
	return diff
}

// Equal compares in constant time.
func (d Digest) Equal(o Digest) bool { return subtle.ConstantTimeCompare(d.b[:], o.b[:]) == 1 }

// String returns lower-case hex, 64 characters.
func (d Digest) String() string { return hex.EncodeToString(d.b[:]) }

func (m Manifest) check() error {
	if _, err := ParseUserID(string(m.User)); err != nil {
		return err
	}
	if m.Revision < 0 || m.Count < 0 {
		return errors.New("revision and count are not negative")
	}
	return nil
}

const manifestSize = 2 + 1 + idSize + 8 + 8 + digestSize

// frame encodes the plaintext of a manifest: format, holdsManifest, user, revision and count (8 bytes each, big-endian),
// digest. Its length is constant.
func (m Manifest) frame() []byte {
	b := append(make([]byte, 0, manifestSize), format, holdsManifest)
	user, _ := decodeID(string(m.User)) // checked before
	b = sealing.AppendField(b, user[:])
	b = binary.BigEndian.AppendUint64(b, uint64(m.Revision)) // #nosec G115 -- not negative
	b = binary.BigEndian.AppendUint64(b, uint64(m.Count))    // #nosec G115 -- not negative
	return append(b, m.Digest.b[:]...)
}

// parseManifest reverses frame. It accepts only plaintexts that frame can produce.
func parseManifest(b []byte) (m Manifest, ok bool) {
	if len(b) != manifestSize || b[0] != format || b[1] != holdsManifest || b[2] != idSize {
		return m, false
	}
	b = b[3:]
	m.User = UserID(idEncoding.EncodeToString(b[:idSize]))
	b = b[idSize:]
	m.Revision = int64(binary.BigEndian.Uint64(b))  // #nosec G115 -- check rejects overflows
	m.Count = int64(binary.BigEndian.Uint64(b[8:])) // #nosec G115 -- the same
	copy(m.Digest.b[:], b[16:])
	return m, m.check() == nil
}

// sealKey differs from k, which is the HMAC key of the terms.
func (k ManifestKey) sealKey() secret { return sealing.Derive(&k.secret, labelManifestSeal) }

// SealManifest encrypts m with a random IV. It fails only for an m that OpenManifest would reject.
func (v VaultKey) SealManifest(m Manifest) (string, error) {
	if err := m.check(); err != nil {
		return "", fmt.Errorf("seal manifest: %w", err)
	}
	k := v.ManifestKey()
	return sealing.SealToken(k.sealKey(), m.frame())
}

// OpenManifest decrypts a token of SealManifest. It returns ErrAltered if the token was truncated, altered or sealed under
// another key, and ErrWrongUser if it names another user. The caller must check that it is the latest manifest.
func (v VaultKey) OpenManifest(user UserID, token string) (Manifest, error) {
	k := v.ManifestKey()
	plaintext, err := sealing.OpenToken(k.sealKey(), token)
	if err != nil {
		return Manifest{}, fmt.Errorf("manifest %w", ErrAltered)
	}
	m, ok := parseManifest(plaintext)
	if !ok {
		return Manifest{}, fmt.Errorf("manifest %w", ErrAltered)
	}
	if m.User != user {
		return Manifest{}, fmt.Errorf("manifest %w", ErrWrongUser)
	}
	return m, nil
}
