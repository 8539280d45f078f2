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

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// pendingLogin keeps the derived key while the person looks for the code, so that it is derived once.
type pendingLogin struct {
	username string
	password [sha256.Size]byte
	kdf      protocol.KDF
	master   seal.MasterKey
	until    time.Time
}

const pendingFor = 5 * time.Minute

// Login makes a session and unlocks the vault. When it fails with ErrTOTPRequired, or with protocol.CodeTOTPInvalid after
// that, call it again with the same username and password, or with no password, and a code: the key is derived only once.
func (c *Client) Login(ctx context.Context, username, password, code, device string) (string, error) {
	ctx, done, err := c.begin(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	username = typedUsername(username)
	p, err := c.derive(ctx, username, password)
	if err != nil {
		return "", err
	}
	request := protocol.LoginRequest{
		Username: username, AuthKey: p.master.AuthKey().Encode(), TOTPCode: typedCode(code), Device: device, Transport: c.sessionTransport(),
	}
	var answer protocol.SessionResponse
	if err := c.call(ctx, methodPost, protocol.PathLogin, request, &answer); err != nil {
		required, invalid := hasCode(err, protocol.CodeTOTPRequired), hasCode(err, protocol.CodeTOTPInvalid)
		if required || invalid {
			c.keepPending(p)
		} else {
			c.dropPending(p)
		}
		if required {
			return "", fmt.Errorf("%w: %w", ErrTOTPRequired, err)
		}
		return "", err
	}
	defer c.dropPending(p)
	if answer.Account.KDF != p.kdf {
		return "", fmt.Errorf("%w: the server gave other parameters before the log-in than after it", seal.ErrKDFMismatch)
	}
	v, err := unwrap(answer.Account, p.master)
	if errors.Is(err, ErrWrongPassword) {
		// The auth key was right, so the KEK is right as well.
		return "", &VaultAlteredError{[]error{found(bridge.Finding{Code: bridge.OtherVaultKey}, "the wrapped vault key is not the one of this user")}, seal.ErrWrongKey}
	}
	if err != nil {
		return "", err
	}
	return answer.Account.Username, c.enter(answer, v, device)
}

// derive returns the pending log-in of the same person, or asks for the parameters and derives.
func (c *Client) derive(ctx context.Context, username, password string) (*pendingLogin, error) {
	sum := sha256.Sum256([]byte(password))
	c.mu.RLock()
	p := c.pending
	c.mu.RUnlock()
	if p != nil && p.username == username && time.Now().Before(p.until) &&
		(password == "" || subtle.ConstantTimeCompare(p.password[:], sum[:]) == 1) {
		return p, nil
	}
	if p != nil {
		c.dropPending(p)
	}
	var answer protocol.PreloginResponse
	if err := c.call(ctx, methodPost, protocol.PathPrelogin, protocol.PreloginRequest{Username: username}, &answer); err != nil {
		return nil, err
	}
	master, err := deriveMaster(password, answer.KDF)
	if err != nil {
		return nil, err
	}
	return &pendingLogin{username: username, password: sum, kdf: answer.KDF, master: master, until: time.Now().Add(pendingFor)}, nil
}

// deriveMaster refuses parameters outside the bounds before it spends any time on them.
func deriveMaster(password string, kdf protocol.KDF) (seal.MasterKey, error) {
	salt, err := seal.ParseSalt(kdf.Salt)
	if err != nil {
		return seal.MasterKey{}, fmt.Errorf("salt from the server: %w", err)
	}
	master, err := seal.DeriveMasterKey(password, salt, params(kdf))
	if err != nil {
		return seal.MasterKey{}, fmt.Errorf("derive master key: %w", err)
	}
	// Argon2id's memory is garbage now. WebAssembly memory only ever grows, and growing is slow, so that what was taken
	// for the key had better be free before a vault is loaded into it.
	runtime.GC()
	return master, nil
}

func (c *Client) keepPending(p *pendingLogin) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending = p
}

func (c *Client) dropPending(p *pendingLogin) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.master.Wipe()
	if c.pending == p {
		c.pending = nil
	}
}

// unwrap opens the vault key of a with the master key. ErrWrongPassword if it does not open.
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

// State is what Resume found.
type State string

const (
	SignedOut State = "signed_out"
	Locked    State = "locked"
	Unlocked  State = "unlocked"
)

// Resume asks the server whether there is a session, and whose. While the server cannot be reached, that is what this
// device keeps of the last one.
func (c *Client) Resume(ctx context.Context) (State, string, error) {
	ctx, done, err := c.begin(ctx)
	if err != nil {
		return "", "", err
	}
	defer done()
	_ = c.expireQuarantine(time.Now()) // a device that cannot write keeps it longer
	a, _, err := c.fetchOrKept(ctx)
	if errors.Is(err, ErrSignedOut) {
		c.forget()
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

// Opened is the outcome of an Unlock.
type Opened struct {
	Username string `json:"username"`
	Offline  bool   `json:"offline"` // the vault is the copy on this device: the server cannot be reached
}

// Unlock opens the vault of the session there is, or the copy of it on this device while the server cannot be reached. A
// wrong password is found here, the server is not asked about it.
func (c *Client) Unlock(ctx context.Context, password string) (Opened, error) {
	ctx, done, err := c.begin(ctx)
	if err != nil {
		return Opened{}, err
	}
	defer done()
	a, away, err := c.fetchOrKept(ctx)
	if err != nil {
		return Opened{}, err
	}
	v, master, err := openWith(a, password)
	if err != nil {
		return Opened{}, err
	}
	master.Wipe()
	if err := c.recall(v); err != nil {
		return Opened{}, err
	}
	if away == nil {
		if err := c.keepAccount(a); err != nil {
			return Opened{}, err
		}
	} else {
		if err := c.openHere(ctx, v); err != nil {
			if errors.Is(err, errNoCopy) {
				err = fmt.Errorf("%w: %w", away, err)
			}
			return Opened{}, err
		}
	}
	c.forget()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.vault = v
	return Opened{a.Username, away != nil}, nil
}

// fetchOrKept asks the server for the account. While it cannot be reached, which away tells, that is the account that
// this device keeps, if it keeps one. It needs the turn.
func (c *Client) fetchOrKept(ctx context.Context) (a protocol.Account, away, err error) {
	if c.readsCopy() {
		v, err := c.opened()
		return v.account, ErrReadOnly, err
	}
	a, err = c.fetchAccount(ctx)
	if !unreachable(err) {
		return a, nil, err
	}
	away = err
	kept, err := c.keptAccount()
	if err != nil {
		return a, away, fmt.Errorf("%w: %w", away, err)
	}
	if kept == nil {
		return a, away, away
	}
	return *kept, away, c.meet(*kept)
}

// openHere fills v with what this device keeps of it. It needs the turn.
func (c *Client) openHere(ctx context.Context, v *vault) error {
	if err := c.openCopy(ctx, v); err != nil {
		return err
	}
	return c.loadQueue(v)
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

// Logout ends the session and locks, and drops what this device keeps of the vault. The vault is locked even if the
// server cannot be told. With *UnsentError, and nothing is done, if changes wait here whose loss is not forced.
func (c *Client) Logout(ctx context.Context, force bool) error {
	ctx, done, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	user, err := c.leave(force)
	if err != nil {
		return err
	}
	c.forget()
	err = c.call(ctx, methodPost, protocol.PathLogout, nil, nil)
	if hasCode(err, protocol.CodeUnauthorized) {
		err = nil // it had ended already
	}
	if err == nil {
		err = c.wipe(user)
		c.signedOut()
	}
	return err
}

// LogoutHere does what Logout does but for telling the server, where the session lives on until it runs out.
func (c *Client) LogoutHere(ctx context.Context, force bool) error {
	_, done, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	user, err := c.leave(force)
	if err != nil {
		return err
	}
	c.forget()
	err = c.wipe(user)
	c.signedOut()
	return err
}

func (c *Client) signedOut() {
	if b, ok := c.transport.(bearer); ok {
		b.SetBearer("")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.account, c.device = nil, ""
}

// Session is one of this user's sessions.
type Session = protocol.Session

func (c *Client) Sessions(ctx context.Context) ([]Session, error) {
	ctx, done, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	body, err := c.exchange(ctx, methodGet, protocol.PathSessions, nil, maxAnswer)
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
	if err := c.answerError(methodGet, protocol.PathSessions, decodeStrict(body, &answer)); err != nil {
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

// EndOtherSessions ends all sessions but this one.
func (c *Client) EndOtherSessions(ctx context.Context, password string) error {
	return c.endSessions(ctx, password, "")
}

func (c *Client) endSessions(ctx context.Context, password, id string) error {
	ctx, done, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	auth, err := c.currentAuth(ctx, password)
	if err != nil {
		return err
	}
	return c.call(ctx, methodPost, protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: auth, ID: id}, nil)
}

// tell sends what is answered by nothing but success.
func (c *Client) tell(ctx context.Context, method, path string, in any) error {
	ctx, done, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	return c.call(ctx, method, path, in, nil)
}
