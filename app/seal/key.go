package seal

import "github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"

// secret is the body of every key type.
type secret = sealing.Secret

// MasterKey is the output of Argon2id for the password of an exported file. Nothing is sealed under it: see ExportKey.
type MasterKey struct{ secret }

// HandoverKey passes the account key from one worker of a browser to the next, in memory only.
type HandoverKey struct{ secret }

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

// Equal compares in constant time.
func (k MasterKey) Equal(o MasterKey) bool { return sealing.Equal(&k.secret, &o.secret) }

// Wipe overwrites this copy with zeros; using it panics. Other copies stay in memory until the garbage collector reuses it,
// which the threat model accepts.
func (k *MasterKey) Wipe() { sealing.Wipe(&k.secret) }

// Wipe does what MasterKey.Wipe does.
func (k *HandoverKey) Wipe() { sealing.Wipe(&k.secret) }
