package seal

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// Purpose says which secret a vault key is wrapped under.
type Purpose string

const (
	PurposePassword Purpose = "password"
	PurposeRecovery Purpose = "recovery"
	// PurposeHandover passes the vault key from one worker of a browser to the next, which is never stored or sent.
	PurposeHandover Purpose = "handover"
)

// WrapInfo is sealed with a vault key and verified when the key is opened. Salt and Params are set only for
// PurposePassword: no other key is derived from a password.
type WrapInfo struct {
	User    UserID
	Purpose Purpose
	Salt    Salt
	Params  Params
}

func (w WrapInfo) check() error {
	if _, err := ParseUserID(string(w.User)); err != nil {
		return err
	}
	switch w.Purpose {
	case PurposePassword:
		if err := w.Params.Check(); err != nil {
			return err
		}
		return w.Salt.check()
	case PurposeRecovery, PurposeHandover:
		if w.Params != (Params{}) || w.Salt != (Salt{}) {
			return fmt.Errorf("only a password has a salt and parameters: %w", ErrKDFMismatch)
		}
		return nil
	default:
		return fmt.Errorf("unknown purpose of a wrapped vault key")
	}
}

// frame encodes the plaintext of a wrapped vault key: format, holdsVaultKey, user, purpose, for a password the salt and the
// cost (memory in KiB and time in 4 bytes each, threads in 1, big-endian), and the vault key. It is not padded, because its
// length reveals only the purpose.
func (w WrapInfo) frame(v *VaultKey) []byte {
	b := append(make([]byte, 0, 128), format, holdsVaultKey)
	user, _ := decodeID(string(w.User)) // checked before
	b = sealing.AppendField(b, user[:])
	b = sealing.AppendField(b, string(w.Purpose))
	if w.Purpose == PurposePassword {
		b = sealing.AppendField(b, w.Salt.b[:])
		b = binary.BigEndian.AppendUint32(b, w.Params.MemoryKiB)
		b = binary.BigEndian.AppendUint32(b, w.Params.Time)
		b = append(b, w.Params.Threads)
	}
	return sealing.AppendField(b, sealing.Bytes(&v.secret))
}

// parseWrapped reverses frame. It accepts only plaintexts that frame can produce.
func parseWrapped(b []byte) (w WrapInfo, v VaultKey, ok bool) {
	if len(b) < 2 || b[0] != format || b[1] != holdsVaultKey {
		return w, v, false
	}
	user, rest, ok := sealing.CutField(b[2:])
	if !ok || len(user) != idSize {
		return w, v, false
	}
	w.User = UserID(idEncoding.EncodeToString(user))
	purpose, rest, ok := sealing.CutField(rest)
	if !ok {
		return w, v, false
	}
	w.Purpose = Purpose(purpose)
	if w.Purpose == PurposePassword {
		const costSize = 4 + 4 + 1
		salt, cost, ok := sealing.CutField(rest)
		if !ok || len(salt) != idSize || len(cost) < costSize {
			return w, v, false
		}
		copy(w.Salt.b[:], salt)
		w.Params = Params{
			MemoryKiB: binary.BigEndian.Uint32(cost),
			Time:      binary.BigEndian.Uint32(cost[4:]),
			Threads:   cost[8],
		}
		rest = cost[costSize:]
	}
	key, rest, ok := sealing.CutField(rest)
	if !ok || len(key) != sealing.KeySize || len(rest) != 0 {
		return w, v, false
	}
	v = VaultKey{sealing.Of([sealing.KeySize]byte(key))}
	return w, v, w.check() == nil && !sealing.IsZero(&v.secret)
}

// WrapVaultKey seals v and w under kek. It fails only for a w that UnwrapVaultKey would reject.
func WrapVaultKey(v VaultKey, kek KEK, w WrapInfo) (string, error) {
	if err := w.check(); err != nil {
		return "", fmt.Errorf("wrap vault key: %w", err)
	}
	plaintext := w.frame(&v)
	defer clear(plaintext)
	return sealing.SealToken(kek.secret, plaintext)
}

// UnwrapVaultKey opens a token of WrapVaultKey and compares w, which comes from the server, with the sealed WrapInfo. It
// returns ErrKDFTooWeak or ErrKDFTooCostly before it decrypts, ErrAltered for a malformed token, ErrWrongKey for one that does
// not open, and then ErrWrongUser, ErrWrongPurpose or ErrKDFMismatch, in this order.
func UnwrapVaultKey(token string, kek KEK, w WrapInfo) (VaultKey, error) {
	if err := w.check(); err != nil {
		return VaultKey{}, fmt.Errorf("unwrap vault key: %w", err)
	}
	plaintext, err := sealing.OpenToken(kek.secret, token)
	if errors.Is(err, ErrWrongKey) {
		return VaultKey{}, err
	}
	if err != nil {
		return VaultKey{}, fmt.Errorf("wrapped vault key %w", ErrAltered)
	}
	defer clear(plaintext)
	sealed, v, ok := parseWrapped(plaintext)
	switch {
	case !ok:
		return VaultKey{}, fmt.Errorf("wrapped vault key %w", ErrAltered)
	case sealed.User != w.User:
		return VaultKey{}, fmt.Errorf("wrapped vault key %w", ErrWrongUser)
	case sealed.Purpose != w.Purpose:
		return VaultKey{}, fmt.Errorf("wrapped vault key %w", ErrWrongPurpose)
	case sealed.Salt != w.Salt:
		return VaultKey{}, fmt.Errorf("%w: the salt differs", ErrKDFMismatch)
	case sealed.Params != w.Params:
		return VaultKey{}, fmt.Errorf("%w: sealed with %v, asked for %v", ErrKDFMismatch, sealed.Params, w.Params)
	}
	return v, nil
}
