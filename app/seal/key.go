package seal

import (
	"encoding/base64"
	"strconv"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// secret is the body of every key type.
type secret = sealing.Secret

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
func (k MasterKey) AuthKey() AuthKey { return AuthKey{sealing.Derive(&k.secret, labelAuth)} }

// KEK returns the key that wraps the vault key under the password.
func (k MasterKey) KEK() KEK { return KEK{sealing.Derive(&k.secret, labelPasswordKEK)} }

// Root returns the key from which other formats derive theirs. Only packages below app/seal can name its type.
func (k MasterKey) Root() sealing.Secret { return k.secret }

// Encode returns the key as on the wire: standard base64 with padding (RFC 4648 §4), 44 characters. The server hashes this
// text with bcrypt, which ignores bytes after the 72nd and after a zero byte; base64 avoids both.
func (k AuthKey) Encode() string { return base64.StdEncoding.EncodeToString(sealing.Bytes(&k.secret)) }

// NewVaultKey returns a random key.
func NewVaultKey() VaultKey {
	return VaultKey{sealing.New()}
}

// ManifestKey returns the manifest key of this vault key, which never changes.
func (v VaultKey) ManifestKey() ManifestKey {
	return ManifestKey{sealing.Derive(&v.secret, labelManifest)}
}

// NewHandoverKey returns a random key.
func NewHandoverKey() HandoverKey {
	return HandoverKey{sealing.New()}
}

// ParseHandoverKey returns ErrWrongKey unless b can be the result of Bytes.
func ParseHandoverKey(b []byte) (HandoverKey, error) {
	k, err := sealing.Parse(b)
	return HandoverKey{k}, err
}

// Bytes returns a copy of the key, which the caller wipes.
func (k *HandoverKey) Bytes() []byte { return append([]byte(nil), sealing.Bytes(&k.secret)...) }

// Root does what MasterKey.Root does.
func (k HandoverKey) Root() sealing.Secret { return k.secret }

// KEK returns a key that works only for this session and this wrapped key of the account.
func (k HandoverKey) KEK(session, wrapped string) KEK {
	return KEK{sealing.Derive(&k.secret, labelHandover+strconv.Itoa(len(session))+":"+session+wrapped)}
}

// Equal compares in constant time.
func (k MasterKey) Equal(o MasterKey) bool     { return sealing.Equal(&k.secret, &o.secret) }
func (k AuthKey) Equal(o AuthKey) bool         { return sealing.Equal(&k.secret, &o.secret) }
func (k KEK) Equal(o KEK) bool                 { return sealing.Equal(&k.secret, &o.secret) }
func (v VaultKey) Equal(o VaultKey) bool       { return sealing.Equal(&v.secret, &o.secret) }
func (k ManifestKey) Equal(o ManifestKey) bool { return sealing.Equal(&k.secret, &o.secret) }

// Wipe overwrites this copy with zeros; using it panics. Other copies stay in memory until the garbage collector reuses it,
// which the threat model accepts.
func (k *MasterKey) Wipe() { sealing.Wipe(&k.secret) }

// Wipe does what MasterKey.Wipe does.
func (k *KEK) Wipe() { sealing.Wipe(&k.secret) }

// Wipe does what MasterKey.Wipe does.
func (v *VaultKey) Wipe() { sealing.Wipe(&v.secret) }

// Wipe does what MasterKey.Wipe does.
func (k *HandoverKey) Wipe() { sealing.Wipe(&k.secret) }

// Wipe does what MasterKey.Wipe does.
func (k *ManifestKey) Wipe() { sealing.Wipe(&k.secret) }
