package client

import (
	"encoding/json"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/strictjson"
)

// SealDraft seals an unfinished item, so this device can store it while the vault is locked. The item need not be valid: it may
// have no title yet.
func (c *Client) SealDraft(it item.Item) (string, error) {
	c.mu.RLock() // Lock must not wipe the key meanwhile
	defer c.mu.RUnlock()
	v := c.unlocked
	if v == nil {
		return "", ErrLocked
	}
	plaintext, err := json.Marshal(it) // #nosec G117 -- sealed below
	if err != nil {
		return "", fmt.Errorf("encode the draft: %w", err)
	}
	defer clear(plaintext)
	return v.keys.key.SealOnDevice(seal.UseDraft, v.user, plaintext)
}

// OpenDraft opens a draft that SealDraft sealed on this device for the same user. A draft of another user or a damaged one
// returns seal.ErrAltered and is useless.
func (c *Client) OpenDraft(token string) (item.Item, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	u := c.unlocked
	if u == nil {
		return item.Item{}, ErrLocked
	}
	plaintext, err := u.personal.owner().OpenAs(seal.UseDraft, token)
	if err != nil {
		return item.Item{}, err
	}
	defer clear(plaintext)
	var it item.Item
	if err := (strictjson.Form{Name: "the draft", AnyNames: true}).Unmarshal(plaintext, &it); err != nil {
		return item.Item{}, fmt.Errorf("draft %w", seal.ErrAltered)
	}
	return it, nil
}
