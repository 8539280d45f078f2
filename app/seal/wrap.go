package seal

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Purpose says which secret a vault key is wrapped under.
type Purpose string

const (
	PurposePassword Purpose = "password"
	PurposeRecovery Purpose = "recovery"
)

// WrapInfo is what a wrapped vault key says about itself, and what it is held to when it is opened. Salt and Params
// belong to PurposePassword alone and are zero for PurposeRecovery, which stretches nothing.
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
	case PurposeRecovery:
		if w.Params != (Params{}) || w.Salt != (Salt{}) {
			return fmt.Errorf("a recovery phrase has no salt and no parameters: %w", ErrKDFMismatch)
		}
		return nil
	default:
		return fmt.Errorf("unknown purpose of a wrapped vault key")
	}
}

// frame lays out the plaintext of a wrapped vault key: format, holdsVaultKey, user, purpose, for a password the salt
// and its cost (memory in KiB and time in 4 bytes each, threads in 1, big-endian), and the vault key. It is not
// padded: its length says the purpose and nothing else.
func (w WrapInfo) frame(v *VaultKey) []byte {
	b := append(make([]byte, 0, 128), format, holdsVaultKey)
	user, _ := decodeID(string(w.User)) // check has seen it
	b = appendField(b, user[:])
	b = appendField(b, string(w.Purpose))
	if w.Purpose == PurposePassword {
		b = appendField(b, w.Salt.b[:])
		b = binary.BigEndian.AppendUint32(b, w.Params.MemoryKiB)
		b = binary.BigEndian.AppendUint32(b, w.Params.Time)
		b = append(b, w.Params.Threads)
	}
	return appendField(b, v.bytes())
}

// parseWrapped undoes frame; every plaintext it takes is one that frame makes.
func parseWrapped(b []byte) (w WrapInfo, v VaultKey, ok bool) {
	if len(b) < 2 || b[0] != format || b[1] != holdsVaultKey {
		return w, v, false
	}
	user, rest, ok := cutField(b[2:])
	if !ok || len(user) != idSize {
		return w, v, false
	}
	w.User = UserID(idEncoding.EncodeToString(user))
	purpose, rest, ok := cutField(rest)
	if !ok {
		return w, v, false
	}
	w.Purpose = Purpose(purpose)
	if w.Purpose == PurposePassword {
		const costSize = 4 + 4 + 1
		salt, cost, ok := cutField(rest)
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
	key, rest, ok := cutField(rest)
	if !ok || len(key) != keySize || len(rest) != 0 {
		return w, v, false
	}
	copy(v.b[:], key)
	return w, v, w.check() == nil && v.b != [keySize]byte{}
}

// WrapVaultKey seals v under kek, with w inside. Errors only for a w that UnwrapVaultKey would refuse.
func WrapVaultKey(v VaultKey, kek KEK, w WrapInfo) (string, error) {
	if err := w.check(); err != nil {
		return "", fmt.Errorf("wrap vault key: %w", err)
	}
	plaintext := w.frame(&v)
	defer clear(plaintext)
	return sealToken(kek.secret, plaintext)
}

// UnwrapVaultKey opens what WrapVaultKey sealed and compares w, which is what the server says, with what stands inside.
// ErrKDFTooWeak and ErrKDFTooCostly come before any decryption; ErrAltered for a token that is malformed; ErrWrongKey
// for one that does not open; then ErrWrongUser, ErrWrongPurpose, ErrKDFMismatch in this order.
func UnwrapVaultKey(token string, kek KEK, w WrapInfo) (VaultKey, error) {
	if err := w.check(); err != nil {
		return VaultKey{}, fmt.Errorf("unwrap vault key: %w", err)
	}
	plaintext, err := openToken(kek.secret, token)
	if errors.Is(err, ErrWrongKey) {
		return VaultKey{}, err
	}
	if err != nil {
		return VaultKey{}, fmt.Errorf("wrapped vault key %w", ErrAltered)
	}
	defer clear(plaintext)
	inside, v, ok := parseWrapped(plaintext)
	switch {
	case !ok:
		return VaultKey{}, fmt.Errorf("wrapped vault key %w", ErrAltered)
	case inside.User != w.User:
		return VaultKey{}, fmt.Errorf("wrapped vault key %w", ErrWrongUser)
	case inside.Purpose != w.Purpose:
		return VaultKey{}, fmt.Errorf("wrapped vault key %w", ErrWrongPurpose)
	case inside.Salt != w.Salt:
		return VaultKey{}, fmt.Errorf("%w: the salt is another", ErrKDFMismatch)
	case inside.Params != w.Params:
		return VaultKey{}, fmt.Errorf("%w: sealed with %v, asked for %v", ErrKDFMismatch, inside.Params, w.Params)
	}
	return v, nil
}
