package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// prove checks the password on this device, against an account that the verified log signs. It returns the auth key for the wire.
func (op *operation) prove(password string) (*vault, seal.AuthKey, error) {
	v, key, err := op.proveKey(password)
	if err != nil {
		return nil, seal.AuthKey{}, err
	}
	defer key.Wipe()
	return v, key.AuthKey(), nil
}

// proveKey is prove, and returns the key of the password. The caller wipes it.
func (op *operation) proveKey(password string) (*vault, seal.PasswordKey, error) {
	v, err := op.current()
	if err != nil {
		return nil, seal.PasswordKey{}, err
	}
	opened, key, err := openWith(v.account, password, v.remembered)
	if err != nil {
		key.Wipe()
		return nil, seal.PasswordKey{}, err
	}
	opened.wipe()
	return v, key, nil
}

// current returns the unlocked vault with the newest account of the server. An auth key is sent only for an account that the log signs.
func (op *operation) current() (*vault, error) {
	v, err := op.opened()
	if err != nil {
		return nil, err
	}
	a, err := op.fetchAccount()
	if err != nil {
		return nil, err
	}
	if !v.proven || !sameKeys(&a, &v.account) {
		if _, err := op.sync(v); err != nil {
			return nil, err
		}
	}
	if !v.proven || !sameKeys(&a, &v.account) {
		return nil, accountProblem(chain.ErrDocument)
	}
	return v, nil
}

// ChangePassword wraps the account key under a new password with a new salt. All other sessions end.
func (c *Client) ChangePassword(ctx context.Context, current, next string) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	v, err := op.opened()
	if err != nil {
		return err
	}
	unlock, err := op.lockSigning(v)
	if err != nil {
		return err
	}
	defer unlock()
	resolved, err := op.conclude(v)
	if err != nil {
		return err
	}
	v, auth, err := op.prove(current)
	if resolved && errors.Is(err, ErrWrongPassword) {
		// The change of an earlier attempt, whose answer was lost, may be this one.
		if _, _, err := op.prove(next); err == nil {
			return nil
		}
	}
	if err != nil {
		return err
	}
	fresh, err := passwordWrap(next, op.costFor(v))
	if err != nil {
		return err
	}
	return op.changeAccount(v, auth, func(d *accountDraft) { d.setPassword(fresh) },
		func(r *protocol.AccountEntryRequest) { r.Change.AuthKey = fresh.auth.Encode() })
}

// newPassword is the wrap of a new password.
type newPassword struct {
	newWrap
	kdf seal.KDF
}

// costFor returns the cost of a new password of v. A newer release may have raised the account above that of this one.
func (op *operation) costFor(v *vault) byte { return max(op.client.cost, v.keys.document.Cost) }

func passwordWrap(password string, cost byte) (newPassword, error) {
	kdf := seal.NewKDF(cost)
	key, err := derivePassword(password, kdf)
	if err != nil {
		return newPassword{}, err
	}
	defer key.Wipe()
	return newPassword{newWrap{key.WrapKey(), chain.MethodPassword, key.AuthKey()}, kdf}, nil
}

func (a *accountDraft) setPassword(p newPassword) {
	a.kdf, a.wraps = p.kdf, append(a.wraps, p.newWrap)
}

// PhraseChange is a new recovery phrase that is not active yet. The old phrase stays valid until ActivatePhrase succeeds.
type PhraseChange struct {
	phrase  seal.RecoveryPhrase
	current seal.AuthKey
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
	_, auth, err := op.prove(password)
	if err != nil {
		return nil, err
	}
	return &PhraseChange{seal.NewRecoveryPhrase(), auth}, nil
}

// ActivatePhrase replaces the recovery phrase. After an error it can be called again with the same change.
func (c *Client) ActivatePhrase(ctx context.Context, p *PhraseChange) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	v, err := op.opened()
	if err != nil {
		return err
	}
	unlock, err := op.lockSigning(v)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := op.conclude(v); err != nil {
		return err
	}
	if v, err = op.current(); err != nil {
		return err
	}
	auth := p.phrase.AuthKey()
	if w := v.keys.document.Wrap(chain.MethodPhrase, chain.ID{}); w != nil && w.AuthKey == auth.Hash() {
		return nil // by an earlier attempt whose answer was lost
	}
	return op.changeAccount(v, p.current,
		func(d *accountDraft) {
			d.wraps = append(d.wraps, newWrap{p.phrase.WrapKey(), chain.MethodPhrase, auth})
		},
		func(r *protocol.AccountEntryRequest) { r.Change.RecoveryAuthKey = auth.Encode() })
}

// changeAccount signs an account entry and sends it. draft says what it changes, wire adds the auth keys that are new.
func (op *operation) changeAccount(v *vault, current seal.AuthKey, draft func(*accountDraft), wire func(*protocol.AccountEntryRequest)) error {
	if err := v.alarmed(); err != nil {
		return err
	}
	unlock, err := op.lockSigning(v)
	if err != nil {
		return err
	}
	defer unlock()
	for range maxAttempts {
		// The password may have changed since it was proven. An entry that the server must refuse would stay in flight.
		if w := v.keys.document.Wrap(chain.MethodPassword, chain.ID{}); w == nil || w.AuthKey != current.Hash() {
			return ErrWrongPassword
		}
		err := op.signAndSend(v, current, draft, wire)
		if errors.Is(err, ErrUncertain) || !hasCode(err, protocol.CodeRevisionConflict) && !hasCode(err, protocol.CodeConflict) {
			return err
		}
		if v, err = op.current(); err != nil {
			return err
		}
	}
	return ErrBusy
}

func (op *operation) signAndSend(v *vault, current seal.AuthKey, draft func(*accountDraft), wire func(*protocol.AccountEntryRequest)) error {
	d, err := v.draft()
	if err != nil {
		return err
	}
	draft(d)
	e, err := d.sign(v.Log())
	if err != nil {
		return err
	}
	request := protocol.AccountEntryRequest{CurrentAuthKey: current.Encode(), Change: e.wire()}
	wire(&request)
	v.next = nil
	if !e.key.Equal(v.keys.key) {
		v.next = &nextKey{e.key, e.generation}
	}
	return op.sendEntry(v, e.entry, protocol.PathAccountEntry, request)
}

// Recover sets a new password with the recovery phrase. All sessions end, and the vault is unlocked in a new one.
func (c *Client) Recover(ctx context.Context, username, phrase, password string, removeTOTP bool, device string) (string, error) {
	words, err := seal.ParseRecoveryPhrase(phrase)
	if err != nil {
		return "", err
	}
	defer words.Wipe()
	op, err := c.begin(ctx)
	if err != nil {
		return "", err
	}
	defer op.end()
	r := &recovery{operation: op, username: typedUsername(username), words: words, removeTOTP: removeTOTP, device: device}
	var fresh newPassword
	for range maxAttempts {
		v, err := r.open()
		if err != nil {
			return "", err
		}
		if cost := op.costFor(v.vault); fresh.kdf.Cost < cost {
			if fresh, err = passwordWrap(password, cost); err != nil {
				v.wipe()
				return "", err
			}
		}
		name, err := r.finish(v, fresh)
		v.wipe()
		if !errors.Is(err, errAgain) && !hasCode(err, protocol.CodeRevisionConflict) && !hasCode(err, protocol.CodeConflict) {
			return name, err
		}
	}
	return "", ErrBusy
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
	_, auth, err := op.prove(password)
	if err != nil {
		return "", err
	}
	return auth.Encode(), nil
}

// CheckPassword returns ErrWrongPassword unless password is the master password. It guards operations that an unlocked vault
// alone must not allow to a passer-by. It works offline.
func (c *Client) CheckPassword(ctx context.Context, password string) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	v, err := op.opened()
	if err != nil {
		return err
	}
	a, _, err := op.fetchOrCached()
	if err != nil {
		return err
	}
	opened, key, err := openWith(a, password, v.remembered)
	key.Wipe()
	if err != nil {
		return err
	}
	opened.wipe()
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
	v, auth, err := op.prove(password)
	if err != nil {
		return err
	}
	deleted := v.user.String()
	if err := op.call(methodPost, protocol.PathAccountDelete, protocol.DeleteAccountRequest{CurrentAuthKey: auth.Encode()}, nil); err != nil {
		return err
	}
	op.forget()
	wipeErr := op.wipe(user)
	op.signedOut()
	if err := errors.Join(wipeErr, op.memory.Store(deleted, Remembered{})); err != nil {
		return fmt.Errorf("delete what this device remembers: %w", err)
	}
	return nil
}
