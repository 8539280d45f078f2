package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// pendingLogin holds the derived key until the user enters a code, so that it is derived only once.
type pendingLogin struct {
	username string
	password [sha256.Size]byte
	kdf      protocol.KDF
	master   seal.MasterKey
	until    time.Time
}

const pendingFor = 5 * time.Minute

// Login starts a session and unlocks the vault. After ErrTOTPRequired or protocol.CodeTOTPInvalid, call it again with the same
// username, the same or an empty password, and a code: the key is not derived again.
func (c *Client) Login(ctx context.Context, username, password, code, device string) (string, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return "", err
	}
	defer op.end()
	username = typedUsername(username)
	p, err := op.derive(username, password)
	if err != nil {
		return "", err
	}
	request := protocol.LoginRequest{
		Username: username, AuthKey: p.master.AuthKey().Encode(), TOTPCode: typedCode(code), Device: device, Transport: c.sessionTransport(),
	}
	var answer protocol.SessionResponse
	if err := op.call(methodPost, protocol.PathLogin, request, &answer); err != nil {
		required, invalid := hasCode(err, protocol.CodeTOTPRequired), hasCode(err, protocol.CodeTOTPInvalid)
		if required || invalid {
			op.keepPending(p)
		} else {
			op.dropPending(p)
		}
		if required {
			return "", fmt.Errorf("%w: %w", ErrTOTPRequired, err)
		}
		return "", err
	}
	defer op.dropPending(p)
	if answer.Account.KDF != p.kdf {
		return "", fmt.Errorf("%w: the server sent different parameters before and after the login", seal.ErrKDFMismatch)
	}
	v, err := unwrap(answer.Account, p.master)
	if errors.Is(err, ErrWrongPassword) {
		// The server accepted the auth key, so the KEK is right too.
		return "", &VaultAlteredError{Problems: []error{replica.Found(bridge.Finding{Code: bridge.OtherVaultKey}, "the wrapped vault key is not this user's")}, Err: seal.ErrWrongKey}
	}
	if err != nil {
		return "", err
	}
	return answer.Account.Username, op.enter(answer, v, device)
}

// derive returns the pending login of the same user, or fetches the parameters and derives the key.
func (op *operation) derive(username, password string) (*pendingLogin, error) {
	sum := sha256.Sum256([]byte(password))
	op.client.mu.RLock()
	p := op.client.pending
	op.client.mu.RUnlock()
	if p != nil && p.username == username && time.Now().Before(p.until) &&
		(password == "" || subtle.ConstantTimeCompare(p.password[:], sum[:]) == 1) {
		return p, nil
	}
	if p != nil {
		op.dropPending(p)
	}
	var answer protocol.PreloginResponse
	if err := op.call(methodPost, protocol.PathPrelogin, protocol.PreloginRequest{Username: username}, &answer); err != nil {
		return nil, err
	}
	master, err := deriveMaster(password, answer.KDF)
	if err != nil {
		return nil, err
	}
	return &pendingLogin{username: username, password: sum, kdf: answer.KDF, master: master, until: time.Now().Add(pendingFor)}, nil
}

// deriveMaster rejects parameters outside the bounds before it does any work.
func deriveMaster(password string, kdf protocol.KDF) (seal.MasterKey, error) {
	salt, err := seal.ParseSalt(kdf.Salt)
	if err != nil {
		return seal.MasterKey{}, fmt.Errorf("salt from the server: %w", err)
	}
	master, err := seal.DeriveMasterKey(password, salt, params(kdf))
	if err != nil {
		return seal.MasterKey{}, fmt.Errorf("derive master key: %w", err)
	}
	// Free the memory of Argon2id before a vault is loaded: WebAssembly memory never shrinks, and growing it is slow.
	runtime.GC()
	return master, nil
}

func (op *operation) keepPending(p *pendingLogin) {
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	op.client.pending = p
}

func (op *operation) dropPending(p *pendingLogin) {
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	p.master.Wipe()
	if op.client.pending == p {
		op.client.pending = nil
	}
}

// unwrap opens the vault key of a with the master key. It returns ErrWrongPassword if the key does not open.
func unwrap(a protocol.Account, master seal.MasterKey) (*vault, error) {
	user, err := seal.ParseUserID(a.UserID)
	if err != nil {
		return nil, &AnswerError{Path: protocol.PathAccount, Err: err}
	}
	salt, err := seal.ParseSalt(a.KDF.Salt)
	if err != nil {
		return nil, fmt.Errorf("salt from the server: %w", err)
	}
	key, err := seal.UnwrapVaultKey(a.WrappedKey, master.KEK(),
		seal.WrapInfo{User: user, Purpose: seal.PurposePassword, Salt: salt, Params: params(a.KDF)})
	if errors.Is(err, seal.ErrWrongKey) {
		return nil, fmt.Errorf("%w: %w", ErrWrongPassword, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open vault key: %w", err)
	}
	v := newVault(user, key)
	v.account = a
	return v, nil
}

// State is the state of a session and its vault.
type State string

const (
	SignedOut State = "signed_out"
	Locked    State = "locked"
	Unlocked  State = "unlocked"
)

// Resume asks the server for the current session. If the server cannot be reached, it returns the account in the cache.
func (c *Client) Resume(ctx context.Context) (State, string, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return "", "", err
	}
	defer op.end()
	_ = op.expireQuarantine(time.Now()) // on an error the quarantined caches stay longer
	a, _, err := op.fetchOrCached()
	if errors.Is(err, ErrSignedOut) {
		op.forget()
		return SignedOut, "", nil
	}
	if err != nil {
		return "", "", err
	}
	if c.Locked() {
		return Locked, a.Username, nil
	}
	return Unlocked, a.Username, nil
}

// Opened is the result of an Unlock.
type Opened struct {
	Username string `json:"username"`
	Offline  bool   `json:"offline"` // the vault was opened from the cache, because the server cannot be reached
}

// Unlock opens the vault of the current session, or its cache if the server cannot be reached. The client checks the password;
// the server does not see it.
func (c *Client) Unlock(ctx context.Context, password string) (Opened, error) {
	return c.unlock(ctx, func(a protocol.Account) (*vault, error) {
		v, master, err := openWith(a, password)
		master.Wipe()
		return v, err
	})
}

// unlock opens the vault of the current session with unwrap, which unwraps the vault key.
func (c *Client) unlock(ctx context.Context, unwrap func(protocol.Account) (*vault, error)) (Opened, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return Opened{}, err
	}
	defer op.end()
	a, offline, err := op.fetchOrCached()
	if err != nil {
		return Opened{}, err
	}
	v, err := unwrap(a)
	if err != nil {
		return Opened{}, err
	}
	return op.show(v, offline)
}

// show makes v the unlocked vault: as the server has it, or as the cache has it if offline says why there is no server.
func (op *operation) show(v *vault, offline error) (Opened, error) {
	if err := op.recall(v); err != nil {
		return Opened{}, err
	}
	if offline == nil {
		if err := op.cacheAccount(v.account); err != nil {
			return Opened{}, err
		}
	} else {
		if err := op.openOffline(v); err != nil {
			if errors.Is(err, errNoCopy) {
				err = fmt.Errorf("%w: %w", offline, err)
			}
			return Opened{}, err
		}
	}
	op.forget()
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	op.client.vault = v
	return Opened{v.account.Username, offline != nil}, nil
}

// fetchOrCached returns the account from the server. If the server cannot be reached, it returns the account in the cache, and offline
// is why.
func (op *operation) fetchOrCached() (a protocol.Account, offline, err error) {
	if op.client.readsCopy() {
		v, err := op.opened()
		return v.account, ErrReadOnly, err
	}
	a, err = op.fetchAccount()
	if !unreachable(err) {
		return a, nil, err
	}
	offline = err
	cached, err := op.cachedAccount()
	if err != nil {
		return a, offline, fmt.Errorf("%w: %w", offline, err)
	}
	if cached == nil {
		return a, offline, offline
	}
	return *cached, offline, op.meet(*cached)
}

// openOffline fills v from the cache and the outbox.
func (op *operation) openOffline(v *vault) error {
	if err := op.openCache(v); err != nil {
		return err
	}
	return op.loadOutbox(v)
}

// openWith derives the master key of a and opens its vault key with it.
func openWith(a protocol.Account, password string) (*vault, seal.MasterKey, error) {
	master, err := deriveMaster(password, a.KDF)
	if err != nil {
		return nil, master, err
	}
	v, err := unwrap(a, master)
	return v, master, err
}

// Logout ends the session, locks the vault, and deletes the cache. The vault is locked even if the server cannot be reached. If
// the outbox is not empty and force is false, Logout does nothing and returns an *UnsentError.
func (c *Client) Logout(ctx context.Context, force bool) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	user, err := op.leave(force)
	if err != nil {
		return err
	}
	op.forget()
	err = op.call(methodPost, protocol.PathLogout, nil, nil)
	if hasCode(err, protocol.CodeUnauthorized) {
		err = nil // the session had already ended
	}
	if err == nil {
		err = op.wipe(user)
		op.signedOut()
	}
	return err
}

// LogoutHere is Logout without the request to the server, where the session remains until it expires.
func (c *Client) LogoutHere(ctx context.Context, force bool) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	user, err := op.leave(force)
	if err != nil {
		return err
	}
	op.forget()
	err = op.wipe(user)
	op.signedOut()
	return err
}

func (op *operation) signedOut() {
	if b, ok := op.client.transport.(bearer); ok {
		b.SetBearer("")
	}
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	op.client.account, op.client.device = nil, ""
}

// Session is one of this user's sessions.
type Session = protocol.Session

func (c *Client) Sessions(ctx context.Context) ([]Session, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer op.end()
	body, err := op.exchange(methodGet, protocol.PathSessions, nil, maxAnswer)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Sessions []struct {
			ID       said[protocol.SessionID] `json:"id"`
			Device   said[string]             `json:"device"`
			Created  said[time.Time]          `json:"created"`
			LastSeen said[time.Time]          `json:"last_seen"`
			Current  said[bool]               `json:"current"`
		} `json:"sessions"`
	}
	body = bytes.ToValidUTF8(body, []byte("\ufffd"))
	if err := op.answerError(methodGet, protocol.PathSessions, decodeStrict(body, &answer)); err != nil {
		return nil, err
	}
	list := make([]Session, len(answer.Sessions))
	for i, s := range answer.Sessions {
		list[i] = Session{
			ID: s.ID.value, Device: s.Device.value, Created: s.Created.value, LastSeen: s.LastSeen.value, Current: s.Current.value,
		}
	}
	return list, nil
}

// EndSession ends one session.
func (c *Client) EndSession(ctx context.Context, password, id string) error {
	return c.endSessions(ctx, password, id)
}

// EndOtherSessions ends all other sessions.
func (c *Client) EndOtherSessions(ctx context.Context, password string) error {
	return c.endSessions(ctx, password, "")
}

func (c *Client) endSessions(ctx context.Context, password, id string) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	auth, err := op.currentAuth(password)
	if err != nil {
		return err
	}
	return op.call(methodPost, protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: auth, ID: id}, nil)
}

// tell sends a request whose answer has no body.
func (c *Client) tell(ctx context.Context, method, path string, in any) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	return op.call(method, path, in, nil)
}
