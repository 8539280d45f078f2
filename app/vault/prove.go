package vault

import (
	"context"
	"crypto/subtle"
	"errors"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// proof is a way to prove who one is: a method of the account document, and the bcrypt hash that the server keeps for it.
type proof struct {
	method chain.Method
	hash   func(*User) *[]byte
	failed protocol.AuditKind
}

var (
	byPassword = proof{chain.MethodPassword, func(u *User) *[]byte { return &u.AuthHash }, protocol.AuditSignInFailed}
	byPhrase   = proof{chain.MethodPhrase, func(u *User) *[]byte { return &u.RecoveryAuthHash }, protocol.AuditPhraseFailed}
)

// prove returns the user to whom the key belongs. A stranger costs the same reads and one bcrypt, whether or not the user exists.
func (s *Service) prove(ctx context.Context, name Username, key protocol.AuthKey, by proof) (User, error) {
	u, err := s.store.User(ctx, name)
	if errors.Is(err, ErrNotFound) {
		u, err = User{}, nil // without a hash, which selects the dummy
	}
	if err != nil {
		return User{}, err
	}
	right, err := s.proves(ctx, &u, key, by)
	if errors.Is(err, ErrNotFound) { // deleted in between
		return User{}, ErrInvalidCredentials
	}
	if err != nil {
		return User{}, err
	}
	if !right {
		s.record(ctx, by.failed, u, "")
		return User{}, ErrInvalidCredentials
	}
	if u.Deleting {
		if err := s.store.DeleteUser(ctx, name); err != nil && !errors.Is(err, ErrNotFound) {
			return User{}, err
		}
		return User{}, ErrInvalidCredentials
	}
	return u, nil
}

// proves reports whether the key is the user's. The signed document decides, because the hash may be that of an earlier password: after
// a backup was restored, devices send the newer account entries again, and those do not contain the keys. Then the first key that fits
// the document is hashed again. Only its owner waits for the second bcrypt.
func (s *Service) proves(ctx context.Context, u *User, key protocol.AuthKey, by proof) (bool, error) {
	fitsHash, err := s.hash.matches(ctx, *by.hash(u), key)
	if err != nil {
		return false, err
	}
	if u.ID == "" || u.Deleting { // a user who is half deleted may have no document
		return fitsHash, nil
	}
	document, err := u.Keys.stored()
	if err != nil {
		return false, err
	}
	named, sent := authKeyHash(document, by.method), hashAuthKey(key)
	if subtle.ConstantTimeCompare(named[:], sent[:]) == 0 {
		return false, nil
	}
	if fitsHash {
		return true, nil
	}
	return true, s.rehash(ctx, u, key, by)
}

// rehash stores the bcrypt hash of a key that fits the document.
func (s *Service) rehash(ctx context.Context, u *User, key protocol.AuthKey, by proof) error {
	hash, err := s.hash.hash(ctx, key)
	if err != nil {
		return err
	}
	next := *u
	*by.hash(&next) = hash
	err = s.store.UpdateUser(ctx, next)
	if errors.Is(err, ErrConflict) {
		return nil // the account changed in between: what follows finds that out, and the next proof hashes the key
	}
	if err != nil {
		return err
	}
	next.Generation++
	*u = next
	return nil
}

// samePassword reports whether two states of a user have the same password, by their documents.
func samePassword(a, b User) (bool, error) {
	before, err := a.Keys.stored()
	if err != nil {
		return false, err
	}
	now, err := b.Keys.stored()
	if err != nil {
		return false, err
	}
	return authKeyHash(before, chain.MethodPassword) == authKeyHash(now, chain.MethodPassword), nil
}
