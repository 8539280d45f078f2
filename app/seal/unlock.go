package seal

import (
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// costs are the steps of the key derivation. A step never changes, and none is cheaper than the one before.
var costs = [chain.MaxCost]Params{
	DefaultParams,
	{MemoryKiB: 2 * minMemory, Time: DefaultParams.Time, Threads: 4},
	{MemoryKiB: 4 * minMemory, Time: DefaultParams.Time, Threads: 4},
}

// KDF is how a password is turned into a key. It is public, and part of the account document.
type KDF struct {
	Salt [chain.SaltSize]byte
	Cost byte // a step, from 1 to chain.MaxCost
}

// NewKDF returns a random salt with a cost.
func NewKDF(cost byte) KDF {
	k := KDF{Cost: cost}
	sealing.RandomBytes(k.Salt[:])
	return k
}

func (k KDF) params() (Params, error) {
	if k.Cost < 1 || int(k.Cost) > len(costs) {
		return Params{}, fmt.Errorf("%w: step %d", ErrUnknownCost, k.Cost)
	}
	return costs[k.Cost-1], nil
}

// salt returns ErrBadID if all bytes are zero.
func (k KDF) salt() (Salt, error) {
	s := Salt{k.Salt}
	return s, s.check()
}

// PasswordKey is the output of Argon2id for a password. Other keys are derived from it; nothing is sealed under it.
type PasswordKey struct {
	secret
	kdf KDF
}

// DerivePasswordKey derives the keys of the password. It needs up to 256 MiB of memory and, at the lowest cost, a large part of a second.
// It returns ErrUnknownCost, ErrBadID (zero salt), ErrEmptyPassword or
// ErrPasswordText before it does any work.
func DerivePasswordKey(password string, k KDF) (PasswordKey, error) {
	p, err := k.params()
	if err != nil {
		return PasswordKey{}, err
	}
	salt, err := k.salt()
	if err != nil {
		return PasswordKey{}, err
	}
	root, err := derive(password, salt, p)
	if err != nil {
		return PasswordKey{}, err
	}
	return PasswordKey{root, k}, nil
}

// PasskeyKey is what the PRF extension of WebAuthn returns for a passkey. It never leaves the device.
type PasskeyKey struct{ secret }

// ParsePasskeyKey returns ErrWrongKey unless prf is 32 bytes that are not all zero. It copies prf, which the caller wipes.
func ParsePasskeyKey(prf []byte) (PasskeyKey, error) {
	k, err := sealing.Parse(prf)
	return PasskeyKey{k}, err
}

// MethodHandover passes the account key from one worker of a browser to the next. Such a wrap is never stored or sent, so it is in no
// account document.
const MethodHandover chain.Method = 128

// WrapKey wraps the account key for one method.
type WrapKey struct {
	secret
	method  chain.Method
	kdf     KDF      // for a password
	passkey chain.ID // for a passkey: its id in the account document
}

// AuthKey proves to the server that a client knows the password or the phrase. It opens nothing.
type AuthKey struct{ secret }

// AuthKey is what the server gets. It reveals nothing about the WrapKey.
func (k PasswordKey) AuthKey() AuthKey { return AuthKey{sealing.Derive(&k.secret, labelPasswordAuth)} }

// Encode returns the key as on the wire: standard base64 with padding (RFC 4648 §4), 44 characters. The server hashes this
// text with bcrypt, which ignores bytes after the 72nd and after a zero byte; base64 avoids both.
func (k AuthKey) Encode() string { return base64.StdEncoding.EncodeToString(sealing.Bytes(&k.secret)) }

// Hash is what an account document names.
func (k AuthKey) Hash() chain.Hash { return chain.HashOf(chain.HashAuthKey, []byte(k.Encode())) }

// WrapKey returns the key that wraps the account key under the password.
func (k PasswordKey) WrapKey() WrapKey {
	return WrapKey{secret: sealing.Derive(&k.secret, labelPasswordKEK), method: chain.MethodPassword, kdf: k.kdf}
}

// WrapKey returns the key that wraps the account key of user under this passkey.
func (k PasskeyKey) WrapKey(user, passkey chain.ID) WrapKey {
	return WrapKey{
		secret: sealing.Derive(&k.secret, labelPasskeyKEK+string(user[:])+string(passkey[:])), method: chain.MethodPasskey, passkey: passkey,
	}
}

// WrapKey returns a key that works only for this session and this wrapped key of the account.
func (k HandoverKey) WrapKey(session, wrapped string) WrapKey {
	info := labelHandoverKEK + strconv.Itoa(len(session)) + ":" + session + wrapped
	return WrapKey{secret: sealing.Derive(&k.secret, info), method: MethodHandover}
}

// Equal compares in constant time.
func (k PasswordKey) Equal(o PasswordKey) bool { return sealing.Equal(&k.secret, &o.secret) }
func (k PasskeyKey) Equal(o PasskeyKey) bool   { return sealing.Equal(&k.secret, &o.secret) }
func (k WrapKey) Equal(o WrapKey) bool         { return sealing.Equal(&k.secret, &o.secret) }

// Wipe does what MasterKey.Wipe does.
func (k *PasswordKey) Wipe() { sealing.Wipe(&k.secret) }

// Wipe does what MasterKey.Wipe does.
func (k *PasskeyKey) Wipe() { sealing.Wipe(&k.secret) }

// Wipe does what MasterKey.Wipe does.
func (k *WrapKey) Wipe() { sealing.Wipe(&k.secret) }
