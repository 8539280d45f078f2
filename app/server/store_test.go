package server_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// failing is a store that fails on demand.
type failing struct {
	vault.Store
	with atomic.Pointer[error]
}

func (f *failing) fail(err error) { f.with.Store(&err) }
func (f *failing) recover()       { f.with.Store(nil) }

func (f *failing) err() error {
	if e := f.with.Load(); e != nil {
		return fmt.Errorf("injected failure: %w", *e)
	}
	return nil
}

func (f *failing) Probe(ctx context.Context, now time.Time) error {
	return errors.Join(f.err(), f.Store.Probe(ctx, now))
}

func (f *failing) ApplyWrite(ctx context.Context, c vault.WriteChange) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.Store.ApplyWrite(ctx, c)
}

func (f *failing) CreateAccount(ctx context.Context, u vault.User, founding vault.Founding) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.Store.CreateAccount(ctx, u, founding)
}

func newFailingSite(t *testing.T) (*site, *failing) {
	f := &failing{}
	s := newSite(t, storedBy(func(inner vault.Store) vault.Store {
		f.Store = inner
		return f
	}))
	return s, f
}

func TestStoreFailuresLoseNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		status int
		code   protocol.Code
	}{
		{vault.ErrStoreUnavailable, http.StatusServiceUnavailable, protocol.CodeStorageUnavailable},
		{vault.ErrStoreFull, http.StatusInsufficientStorage, protocol.CodeStorageFull},
		{errors.New("something new with secret-detail"), http.StatusInternalServerError, protocol.CodeInternal},
	} {
		t.Run(string(c.code), func(t *testing.T) {
			s, store := newFailingSite(t)
			alice := s.register("alice")
			s.call("GET", protocol.PathReady, nil).want(200, "")
			change := alice.item()
			store.fail(c.err)
			a := alice.send(change).want(c.status, c.code)
			if strings.Contains(string(a.body), "secret-detail") || !strings.Contains(s.log.String(), c.err.Error()) {
				t.Errorf("the answer contains the cause, or the log lacks it: %s", a.body)
			}
			if !strings.Contains(s.log.String(), `"request_id":"`+a.header.Get("X-Request-Id")) {
				t.Error("the log lacks the request id of the answer")
			}
			s.call("POST", protocol.PathUsers, registration("bob")).want(c.status, c.code)
			s.srv.ProbeEvery(0)
			for _, status := range []int{200, 503, 503} {
				if got := s.call("GET", protocol.PathReady, nil); got.status != status {
					t.Errorf("/ready answered %d, want %d", got.status, status)
				}
			}
			if got := s.call("GET", protocol.PathHealth, nil); got.status != 200 || string(got.body) != "{\"ok\":true}\n" {
				t.Errorf("/health answered %d %s", got.status, got.body)
			}
			store.recover()
			if v := alice.vault(""); v.Revision != 0 || len(v.Records) != 0 {
				t.Errorf("a failed change left %+v", v)
			}
			alice.send(change).want(204, "")
			if got := s.call("GET", protocol.PathReady, nil); got.status != 200 {
				t.Errorf("/ready answered %d", got.status)
			}
			s.register("bob")
		})
	}
}

// panicking simulates a bug in the server.
type panicking struct{ vault.Store }

func (panicking) Changes(context.Context, chain.ID, int64, vault.ChangeWriter) error {
	panic("a fault")
}

func TestServerSurvivesAPanic(t *testing.T) {
	t.Parallel()
	s := newSite(t, storedBy(func(inner vault.Store) vault.Store { return panicking{inner} }))
	alice := s.register("alice")
	alice.call("GET", alice.vaultPath(protocol.PathVault), nil).want(500, protocol.CodeInternal)
	alice.call("GET", protocol.PathAccount, nil).want(200, "")
	if !strings.Contains(s.log.String(), "store_test.go") {
		t.Error("no stack in the log")
	}
}

// racing changes the user between a login's read and its write.
type racing struct {
	vault.Store
	once sync.Once
	act  func()
}

func (r *racing) PutSession(ctx context.Context, v vault.Session) error {
	if r.act != nil {
		r.once.Do(r.act)
	}
	return r.Store.PutSession(ctx, v)
}

func TestLoginRacingAPasswordChangeLeavesNoSession(t *testing.T) {
	t.Parallel()
	r := &racing{}
	s := newSite(t, storedBy(func(inner vault.Store) vault.Store {
		r.Store = inner
		return r
	}))
	alice := s.register("alice")
	r.act = func() {
		alice.renew(passwords[0]())
	}
	alice.login("").want(401, protocol.CodeInvalidCredentials)
	var list protocol.SessionsResponse
	alice.call("GET", protocol.PathSessions, nil).into(&list)
	if len(list.Sessions) != 1 {
		t.Errorf("%d sessions, want only the session that changed the password", len(list.Sessions))
	}
}

func TestLoginRacingAnotherChangeRetries(t *testing.T) {
	t.Parallel()
	r := &racing{}
	s := newSite(t, storedBy(func(inner vault.Store) vault.Store {
		r.Store = inner
		return r
	}))
	alice := s.register("alice")
	secret := alice.enrol()
	r.act = func() {
		alice.renew(newPhrase())
	}
	alice.login(codeAt(t, secret, s.clock.Now())).want(200, "")
}

// halfDeleted fails the first deletion after it has marked the user, as DynamoDB may between two transactions.
type halfDeleted struct {
	vault.Store
	broken atomic.Bool
}

func (h *halfDeleted) User(ctx context.Context, name vault.Username) (vault.User, error) {
	u, err := h.Store.User(ctx, name)
	u.Deleting = err == nil && h.broken.Load()
	return u, err
}

func (h *halfDeleted) DeleteUser(ctx context.Context, name vault.Username) error {
	if !h.broken.Swap(true) {
		return vault.ErrStoreUnavailable
	}
	h.broken.Store(false)
	return h.Store.DeleteUser(ctx, name)
}

func TestInterruptedDeletionIsFinishedLater(t *testing.T) {
	t.Parallel()
	for _, next := range []string{"login", "register"} {
		t.Run(next, func(t *testing.T) {
			h := &halfDeleted{}
			s := newSite(t, storedBy(func(inner vault.Store) vault.Store {
				h.Store = inner
				return h
			}))
			alice := s.register("alice")
			alice.call("POST", protocol.PathAccountDelete, protocol.DeleteAccountRequest{CurrentAuthKey: alice.authKey}).want(503, protocol.CodeStorageUnavailable)
			alice.call("GET", protocol.PathAccount, nil).want(401, protocol.CodeUnauthorized)
			if next == "login" {
				alice.login("").want(401, protocol.CodeInvalidCredentials)
			}
			s.register("alice")
			s.call("POST", protocol.PathUsers, registration("alice")).want(409, protocol.CodeUsernameTaken)
		})
	}
}

// The quota itself is tested with the stores.
func TestBranchQuotaIsAnswered(t *testing.T) {
	t.Parallel()
	s, f := newFailingSite(t)
	p := s.register("alice")
	other := p.v.Fork()
	other.Apply(other.Draft(other.Put(chain.RecordOverview, seal.NewID(), 1, "there")))
	p.send(p.v.Draft(p.v.Put(chain.RecordOverview, seal.NewID(), 1, "here"))).want(204, "")
	f.fail(vault.ErrBranchQuota)
	p.send(p.v.DraftJoin(other, p.v.Put(chain.RecordOverview, seal.NewID(), 1, "both"))).want(403, protocol.CodeBranchQuotaReached)
}
