package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// prove checks the password on this device and returns the account and the keys that it opens. It needs the turn. The caller
// wipes the master key.
func (op *operation) prove(password string) (protocol.Account, *vault, seal.MasterKey, error) {
	if _, err := op.opened(); err != nil {
		return protocol.Account{}, nil, seal.MasterKey{}, err
	}
	a, err := op.fetchAccount()
	if err != nil {
		return protocol.Account{}, nil, seal.MasterKey{}, err
	}
	v, master, err := openWith(a, password)
	return a, v, master, err
}

// newPassword is a vault key wrapped under a new password.
type newPassword struct {
	kdf     protocol.KDF
	auth    seal.AuthKey
	wrapped string
}

func wrapUnder(password string, user seal.UserID, key seal.VaultKey) (newPassword, error) {
	salt, p := seal.NewSalt(), seal.DefaultParams
	master, err := seal.DeriveMasterKey(password, salt, p)
	if err != nil {
		return newPassword{}, fmt.Errorf("derive master key: %w", err)
	}
	defer master.Wipe()
	wrapped, err := seal.WrapVaultKey(key, master.KEK(), seal.WrapInfo{User: user, Purpose: seal.PurposePassword, Salt: salt, Params: p})
	if err != nil {
		return newPassword{}, fmt.Errorf("wrap vault key: %w", err)
	}
	return newPassword{wireKDF(salt, p), master.AuthKey(), wrapped}, nil
}

// ChangePassword wraps the vault key under a new password with a new salt. All other sessions end.
func (c *Client) ChangePassword(ctx context.Context, current, next string) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	a, v, master, err := op.prove(current)
	if err != nil {
		return err
	}
	defer master.Wipe()
	defer v.Key.Wipe()
	fresh, err := wrapUnder(next, v.User, v.Key)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.account = nil // it changes now, even if the answer is lost
	c.mu.Unlock()
	err = op.call(methodPost, protocol.PathAccountPassword, protocol.PasswordRequest{
		CurrentAuthKey: master.AuthKey().Encode(), KDF: fresh.kdf, AuthKey: fresh.auth.Encode(), WrappedKey: fresh.wrapped,
	}, nil)
	if err != nil {
		return err
	}
	a.KDF, a.WrappedKey = fresh.kdf, fresh.wrapped
	c.mu.Lock()
	if c.vault != nil {
		c.vault.account = a
	}
	c.mu.Unlock()
	return op.cacheAccount(a)
}

// PhraseChange is a new recovery phrase that is not active yet. The old phrase stays valid until ActivatePhrase succeeds.
type PhraseChange struct {
	phrase  seal.RecoveryPhrase
	current seal.AuthKey
	wrapped string
}

// Words returns the new recovery phrase.
func (p *PhraseChange) Words() []string { return p.phrase.Words() }

// PreparePhrase creates a new recovery phrase. The server learns nothing of it.
func (c *Client) PreparePhrase(ctx context.Context, password string) (*PhraseChange, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer op.end()
	_, v, master, err := op.prove(password)
	if err != nil {
		return nil, err
	}
	defer master.Wipe()
	defer v.Key.Wipe()
	phrase := seal.NewRecoveryPhrase()
	wrapped, err := seal.WrapVaultKey(v.Key, phrase.KEK(), seal.WrapInfo{User: v.User, Purpose: seal.PurposeRecovery})
	if err != nil {
		return nil, fmt.Errorf("wrap vault key for recovery: %w", err)
	}
	return &PhraseChange{phrase, master.AuthKey(), wrapped}, nil
}

// ActivatePhrase replaces the recovery phrase. After an error it can be called again with the same change.
func (c *Client) ActivatePhrase(ctx context.Context, p *PhraseChange) error {
	return c.tell(ctx, methodPost, protocol.PathAccountRecovery, protocol.RecoveryRequest{
		CurrentAuthKey: p.current.Encode(), RecoveryAuthKey: p.phrase.AuthKey().Encode(), RecoveryWrappedKey: p.wrapped,
	})
}

// Recover sets a new password with the recovery phrase. All sessions end, and the vault is unlocked in a new one.
func (c *Client) Recover(ctx context.Context, username, phrase, password string, removeTOTP bool, device string) (string, error) {
	words, err := seal.ParseRecoveryPhrase(phrase)
	if err != nil {
		return "", err
	}
	op, err := c.begin(ctx)
	if err != nil {
		return "", err
	}
	defer op.end()
	username = typedUsername(username)
	var opened protocol.RecoveryOpenResponse
	auth := words.AuthKey().Encode()
	err = op.call(methodPost, protocol.PathRecoveryOpen, protocol.RecoveryOpenRequest{Username: username, RecoveryAuthKey: auth}, &opened)
	if hasCode(err, protocol.CodeInvalidCredentials) {
		return "", fmt.Errorf("%w: %w", ErrWrongPhrase, err)
	}
	if err != nil {
		return "", err
	}
	user, err := seal.ParseUserID(opened.UserID)
	if err != nil {
		return "", &AnswerError{Path: protocol.PathRecoveryOpen, Err: err}
	}
	key, err := seal.UnwrapVaultKey(opened.RecoveryWrappedKey, words.KEK(), seal.WrapInfo{User: user, Purpose: seal.PurposeRecovery})
	if errors.Is(err, seal.ErrWrongKey) {
		return "", &VaultAlteredError{Problems: []error{replica.Found(bridge.Finding{Code: bridge.OtherVaultKey}, "the vault key wrapped for recovery is not this user's")}, Err: err}
	}
	if err != nil {
		return "", fmt.Errorf("open vault key: %w", err)
	}
	fresh, err := wrapUnder(password, user, key)
	if err != nil {
		return "", err
	}
	var answer protocol.SessionResponse
	err = op.call(methodPost, protocol.PathRecoveryFinish, protocol.RecoveryFinishRequest{
		Username: username, RecoveryAuthKey: auth, KDF: fresh.kdf, AuthKey: fresh.auth.Encode(), WrappedKey: fresh.wrapped,
		RemoveTOTP: removeTOTP, Device: device, Transport: c.sessionTransport(),
	}, &answer)
	if err != nil {
		return "", err
	}
	a := answer.Account
	if a.UserID != string(user) || a.KDF != fresh.kdf || a.WrappedKey != fresh.wrapped {
		return "", replica.Altered(replica.Found(bridge.Finding{Code: bridge.OtherAccount}, "the server answered the recovery with another account"))
	}
	return a.Username, op.enter(answer, newVault(user, key), device)
}

// Enrolment is a second factor that is not active yet.
type Enrolment struct {
	URI    string `json:"uri"`       // otpauth://totp/…
	Secret string `json:"secret"`    // base32
	Token  string `json:"enrolment"` // for ConfirmTOTP, within ten minutes
}

func (c *Client) BeginTOTP(ctx context.Context, password string) (Enrolment, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return Enrolment{}, err
	}
	defer op.end()
	auth, err := op.currentAuth(password)
	if err != nil {
		return Enrolment{}, err
	}
	var answer protocol.TOTPBeginResponse
	if err := op.call(methodPost, protocol.PathTOTPBegin, protocol.TOTPBeginRequest{CurrentAuthKey: auth}, &answer); err != nil {
		return Enrolment{}, err
	}
	return Enrolment{URI: answer.URI, Secret: answer.Secret, Token: answer.Enrolment}, nil
}

// currentAuth checks the password on this device and returns the auth key for the wire.
func (op *operation) currentAuth(password string) (string, error) {
	_, v, master, err := op.prove(password)
	if err != nil {
		return "", err
	}
	defer master.Wipe()
	v.Key.Wipe()
	return master.AuthKey().Encode(), nil
}

// CheckPassword returns ErrWrongPassword unless password is the master password. It guards operations that an unlocked vault
// alone must not allow to a passer-by. It works offline.
func (c *Client) CheckPassword(ctx context.Context, password string) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	if _, err := op.opened(); err != nil {
		return err
	}
	a, _, err := op.fetchOrCached()
	if err != nil {
		return err
	}
	v, master, err := openWith(a, password)
	if err != nil {
		return err
	}
	master.Wipe()
	v.Key.Wipe()
	return nil
}

// ConfirmTOTP activates the second factor with the first code from the authenticator.
func (c *Client) ConfirmTOTP(ctx context.Context, enrolment, code string) error {
	return c.tell(ctx, methodPost, protocol.PathTOTPConfirm, protocol.TOTPConfirmRequest{Enrolment: enrolment, Code: typedCode(code)})
}

func (c *Client) RemoveTOTP(ctx context.Context, password string) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	auth, err := op.currentAuth(password)
	if err != nil {
		return err
	}
	return op.call(methodPost, protocol.PathTOTPRemove, protocol.TOTPRemoveRequest{CurrentAuthKey: auth}, nil)
}

// DeleteAccount deletes the user on the server, and everything that this device stores about the user. If the outbox is not empty
// and its loss is not forced, it deletes nothing and returns an *UnsentError.
func (c *Client) DeleteAccount(ctx context.Context, password string, force bool) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	user, err := op.leave(force)
	if err != nil {
		return err
	}
	a, v, master, err := op.prove(password)
	if err != nil {
		return err
	}
	v.Key.Wipe()
	auth := master.AuthKey().Encode()
	master.Wipe()
	if err := op.call(methodPost, protocol.PathAccountDelete, protocol.DeleteAccountRequest{CurrentAuthKey: auth}, nil); err != nil {
		return err
	}
	op.forget()
	wipeErr := op.wipe(user)
	op.signedOut()
	if err := errors.Join(wipeErr, op.memory.Store(a.UserID, Seen{})); err != nil {
		return fmt.Errorf("delete the last seen revision: %w", err)
	}
	return nil
}
