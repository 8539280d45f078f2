package seal

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
)

const keySize = 32

const redacted = "[redacted key]"

// secret is the body of every key type. The func array makes == a compile error, because the time of == depends on the key.
// A key prints as "[redacted key]" on its own, in an exported field, in a slice and in a map. Package fmt ignores the methods
// of unexported fields, so never print a struct that has a key in one.
type secret struct {
	_ [0]func()
	b [keySize]byte
}

// bytes panics for the zero key, which means that a key was never set or was wiped.
func (s *secret) bytes() []byte {
	if s.b == [keySize]byte{} {
		panic("seal: use of a zero key")
	}
	return s.b[:]
}

func (s *secret) equal(o *secret) bool { return subtle.ConstantTimeCompare(s.b[:], o.b[:]) == 1 }

// derive is HKDF-SHA256 (RFC 5869) with an empty salt: extract, then expand to 32 bytes.
func (s *secret) derive(info string) (out secret) {
	b, err := hkdf.Key(sha256.New, s.bytes(), nil, info, keySize)
	if err != nil {
		panic("seal: " + err.Error()) // the length is below the limit of 255 hashes
	}
	copy(out.b[:], b)
	clear(b)
	return out
}

func (s *secret) wipe() { clear(s.b[:]) }

func (secret) String() string               { return redacted }
func (secret) GoString() string             { return redacted }
func (secret) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, redacted) }
func (secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
func (secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MasterKey is the output of Argon2id for a password. Other keys are derived from it; nothing is sealed under it.
type MasterKey struct{ secret }

// AuthKey proves to the server that a client knows the password or the phrase. It opens nothing.
type AuthKey struct{ secret }

// KEK wraps the vault key.
type KEK struct{ secret }

// VaultKey is the root of one user's vault: every record key and the manifest key come from it.
type VaultKey struct{ secret }

// HandoverKey seals a vault key for a moment, in memory only: see PurposeHandover.
type HandoverKey struct{ secret }

// ManifestKey authenticates the terms of the manifest's digest.
type ManifestKey struct{ secret }

// Labels of HKDF. They never change within format v1.
const (
	labelAuth         = "vaultsphere/v1/auth"
	labelPasswordKEK  = "vaultsphere/v1/password-kek"
	labelRecoveryAuth = "vaultsphere/v1/recovery-auth"
	labelRecoveryKEK  = "vaultsphere/v1/recovery-kek"
	labelRecord       = "vaultsphere/v1/record"     // followed by the place
	labelPiece        = "vaultsphere/v1/attachment" // followed by the piece's place
	labelManifest     = "vaultsphere/v1/manifest"
	labelManifestSeal = "vaultsphere/v1/manifest-seal"
	labelExport       = "vaultsphere/v1/export"
	labelQueue        = "vaultsphere/v1/queue"    // followed by the user
	labelDraft        = "vaultsphere/v1/draft"    // followed by the user
	labelHandover     = "vaultsphere/v1/handover" // followed by the session and the wrapped key
)

// AuthKey is what the server gets. It reveals nothing about the KEK.
func (k MasterKey) AuthKey() AuthKey { return AuthKey{k.derive(labelAuth)} }

// KEK returns the key that wraps the vault key under the password.
func (k MasterKey) KEK() KEK { return KEK{k.derive(labelPasswordKEK)} }

// Encode returns the key as on the wire: standard base64 with padding (RFC 4648 §4), 44 characters. The server hashes this
// text with bcrypt, which ignores bytes after the 72nd and after a zero byte; base64 avoids both.
func (k AuthKey) Encode() string { return base64.StdEncoding.EncodeToString(k.bytes()) }

// NewVaultKey returns a random key.
func NewVaultKey() VaultKey {
	var v VaultKey
	randomBytes(v.b[:])
	return v
}

// ManifestKey returns the manifest key of this vault key, which never changes.
func (v VaultKey) ManifestKey() ManifestKey { return ManifestKey{v.derive(labelManifest)} }

// NewHandoverKey returns a random key.
func NewHandoverKey() HandoverKey {
	var k HandoverKey
	randomBytes(k.b[:])
	return k
}

// ParseHandoverKey returns ErrWrongKey unless b can be the result of Bytes.
func ParseHandoverKey(b []byte) (k HandoverKey, err error) {
	if len(b) != keySize || [keySize]byte(b) == [keySize]byte{} {
		return k, ErrWrongKey
	}
	copy(k.b[:], b)
	return k, nil
}

// Bytes returns a copy of the key, which the caller wipes.
func (k *HandoverKey) Bytes() []byte { return append([]byte(nil), k.bytes()...) }

// KEK returns a key that works only for this session and this wrapped key of the account.
func (k HandoverKey) KEK(session, wrapped string) KEK {
	return KEK{k.derive(labelHandover + strconv.Itoa(len(session)) + ":" + session + wrapped)}
}

// Equal compares in constant time.
func (k MasterKey) Equal(o MasterKey) bool     { return k.equal(&o.secret) }
func (k AuthKey) Equal(o AuthKey) bool         { return k.equal(&o.secret) }
func (k KEK) Equal(o KEK) bool                 { return k.equal(&o.secret) }
func (v VaultKey) Equal(o VaultKey) bool       { return v.equal(&o.secret) }
func (k ManifestKey) Equal(o ManifestKey) bool { return k.equal(&o.secret) }

// Wipe overwrites this copy with zeros; using it panics. Other copies stay in memory until the garbage collector reuses it,
// which the threat model accepts.
func (k *MasterKey) Wipe() { k.wipe() }

// Wipe does what MasterKey.Wipe does.
func (k *KEK) Wipe() { k.wipe() }

// Wipe does what MasterKey.Wipe does.
func (v *VaultKey) Wipe() { v.wipe() }

// Wipe does what MasterKey.Wipe does.
func (k *HandoverKey) Wipe() { k.wipe() }

// Wipe does what MasterKey.Wipe does.
func (k *ManifestKey) Wipe() { k.wipe() }
