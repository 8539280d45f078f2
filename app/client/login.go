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

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// pendingLogin holds the derived key until the user enters a code, so that it is derived only once.
type pendingLogin struct {
	username string
	password [sha256.Size]byte
	kdf      seal.KDF
	key      seal.PasswordKey
	changed  bool   // since this device last saw the account, as its log proves
	text     string // the password itself, if the cost of its key has to rise: see RaiseCost
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
	if (errors.Is(err, seal.ErrKDFMismatch) || errors.Is(err, ErrCostLowered) || errors.Is(err, ErrReplaced)) && op.leadBackFirst(username, password) {
		p, err = op.derive(username, password)
	}
	if err != nil {
		return "", err
	}
	request := protocol.LoginRequest{
		Username: username, AuthKey: p.key.AuthKey().Encode(), TOTPCode: typedCode(code), Device: device, Transport: c.sessionTransport(),
	}
	var answer protocol.UserSession
	if err := op.call(methodPost, protocol.PathLogin, request, &answer); err != nil {
		required, invalid := hasCode(err, protocol.CodeTOTPRequired), hasCode(err, protocol.CodeTOTPInvalid)
		if required || invalid {
			op.keepPending(p)
		} else {
			op.dropPending(p)
		}
		if hasCode(err, protocol.CodeWaiting) {
			op.leadBackFirst(username, password)
		}
		switch {
		case required:
			return "", fmt.Errorf("%w: %w", ErrTOTPRequired, err)
		case p.changed && hasCode(err, protocol.CodeInvalidCredentials) && op.opensFormer(username, password):
			return "", fmt.Errorf("%w: %w", ErrPasswordChanged, err)
		}
		return "", err
	}
	defer op.dropPending(p)
	v, err := op.openLogin(answer.Account, p)
	if err != nil {
		return "", err
	}
	due := p.due() // enter wipes the key
	if err := op.enter(answer, v, device); err != nil {
		return "", err
	}
	op.noteRaise(due)
	return answer.Account.Username, nil
}

// openLogin opens the account that answers a log-in.
func (op *operation) openLogin(a protocol.UserAccount, p *pendingLogin) (*vault, error) {
	user, parts, err := parseAccount(a)
	if err != nil {
		return nil, err
	}
	if parts.document.Salt != p.kdf.Salt || parts.document.Cost != p.kdf.Cost {
		return nil, fmt.Errorf("%w: the server sent different parameters before and after the login", seal.ErrKDFMismatch)
	}
	remembered, err := op.rememberedOf(user)
	if err != nil {
		return nil, err
	}
	v, err := parts.vault(a, user, p.key.WrapKey(), remembered)
	if errors.Is(err, ErrWrongPassword) {
		// The server accepted the auth key, so the KEK is right too.
		return nil, &VaultAlteredError{Problems: []error{replica.Found(bridge.Finding{Code: bridge.OtherAccountKey}, "the wrapped account key is not this user's")}, Err: seal.ErrWrongKey}
	}
	return v, err
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
	remembered, err := op.findRemembered(username)
	if err != nil {
		return nil, err
	}
	answer, err := op.askKDF(username, remembered)
	if err != nil {
		return nil, err
	}
	if answer.Replaced {
		return nil, ErrReplaced
	}
	kdf, err := parseKDF(answer)
	if err != nil {
		return nil, err
	}
	if err := remembered.acceptKDF(kdf, answer.Change); err != nil {
		return nil, err
	}
	key, err := derivePassword(password, kdf)
	if err != nil {
		return nil, err
	}
	known, ok := remembered.kdf()
	p = &pendingLogin{
		username: username, password: sum, kdf: kdf, key: key, changed: ok && known != kdf, until: time.Now().Add(pendingFor),
	}
	if kdf.Cost < op.client.cost {
		p.text = password
	}
	return p, nil
}

// askKDF asks for the key derivation of a user.
func (op *operation) askKDF(username string, remembered Remembered) (answer protocol.PasswordKDF, err error) {
	err = op.call(methodPost, protocol.PathPrelogin, remembered.prelogin(username), &answer)
	return answer, err
}

// argon2id is a variable because tests remember what it returned.
var argon2id = seal.DerivePasswordKey

// derivePassword derives the key of the master password.
func derivePassword(password string, kdf seal.KDF) (seal.PasswordKey, error) {
	key, err := argon2id(password, kdf)
	if err != nil {
		return key, fmt.Errorf("derive the password's key: %w", err)
	}
	// Free the memory of Argon2id before a vault is loaded: WebAssembly memory never shrinks, and growing it is slow.
	runtime.GC()
	return key, nil
}

func (op *operation) keepPending(p *pendingLogin) {
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	op.client.pending = p
}

func (op *operation) dropPending(p *pendingLogin) {
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	p.key.Wipe()
	if op.client.pending == p {
		op.client.pending = nil
	}
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
// the server does not see it. Until a Sync has verified the log, no item is shown.
func (c *Client) Unlock(ctx context.Context, password string) (Opened, error) {
	return c.unlock(ctx, func(a protocol.UserAccount, r Remembered) (*vault, error) {
		v, key, err := openWith(a, password, r)
		key.Wipe()
		return v, err
	})
}

// unlock opens the vault of the current session with open, which opens the account with what this device remembers of it.
func (c *Client) unlock(ctx context.Context, open func(protocol.UserAccount, Remembered) (*vault, error)) (Opened, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return Opened{}, err
	}
	defer op.end()
	a, offline, err := op.fetchOrCached()
	if err != nil {
		return Opened{}, err
	}
	user, err := chain.ParseID(a.UserID)
	if err != nil {
		return Opened{}, &AnswerError{Path: protocol.PathAccount, Err: err}
	}
	remembered, err := op.rememberedOf(user)
	if err != nil {
		return Opened{}, err
	}
	if offline == nil {
		v, err := op.openAccount(a, remembered, open)
		if err != nil {
			return Opened{}, err
		}
		return op.show(v, nil)
	}
	v, err := open(a, remembered)
	if err != nil {
		return Opened{}, err
	}
	v.recollect(remembered)
	return op.show(v, offline)
}

// show makes v the unlocked vault: as the server has it, or as the cache has it if offline says why there is no server.
func (op *operation) show(v *vault, offline error) (Opened, error) {
	if offline != nil {
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
	op.client.unlocked = v.unlocked
	return Opened{v.account.Username, offline != nil}, nil
}

// fetchOrCached returns the account from the server. If the server cannot be reached, it returns the account in the cache, and offline
// is why.
func (op *operation) fetchOrCached() (a protocol.UserAccount, offline, err error) {
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
	if err := op.loadOutbox(v); err != nil {
		return err
	}
	if op.client.sharing == nil {
		return nil
	}
	return op.client.sharing.open(op, v.unlocked)
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
