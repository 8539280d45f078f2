// Package vault implements the rules of the server: who may do what to which vault. It sees only ciphertext and hashes.
package vault

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const (
	sessionLife = 30 * 24 * time.Hour  // from the last use
	sessionEnd  = 365 * 24 * time.Hour // from the login
	touchEvery  = 5 * time.Minute
)

// defaultKDF is the clients' choice at registration, and so the answer for an unknown user.
var defaultKDF = protocol.KDF{MemoryKiB: protocol.MinArgonMemoryKB, Time: 3, Threads: 4}

// Service implements the API on a Store. Between requests it holds no state that another replica would need.
type Service struct {
	store  Store
	vaults VaultStore // of format 2; nil if the store has none
	keys   *Keyring
	now    func() time.Time
	hash   *hasher
	limits Limits

	watchers *watchers

	preloginMu  sync.Mutex
	preloginKey []byte
}

// Limits are the quotas of each user.
type Limits struct {
	Attachments int64 // bytes of their tokens
	Records     Quota
	Sessions    int // at the same time; a new one ends the least recently used
}

// NewService returns a Service with the clock now.
func NewService(store Store, keys *Keyring, limits Limits, now func() time.Time) *Service {
	// Stores keep milliseconds: with a finer clock, a time just written would already be in the past.
	inMillis := func() time.Time { return now().UTC().Truncate(time.Millisecond) }
	vaults, _ := store.(VaultStore)
	return &Service{
		store: store, vaults: vaults, keys: keys, limits: limits, hash: newHasher(runtime.GOMAXPROCS(0)), now: inMillis,
		watchers: newWatchers(store, inMillis),
	}
}

// HashQueue returns the number of requests that run or wait for password hashing.
func (s *Service) HashQueue() int64 { return s.hash.waiting.Load() }

// Probe reports whether the store can serve logins. It writes to the store.
func (s *Service) Probe(ctx context.Context) error { return s.store.Probe(ctx, s.now()) }

// Prelogin returns the KDF of a user. For an unknown user it returns default parameters and an HMAC of the username as the
// salt.
//
// Accepted leaks: a name whose salt changes was registered, deleted or given a new password in between; a client that registers
// with other than default parameters stands out; registration itself reveals that a name is taken.
func (s *Service) Prelogin(ctx context.Context, in protocol.PreloginRequest) (protocol.PreloginResponse, error) {
	name, err := CanonicalUsername(in.Username)
	if err != nil {
		return protocol.PreloginResponse{}, err
	}
	// Read the key first, for known names too: otherwise a store that fails here would tell them apart.
	key, err := s.unknownUserKey(ctx)
	if err != nil {
		return protocol.PreloginResponse{}, err
	}
	u, err := s.store.User(ctx, name)
	if errors.Is(err, ErrNotFound) {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(name))
		kdf := defaultKDF
		kdf.Salt = rawURL.EncodeToString(mac.Sum(nil)[:saltBytes])
		return protocol.PreloginResponse{KDF: kdf}, nil
	}
	if err != nil {
		return protocol.PreloginResponse{}, err
	}
	return protocol.PreloginResponse{KDF: u.KDF}, nil
}

// newCost is the step that the clients of this release choose for new passwords, and so the answer for an unknown user.
const newCost protocol.Cost = 1

// PasswordKDF is Prelogin for format 2, with the same accepted leaks.
func (s *Service) PasswordKDF(ctx context.Context, in protocol.PreloginRequest) (protocol.PasswordKDF, error) {
	name, err := CanonicalUsername(in.Username)
	if err != nil {
		return protocol.PasswordKDF{}, err
	}
	// Read the key first, for known names too: otherwise a store that fails here would tell them apart.
	key, err := s.unknownUserKey(ctx)
	if err != nil {
		return protocol.PasswordKDF{}, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(name))
	unknown := protocol.PasswordKDF{Salt: rawURL.EncodeToString(mac.Sum(nil)[:saltBytes]), Cost: newCost}
	u, err := s.store.User(ctx, name)
	if errors.Is(err, ErrNotFound) {
		return unknown, nil
	}
	if err != nil {
		return protocol.PasswordKDF{}, err
	}
	d, err := u.Keys.stored()
	if err != nil {
		return protocol.PasswordKDF{}, err
	}
	return protocol.PasswordKDF{Salt: rawURL.EncodeToString(d.Salt[:]), Cost: int(d.Cost)}, nil
}

// preloginRow is a row of the users table that nobody can register or log in to: usernames cannot contain '#'.
const preloginRow Username = "#prelogin"

// unknownUserKey returns the key for the salts of unknown users. It lives in the store, not in SESSION_SECRET: derived from
// that, all those salts would change when an operator drops the last old key, and an attacker who asked before and after would
// know which names are real. In the store it is as old as the users, shared by all replicas, and restored with them from a
// backup. An attacker who reads the store sees the users anyway.
func (s *Service) unknownUserKey(ctx context.Context) ([]byte, error) {
	s.preloginMu.Lock()
	defer s.preloginMu.Unlock()
	if s.preloginKey != nil {
		return s.preloginKey, nil
	}
	u, err := s.store.User(ctx, preloginRow)
	if errors.Is(err, ErrNotFound) {
		var id [idBytes]byte
		var key [sha256.Size]byte
		rand.Read(id[:])
		rand.Read(key[:])
		err = s.store.CreateUser(ctx, User{
			Username: preloginRow, ID: UserID(rawURL.EncodeToString(id[:])), Created: s.now(),
			KDF: defaultKDF, WrappedKey: base64.StdEncoding.EncodeToString(key[:]),
		})
		if err != nil && !errors.Is(err, ErrUsernameTaken) { // taken: another replica was first, and its key is used
			return nil, fmt.Errorf("store the key for unknown users: %w", err)
		}
		u, err = s.store.User(ctx, preloginRow)
	}
	if err != nil {
		return nil, fmt.Errorf("read the key for unknown users: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(u.WrappedKey)
	if err != nil || len(key) != sha256.Size {
		return nil, errors.New("the key for unknown users in the store is damaged")
	}
	s.preloginKey = key
	return key, nil
}
