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

// Registration is an account that does not exist yet. Its phrase is shown and confirmed before anything is sent.
type Registration struct {
	// Invitation is the code that some servers require; nil: none.
	Invitation *protocol.Invitation

	phrase seal.RecoveryPhrase
	salt   seal.Salt
	params seal.Params
	master seal.MasterKey
	key    seal.VaultKey
}

// Words returns the recovery phrase. It is shown once and never stored.
func (r *Registration) Words() []string { return r.phrase.Words() }

// Forget wipes the keys of a registration that was abandoned or completed.
func (r *Registration) Forget() {
	r.master.Wipe()
	r.phrase.Wipe()
	r.key.Wipe()
}

// PrepareRegistration creates the keys of a new account. It sends nothing.
func (c *Client) PrepareRegistration(password string) (*Registration, error) {
	r := &Registration{phrase: seal.NewRecoveryPhrase(), salt: seal.NewSalt(), params: seal.DefaultParams}
	var err error
	if r.master, err = seal.DeriveMasterKey(password, r.salt, r.params); err != nil {
		return nil, fmt.Errorf("derive master key: %w", err)
	}
	r.key = seal.NewVaultKey()
	return r, nil
}

// CheckRegistration returns the error that Register would return for the invitation and the username, which may be empty. Call it
// before the user chooses a password and writes down the phrase.
func (c *Client) CheckRegistration(ctx context.Context, username string, invitation *protocol.Invitation) error {
	err := c.tell(ctx, methodPost, protocol.PathRegisterCheck, protocol.RegisterCheckRequest{Invitation: invitation, Username: typedUsername(username)})
	if hasCode(err, protocol.CodeNotFound) || hasCode(err, protocol.CodeMethodNotAllowed) {
		return nil // an older server, which checks at registration
	}
	return err
}

// A user id is 128 random bits: more than one collision is a server that lies.
const maxUserIDs = 3

// Register makes the account and leaves it unlocked. After username_taken the same registration can be used again with
// another name.
func (c *Client) Register(ctx context.Context, r *Registration, username, device string) (string, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return "", err
	}
	defer op.end()
	username = typedUsername(username)
	for range maxUserIDs {
		var name string
		name, err = op.register(r, seal.NewUserID(), username, device)
		if err == nil || !hasCode(err, protocol.CodeUserIDTaken) {
			return name, err
		}
	}
	return "", err
}

func (op *operation) register(r *Registration, user seal.UserID, username, device string) (string, error) {
	kek, recoveryKEK := r.master.KEK(), r.phrase.KEK()
	wrapped, err := seal.WrapVaultKey(r.key, kek, seal.WrapInfo{User: user, Purpose: seal.PurposePassword, Salt: r.salt, Params: r.params})
	if err != nil {
		return "", fmt.Errorf("wrap vault key: %w", err)
	}
	recovery, err := seal.WrapVaultKey(r.key, recoveryKEK, seal.WrapInfo{User: user, Purpose: seal.PurposeRecovery})
	if err != nil {
		return "", fmt.Errorf("wrap vault key for recovery: %w", err)
	}
	v := newVault(user, r.key)
	manifest, err := r.key.SealManifest(seal.Manifest{User: user})
	if err != nil {
		return "", fmt.Errorf("seal manifest: %w", err)
	}
	request := protocol.RegisterRequest{
		Invitation: r.Invitation,
		Username:   username, UserID: string(user), KDF: wireKDF(r.salt, r.params),
		AuthKey: r.master.AuthKey().Encode(), RecoveryAuthKey: r.phrase.AuthKey().Encode(),
		WrappedKey: wrapped, RecoveryWrappedKey: recovery, Manifest: manifest,
		Device: device, Transport: op.client.sessionTransport(),
	}
	var answer protocol.SessionResponse
	if err := op.call(methodPost, protocol.PathRegister, request, &answer); err != nil {
		return "", err
	}
	a := answer.Account
	if a.UserID != string(user) || a.KDF != request.KDF || a.WrappedKey != wrapped || a.Revision != 0 {
		return "", replica.Altered(replica.Found(bridge.Finding{Code: bridge.OtherAccount}, "the server answered the registration with another account"))
	}
	return a.Username, op.enter(answer, v, device)
}

func (c *Client) sessionTransport() protocol.SessionTransport {
	if _, ok := c.transport.(bearer); ok {
		return protocol.SessionBearer
	}
	return protocol.SessionCookie
}

// enter makes v the unlocked vault of a new session.
func (op *operation) enter(answer protocol.SessionResponse, v *vault, device string) error {
	if b, ok := op.client.transport.(bearer); ok {
		if answer.Token == "" {
			return &AnswerError{Path: protocol.PathLogin, Err: errors.New("no session token")}
		}
		b.SetBearer(answer.Token)
	}
	if err := op.recall(v); err != nil {
		return err
	}
	op.forget()
	v.account = answer.Account
	if err := op.cacheAccount(answer.Account); err != nil {
		return err
	}
	if err := op.checkOutbox(v); err != nil {
		return err
	}
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	op.client.account, op.client.vault, op.client.device = &answer.Account, v, device
	return nil
}

// recall brings to v what this device has seen of the vault before.
func (op *operation) recall(v *vault) error {
	seen, err := op.memory.Load(string(v.User))
	if err != nil {
		// Going on without would let the server show an older vault.
		return fmt.Errorf("read the last seen revision: %w", err)
	}
	v.seen = seen
	return nil
}

// remember keeps which state of v was verified.
func (op *operation) remember(v *vault) error {
	seen := Seen{Revision: v.Revision, Digest: v.Digest.String()}
	if seen == v.seen {
		return nil
	}
	if err := op.memory.Store(string(v.User), seen); err != nil {
		return fmt.Errorf("store the last seen revision: %w", err)
	}
	v.seen = seen
	return nil
}
