package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Handover lets the next worker of a browser open the vault without the master password. Both parts together are as secret
// as the account key, so they stay in memory.
type Handover struct {
	Token string // the account key, wrapped under Key
	Key   []byte // used once
}

// HandOver seals the key of the unlocked vault under a new key. A copy that is open for reading returns ErrReadOnly.
func (c *Client) HandOver() (Handover, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	v := c.unlocked
	if v == nil {
		return Handover{}, ErrLocked
	}
	if v.readOnly {
		return Handover{}, ErrReadOnly
	}
	key := seal.NewHandoverKey()
	defer key.Wipe()
	wrap, err := signedParts{v.keys.document, v.account.Keys}.handoverKey(key, v.account)
	if err != nil {
		return Handover{}, err
	}
	token, err := wrap.Wrap(v.keys.key, v.user, v.keys.generation)
	if err != nil {
		return Handover{}, fmt.Errorf("hand over the account key: %w", err)
	}
	return Handover{token, key.Bytes()}, nil
}

// TakeOver opens the vault as Unlock does, with a Handover of the same session instead of the master password. It returns
// ErrWrongPassword for any other Handover: of another user or session, from before the password was changed, or damaged.
func (c *Client) TakeOver(ctx context.Context, h Handover) (Opened, error) {
	return c.unlock(ctx, func(a protocol.UserAccount, r Remembered) (*vault, error) { return openHandover(a, h, r) })
}

func openHandover(a protocol.UserAccount, h Handover, remembered Remembered) (*vault, error) {
	user, parts, err := parseAccount(a)
	if err != nil {
		return nil, err
	}
	key, err := seal.ParseHandoverKey(h.Key)
	defer key.Wipe()
	if err != nil {
		return nil, errors.Join(ErrWrongPassword, err)
	}
	wrap, err := parts.handoverKey(key, a)
	if err != nil {
		return nil, err
	}
	keys, err := parts.open(user, wrap, h.Token, remembered)
	if err != nil {
		return nil, errors.Join(ErrWrongPassword, err)
	}
	return newVault(a, keys)
}

// handoverKey returns a key that works only for this session and password.
func (p signedParts) handoverKey(key seal.HandoverKey, a protocol.UserAccount) (seal.WrapKey, error) {
	wrapped, err := p.wrap(chain.MethodPassword)
	if err != nil {
		return seal.WrapKey{}, err
	}
	return key.WrapKey(a.SessionID, wrapped), nil
}
