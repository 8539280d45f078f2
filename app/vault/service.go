// Package vault implements the rules of the server: who may do what to which vault. It sees only ciphertext and hashes.
package vault

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const (
	sessionLife = 30 * 24 * time.Hour  // from the last use
	sessionEnd  = 365 * 24 * time.Hour // from the login
	touchEvery  = 5 * time.Minute
)

// Service implements the API on a Store. Between requests it holds no state that another replica would need.
type Service struct {
	store  Store
	keys   *Keyring
	now    func() time.Time
	hash   *hasher
	limits Limits
	trail  *trail

	watchers *watchers
	holds    *holds
	waiting  waiting
	joins    chan struct{} // holds a value while a branch is checked

	preloginMu  sync.Mutex
	preloginKey []byte
}

// Limits are the quotas of each user.
type Limits struct {
	Attachments int64 // bytes of their tokens
	Records     Quota
	Sessions    int // at the same time; a new one ends the least recently used
	Vaults      int // shared ones that a user may ever create
}

// NewService returns a Service with the clock now. hashCost is HashCost, except in tests of other things than hashing.
func NewService(store Store, keys *Keyring, limits Limits, trail Trail, hashCost int, now func() time.Time) *Service {
	// Stores keep milliseconds: with a finer clock, a time just written would already be in the past.
	inMillis := func() time.Time { return now().UTC().Truncate(time.Millisecond) }
	return &Service{
		store: store, keys: keys, limits: limits, trail: newTrail(trail, store, inMillis), hash: newHasher(hashCost, runtime.GOMAXPROCS(0)), now: inMillis,
		watchers: newWatchers(store, inMillis), holds: newHolds(), joins: make(chan struct{}, 1),
	}
}

// HashQueue returns the number of requests that run or wait for password hashing.
func (s *Service) HashQueue() int64 { return s.hash.waiting.Load() }

// Probe reports whether the store can serve logins. It writes to the store.
func (s *Service) Probe(ctx context.Context) error { return s.store.Probe(ctx, s.now()) }

// Prelogin returns salt and cost of a user's password. For an unknown user it returns an HMAC of the username and the cost of new
// passwords. A device that remembers an older log entry also gets the proof of a change. Strangers cannot name an entry. A device that
// remembers the vault of another user of this name learns that this user is gone, but not whether the name was registered again.
//
// Accepted leaks: a name whose salt changes was registered, deleted or given a new password in between; a client that registers
// with another cost stands out, and so does a user whose password is older than the newest cost; registration itself reveals that a name
// is taken.
func (s *Service) Prelogin(ctx context.Context, in protocol.PreloginRequest) (protocol.PasswordKDF, error) {
	name, err := CanonicalUsername(in.Username)
	if err != nil {
		return protocol.PasswordKDF{}, err
	}
	if in.Known != nil {
		if err := checkFirst(checkID("known.vault", in.Known.Vault), checkNumber("known.revision", in.Known.Revision, 0)); err != nil {
			return protocol.PasswordKDF{}, err
		}
	}
	// Read the key first, for known names too: otherwise a store that fails here would tell them apart.
	key, err := s.unknownUserKey(ctx)
	if err != nil {
		return protocol.PasswordKDF{}, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(name))
	unknown := protocol.PasswordKDF{Salt: rawURL.EncodeToString(mac.Sum(nil)[:saltBytes]), Cost: chain.CurrentCost, Replaced: in.Known != nil}
	u, change, err := s.preloginUser(ctx, name, in.Known)
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
	return protocol.PasswordKDF{
		Salt: rawURL.EncodeToString(d.Salt[:]), Cost: int(d.Cost), Change: change,
		Replaced: in.Known != nil && in.Known.Vault != u.Keys.Vault.String(),
	}, nil
}

// preloginUser reads a user and, for a caller who names an entry of the user's log that is not the newest, the log.
func (s *Service) preloginUser(ctx context.Context, name Username, known *protocol.KnownEntry) (User, *protocol.KDFChange, error) {
	if known == nil {
		u, err := s.store.User(ctx, name)
		return u, nil, err
	}
	u, head, err := s.store.Account(ctx, name)
	if err != nil {
		return u, nil, err
	}
	entries, _, err := s.entries(ctx, head, -1)
	if err != nil {
		return u, nil, err
	}
	i := slices.IndexFunc(entries, func(e *chain.Entry) bool {
		h := e.Hash()
		return encodeSigned(h[:]) == known.Entry
	})
	if i < 0 || i == len(entries)-1 {
		return u, nil, nil
	}
	owner, err := u.ID.memberID()
	if err != nil {
		return u, nil, err
	}
	log, err := s.log(ctx, head, owner, Asked{After: -1, Revision: known.Revision})
	if err != nil {
		return u, nil, err
	}
	return u, &protocol.KDFChange{Document: encodeSigned(u.Keys.Document), Log: log}, nil
}

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
	fresh := make([]byte, sha256.Size)
	rand.Read(fresh)
	key, err := s.store.ServerKey(ctx, fresh)
	if err != nil {
		return nil, fmt.Errorf("read the key for unknown users: %w", err)
	}
	if len(key) != sha256.Size {
		return nil, errors.New("the key for unknown users in the store is damaged")
	}
	s.preloginKey = key
	return key, nil
}
