package client

import (
	"bytes"
	"context"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// SetPause replaces how a bulk writer waits.
func (c *Client) SetPause(pause func(context.Context, time.Duration) error) { c.pause = pause }

// AddPasskey adds a way to unlock the account that no client can make yet.
func (c *Client) AddPasskey(ctx context.Context, password string) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	v, auth, err := op.prove(password)
	if err != nil {
		return err
	}
	id := seal.NewID()
	prf, err := seal.ParsePasskeyKey(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		return err
	}
	token, err := prf.WrapKey(v.user, id).Wrap(v.keys.key, v.user, v.keys.generation)
	if err != nil {
		return err
	}
	wrap := chain.Wrap{Method: chain.MethodPasskey, Passkey: id, Hash: chain.HashOf(chain.HashWrap, []byte(token))}
	return op.changeAccount(v, auth, func(d *accountDraft) { d.held = append(d.held, heldWrap{wrap, token}) }, func(*protocol.AccountEntryRequest) { /* no auth key changes */ })
}

// PinVault pins a vault as an invitation does: at an entry, without a write.
func (c *Client) PinVault(ctx context.Context, s chain.State) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	v, err := op.loaded()
	if err != nil {
		return err
	}
	return op.changeRecords(v, func(ch *replica.Change) error { return directory.OpenVaults(v.Replica).Pin(ch, directory.PinOf(s, 0)) })
}
