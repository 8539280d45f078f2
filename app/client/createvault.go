package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/members"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// A new shared vault is signed, stored on this device, pinned, created at the server, and named, in this order. If the program ends in between,
// a later sync of this device goes on: before the pin there is no vault, and after it this device has all that the vault needs.

// beginning is a shared vault that this device creates.
type beginning struct {
	Request protocol.NewVaultRequest `json:"request"`
	Name    string                   `json:"name"`
}

// CreateVault creates a shared vault with a name, of which the user is the owner and only member. After an error it can be called again: it
// goes on with a vault of this name that is not complete.
func (c *Client) CreateVault(ctx context.Context, name string) (Vault, error) {
	if !validVaultName(name) {
		return Vault{}, ErrVaultName
	}
	op, err := c.begin(ctx)
	if err != nil {
		return Vault{}, err
	}
	defer op.end()
	v, err := op.loaded()
	if err == nil {
		err = op.mayCreate(v)
	}
	if err != nil {
		return Vault{}, err
	}
	unlock, err := op.lockSigning(v)
	if err != nil {
		return Vault{}, err
	}
	defer unlock()
	if _, err := op.conclude(v); err != nil { // it may pin a vault
		return Vault{}, err
	}
	s, err := op.begunVault(v.unlocked, name)
	if s == nil && err == nil {
		s, err = op.foundVault(v, name)
	}
	if err != nil {
		return Vault{}, err
	}
	if _, err := op.syncOne(s); err != nil {
		return Vault{}, err
	}
	return op.describe(s), nil
}

// mayCreate returns an error without a server: the pin must be there before the vault.
func (op *operation) mayCreate(v *vault) error {
	if v.readOnly {
		return ErrReadOnly
	}
	there, err := op.reach(v)
	if err == nil && !there {
		err = ErrOffline
	}
	return err
}

// begunVault returns a vault with this name that this device has begun to create; nil if there is none.
func (op *operation) begunVault(u *unlocked, name string) (*vault, error) {
	if err := op.repin(u); err != nil {
		return nil, err
	}
	for _, s := range u.shared {
		if f := op.readBeginning(s); f != nil && f.Name == name {
			return s, nil
		}
	}
	return nil, nil
}

// foundVault signs the first entry of a new vault, stores it, and pins the vault.
func (op *operation) foundVault(v *vault, name string) (*vault, error) {
	author, err := v.author()
	if err != nil {
		return nil, err
	}
	id := seal.NewID()
	create, err := members.Create(id, v.Log().Cards.Get(author.Card), author.Keys, now())
	if err != nil {
		return nil, fmt.Errorf("sign create entry: %w", err)
	}
	s := v.vault(id)
	f := &beginning{Request: create.NewVault(), Name: name}
	if err := op.storeMemory(s, create.State); err != nil {
		return nil, err
	}
	if err := op.putBeginning(s, f); err != nil {
		return nil, err
	}
	err = op.changeRecords(v, func(ch *replica.Change) error {
		return directory.OpenVaults(v.Replica).Pin(ch, directory.PinOf(create.State, 1))
	})
	if err != nil {
		if !errors.Is(err, ErrUncertain) {
			err = errors.Join(err, op.dropBeginning(s))
		}
		return nil, err
	}
	if err := op.repin(v.unlocked); err != nil {
		return nil, err
	}
	pinned := v.sharedVault(id)
	if pinned == nil {
		return nil, directory.ErrNoVaultPin // another device has deleted the pin already
	}
	pinned.beginning = f
	return pinned, nil
}

// settleBeginning creates a vault at the server and names it, if this device has begun that.
func (op *operation) settleBeginning(v *vault) error {
	f := op.readBeginning(v)
	if f == nil {
		return nil
	}
	if v.Revision() == 0 && v.Log().State.Entry == nil {
		if err := op.call(methodPost, protocol.PathVaults, f.Request, nil); err != nil {
			return fmt.Errorf("create the vault: %w", err)
		}
	}
	if _, err := op.sync(v); err != nil {
		return err
	}
	if v.mayWrite() == nil && v.name() == "" {
		if err := op.apply(v, noEdits, func(ch *replica.Change) error { return putName(ch, v, f.Name) }); err != nil {
			return fmt.Errorf("name the vault: %w", err)
		}
	}
	return op.dropBeginning(v)
}

func (op *operation) putBeginning(v *vault, f *beginning) error {
	v.beginning = f
	if !op.mayCache() {
		return nil
	}
	plaintext, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode the new vault: %w", err)
	}
	defer clear(plaintext)
	token, err := v.keys.key.SealOnDevice(seal.UseOutbox, v.user, plaintext)
	if err == nil {
		err = op.cache.Replace(beginningName(v.home()), "", Chunk{newStamp(), []byte(token)})
	}
	if err != nil {
		return fmt.Errorf("store the new vault: %w", err)
	}
	return nil
}

func (op *operation) dropBeginning(v *vault) error {
	v.beginning = nil
	if !op.mayCache() {
		return nil
	}
	return op.forgetNames(beginningName(v.home()))
}

// readBeginning returns what this device has begun; nil if there is nothing, or it cannot be read: the pin then names a vault that was never
// created.
func (op *operation) readBeginning(v *vault) *beginning {
	if v.beginning != nil || !op.mayCache() {
		return v.beginning
	}
	held, err := op.cache.Load(beginningName(v.home()))
	if err != nil || len(held.Chunks) == 0 {
		return nil
	}
	plaintext, err := v.owner().Open(string(held.Chunks[len(held.Chunks)-1]))
	if err != nil {
		return nil
	}
	f := &beginning{}
	if decodeStrict(plaintext, f) != nil || !validVaultName(f.Name) {
		return nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(f.Request.Create)
	if err != nil {
		return nil
	}
	if e, err := chain.ParseEntry(b); err != nil || e.Vault != v.Vault || e.Hash() != v.pins.Genesis() {
		return nil
	}
	v.beginning = f
	return f
}
