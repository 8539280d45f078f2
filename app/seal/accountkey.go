package seal

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// AccountKey is the root of a user's keys on a client. It changes with its generation, which the caller keeps beside it.
type AccountKey struct{ secret }

// NewAccountKey returns a random key.
func NewAccountKey() AccountKey {
	return AccountKey{sealing.New()}
}

// Equal compares in constant time.
func (k AccountKey) Equal(o AccountKey) bool { return sealing.Equal(&k.secret, &o.secret) }

// Wipe does what MasterKey.Wipe does.
func (k *AccountKey) Wipe() { sealing.Wipe(&k.secret) }

func (k AccountKey) identityKey(user chain.ID) secret {
	return sealing.Derive(&k.secret, labelIdentity+string(user[:]))
}

// wrapped is the plaintext of a wrapped account key.
type wrapped struct {
	user       chain.ID
	method     chain.Method
	generation int64
	kdf        KDF      // for a password
	passkey    chain.ID // for a passkey
	key        AccountKey
}

func (w *wrapped) encode() []byte {
	b := append(make([]byte, 0, 96), chain.Format, plainWrap)
	b = append(b, w.user[:]...)
	b = append(b, byte(w.method))
	b = appendNumber(b, w.generation)
	switch w.method {
	case chain.MethodPassword:
		b = append(b, w.kdf.Salt[:]...)
		b = append(b, w.kdf.Cost)
	case chain.MethodPasskey:
		b = append(b, w.passkey[:]...)
	}
	return append(b, sealing.Bytes(&w.key.secret)...)
}

// parseWrap reverses encode. It accepts only plaintexts that encode can produce.
func parseWrap(b []byte) (w wrapped, ok bool) {
	in := read(b, plainWrap)
	w = wrapped{user: in.ID(), method: chain.Method(in.Byte()), generation: in.number()}
	switch w.method {
	case chain.MethodPassword:
		w.kdf = KDF{Salt: [chain.SaltSize]byte(in.Take(chain.SaltSize)), Cost: in.Byte()}
	case chain.MethodPasskey:
		w.passkey = in.ID()
	}
	w.key = AccountKey{in.key()}
	return w, in.OK() && w.check() == nil
}

func (w *wrapped) check() error {
	if w.user == (chain.ID{}) {
		return fmt.Errorf("user id: %w", ErrBadID)
	}
	if !validNumber(w.generation) {
		return fmt.Errorf("%w: number of a generation", ErrBadPlace)
	}
	switch w.method {
	case chain.MethodPassword:
		if _, err := w.kdf.params(); err != nil {
			return err
		}
		_, err := w.kdf.salt()
		return err
	case chain.MethodPasskey:
		if w.passkey == (chain.ID{}) {
			return fmt.Errorf("passkey id: %w", ErrBadID)
		}
		return nil
	case chain.MethodPhrase, MethodHandover:
		return nil
	default:
		return ErrWrongMethod
	}
}

// Wrap seals the account key of user, which has this generation, with a random IV. It fails only for arguments that Unwrap would
// reject.
func (k WrapKey) Wrap(a AccountKey, user chain.ID, generation int64) (string, error) {
	w := wrapped{user, k.method, generation, k.kdf, k.passkey, a}
	if err := w.check(); err != nil {
		return "", fmt.Errorf("wrap account key: %w", err)
	}
	b := w.encode()
	defer clear(b)
	return sealing.SealToken(k.secret, b)
}

// Unwrap opens a token of Wrap, and returns the account key and its generation. It returns ErrAltered for a malformed token, ErrWrongKey
// for one that does not open, and then ErrWrongUser, ErrWrongMethod, ErrKDFMismatch, or ErrOldKey for a generation below remembered,
// in this order. A device without memory passes 0 as remembered.
func (k WrapKey) Unwrap(token string, user chain.ID, remembered int64) (AccountKey, int64, error) {
	refuse := func(err error) (AccountKey, int64, error) {
		return AccountKey{}, 0, fmt.Errorf("wrapped account key %w", err)
	}
	b, err := sealing.OpenToken(k.secret, token)
	if errors.Is(err, ErrWrongKey) {
		return AccountKey{}, 0, err
	}
	if err != nil {
		return refuse(ErrAltered)
	}
	defer clear(b)
	w, ok := parseWrap(b)
	switch {
	case !ok:
		return refuse(ErrAltered)
	case w.user != user:
		return refuse(ErrWrongUser)
	case w.method != k.method || w.passkey != k.passkey:
		return refuse(ErrWrongMethod)
	case w.kdf != k.kdf:
		return AccountKey{}, 0, ErrKDFMismatch
	case w.generation < remembered:
		return refuse(ErrOldKey)
	}
	return w.key, w.generation, nil
}

// DeviceUse is what a device seals for itself. No server and no other device reads it.
type DeviceUse string

const (
	UseOutbox  DeviceUse = "outbox"
	UseDraft   DeviceUse = "draft"
	UseCache   DeviceUse = "cache"
	UseHistory DeviceUse = "history"
)

func (k AccountKey) deviceKey(use DeviceUse) secret {
	return sealing.Derive(&k.secret, labelDevice+string(sealing.AppendField(nil, string(use))))
}

func deviceHead(use DeviceUse, user chain.ID) []byte {
	b := append(make([]byte, 0, 64), chain.Format, plainDevice)
	b = append(b, user[:]...)
	return sealing.AppendField(b, string(use))
}

// MaxDeviceBytes bounds the outbox and the draft of a device. 10,000 changes fit.
const MaxDeviceBytes = 16 << 20

// maxDeviceToken exceeds the length of any token of MaxDeviceBytes: padding adds up to a quarter, base64 a third.
const maxDeviceToken = 2 * MaxDeviceBytes

// SealOnDevice encrypts content of user with a random IV. It returns ErrTooLarge for more than MaxDeviceBytes.
func (k AccountKey) SealOnDevice(use DeviceUse, user chain.ID, content []byte) (string, error) {
	if len(content) > MaxDeviceBytes {
		return "", fmt.Errorf("%s %w", use, ErrTooLarge)
	}
	b := pad(deviceHead(use, user), content)
	defer clear(b)
	return sealing.SealToken(k.deviceKey(use), b)
}

// OpenOnDevice decrypts a token of SealOnDevice. It returns ErrAltered if the token was truncated, altered, or sealed under another key
// or for another use or user.
func (k AccountKey) OpenOnDevice(use DeviceUse, user chain.ID, token string) ([]byte, error) {
	altered := fmt.Errorf("%s %w", use, ErrAltered)
	b, err := sealing.OpenTokenUpTo(maxDeviceToken, k.deviceKey(use), token)
	if err != nil {
		return nil, altered
	}
	head := deviceHead(use, user)
	if !bytes.HasPrefix(b, head) {
		return nil, altered
	}
	content, ok := sealing.CutPadded(b, len(head))
	if !ok {
		return nil, altered
	}
	return content, nil
}
