package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Handover lets the next worker of a browser open the vault without the master password. Both parts together are as secret
// as the vault key, so they stay in memory.
type Handover struct {
	Token string // the vault key, sealed under Key
	Key   []byte // used once
}

// HandOver seals the key of the unlocked vault under a new key. A copy that is open for reading returns ErrReadOnly.
func (c *Client) HandOver() (Handover, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	v := c.vault
	if v == nil {
		return Handover{}, ErrLocked
	}
	if v.readOnly {
		return Handover{}, ErrReadOnly
	}
	key := seal.NewHandoverKey()
	defer key.Wipe()
	token, err := seal.WrapVaultKey(v.Key, handoverKEK(key, v.account), handoverOf(v.User))
	if err != nil {
		return Handover{}, fmt.Errorf("hand over the vault key: %w", err)
	}
	return Handover{token, key.Bytes()}, nil
}

// TakeOver opens the vault as Unlock does, with a Handover of the same session instead of the master password. It returns
// ErrWrongPassword for any other Handover: of another user or session, from before the password was changed, or damaged.
func (c *Client) TakeOver(ctx context.Context, h Handover) (Opened, error) {
	return c.unlock(ctx, func(a protocol.Account) (*vault, error) { return unwrapHandover(a, h) })
}

func unwrapHandover(a protocol.Account, h Handover) (*vault, error) {
	user, err := seal.ParseUserID(a.UserID)
	if err != nil {
		return nil, &AnswerError{Path: protocol.PathAccount, Err: err}
	}
	key, err := seal.ParseHandoverKey(h.Key)
	defer key.Wipe()
	if err != nil {
		return nil, errors.Join(ErrWrongPassword, err)
	}
	vaultKey, err := seal.UnwrapVaultKey(h.Token, handoverKEK(key, a), handoverOf(user))
	if err != nil {
		return nil, errors.Join(ErrWrongPassword, err)
	}
	v := newVault(user, vaultKey)
	v.account = a
	return v, nil
}

func handoverKEK(key seal.HandoverKey, a protocol.Account) seal.KEK {
	return key.KEK(a.SessionID, a.WrappedKey)
}

func handoverOf(user seal.UserID) seal.WrapInfo {
	return seal.WrapInfo{User: user, Purpose: seal.PurposeHandover}
}
