// Package vault holds the rules of the server: who may do what to which vault. It sees ciphertext and hashes alone.
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
	sessionEnd  = 365 * 24 * time.Hour // from the log-in
	touchEvery  = 5 * time.Minute
)

// defaultKDF is what clients choose at registration, so it is what an unknown user appears to have.
var defaultKDF = protocol.KDF{MemoryKiB: protocol.MinArgonMemoryKB, Time: 3, Threads: 4}

// Service carries out the API on a Store. It keeps nothing between requests that another replica would have to know.
type Service struct {
	store  Store
	keys   *Keyring
	now    func() time.Time
	hash   *hasher
	limits Limits

	watchers *watchers

	preloginMu  sync.Mutex
	preloginKey []byte
}

// Limits are what the server grants each user.
type Limits struct {
	Attachments int64 // bytes of their tokens
	Records     Quota
	Sessions    int // at once; the one that was not used for longest ends for another
}

// NewService returns a Service that reads the time from now.
func NewService(store Store, keys *Keyring, limits Limits, now func() time.Time) *Service {
	// Stores keep milliseconds; a finer clock here would find a time it has just written in the past.
	inMillis := func() time.Time { return now().UTC().Truncate(time.Millisecond) }
	return &Service{
		store: store, keys: keys, limits: limits, hash: newHasher(runtime.GOMAXPROCS(0)), now: inMillis,
		watchers: newWatchers(store, inMillis),
	}
}

// HashQueue tells how many requests run or wait for password hashing.
func (s *Service) HashQueue() int64 { return s.hash.waiting.Load() }

// Probe tells whether the store can serve log-ins. It writes.
func (s *Service) Probe(ctx context.Context) error { return s.store.Probe(ctx, s.now()) }

// Prelogin returns the KDF of a user. An unknown user gets default parameters and a salt that is an HMAC of the name.
//
// What this cannot hide: a name whose salt changes was registered, deleted or given a new password in between; and a
// client that registers with other parameters than the default stands out. Registration itself tells that a name is taken.
func (s *Service) Prelogin(ctx context.Context, in protocol.PreloginRequest) (protocol.PreloginResponse, error) {
	name, err := CanonicalUsername(in.Username)
	if err != nil {
		return protocol.PreloginResponse{}, err
	}
	// The key comes first, for known names too: else a store that fails at this point would tell them apart.
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

// preloginRow is a row of the users table that nobody can register or log in to, since '#' is refused in usernames.
const preloginRow Username = "#prelogin"

// unknownUserKey is the key of the salts of unknown users. It lies in the store, not in SESSION_SECRET: derived from
// that, all those salts would change on the day an operator drops the last old key, and whoever had asked before and
// asks again would know which names are real. In the store it is as old as the users themselves, the same for every
// replica, and comes back with them from a backup. Who reads the store sees the users anyway.
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
		if err != nil && !errors.Is(err, ErrUsernameTaken) { // taken: another replica was first, and its key counts
			return nil, fmt.Errorf("keep the key for unknown users: %w", err)
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
