//go:build js && wasm

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	wire "github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	protocol "github.com/vaultsphere/vaultsphere/app/protocol/bridge/core"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

func (c *core) Resume(ctx context.Context, p protocol.Device) (protocol.Resumed, error) {
	state, name, err := c.client.Resume(ctx)
	resumed := protocol.Resumed{State: state, Username: name}
	if err != nil || state != client.Locked {
		return resumed, err
	}
	h, found := loadHandover()
	if !found {
		return resumed, nil
	}
	defer clear(h.Key)
	c.client.SetDevice(p.Device)
	opened, err := c.client.TakeOver(ctx, h)
	if err != nil {
		return resumed, ctx.Err() // unlocking with the password reports any problem
	}
	return protocol.Resumed{State: client.Unlocked, Username: opened.Username, Offline: opened.Offline}, nil
}

func (c *core) HandOver(context.Context) error {
	h, err := c.client.HandOver()
	if err != nil {
		return err
	}
	defer clear(h.Key)
	return storeHandover(h)
}

var errNoRegistration = fmt.Errorf("%w: prepare_registration comes first", bridge.ErrInput)

func (c *core) PrepareRegistration(_ context.Context, p protocol.Password) (protocol.Words, error) {
	r, err := c.client.PrepareRegistration(p.Password)
	if err != nil {
		return protocol.Words{}, err
	}
	c.keepRegistration(r)
	return protocol.Words{Words: r.Words()}, nil
}

func (c *core) keepRegistration(r *client.Registration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.registration != nil {
		c.registration.Forget()
	}
	c.registration = r
}

func (c *core) CheckRegistration(ctx context.Context, p protocol.RegistrationCheck) error {
	secret, err := joinSecret(p.Invitation)
	if err != nil {
		return err
	}
	return c.client.CheckRegistration(ctx, p.Username, secret)
}

// joinSecret reads the secret of an invitation link; nil if there is none.
func joinSecret(text string) (*wire.JoinSecret, error) {
	if text == "" {
		return nil, nil
	}
	secret, ok := wire.ParseJoinSecret(text)
	if !ok {
		return nil, fmt.Errorf("%w: invitation", bridge.ErrInput)
	}
	return &secret, nil
}

// Register keeps the registration if it fails, so that the user can try another name with the same phrase.
func (c *core) Register(ctx context.Context, p protocol.Registration) (protocol.Registered, error) {
	c.mu.Lock()
	r, offered := c.registration, c.offered
	c.mu.Unlock()
	if r == nil {
		return protocol.Registered{}, errNoRegistration
	}
	secret, err := joinSecret(p.Invitation)
	if err != nil {
		return protocol.Registered{}, err
	}
	r.Invitation, r.Offered = secret, offered
	name, err := c.client.Register(ctx, r, p.Username, p.Device)
	if err != nil {
		return protocol.Registered{}, err
	}
	out := protocol.Registered{Username: name}
	inviter, err := r.Inviter()
	out.Unpinned = err != nil
	if inviter != nil {
		out.Inviter = inviter.Username
	}
	c.keepRegistration(nil)
	return out, nil
}

func (c *core) CancelRegistration(context.Context) error {
	c.keepRegistration(nil)
	return nil
}

// raiseAfter lets the page show the vault first: the derivation blocks the worker.
const raiseAfter = 10 * time.Second

func (c *core) Login(ctx context.Context, p protocol.Login) (protocol.Username, error) {
	name, err := c.client.Login(ctx, p.Username, p.Password, p.TOTPCode, p.Device)
	if err == nil {
		time.AfterFunc(raiseAfter, func() {
			_ = c.client.RaiseCost(context.Background()) // after an error, the next sign-in tries again
		})
	}
	return protocol.Username{Username: name}, err
}

func (c *core) AcceptReplacement(ctx context.Context, p protocol.Username) error {
	return c.client.AcceptReplacement(ctx, p.Username)
}

func (c *core) Unlock(ctx context.Context, p protocol.Unlock) (client.Opened, error) {
	c.client.SetDevice(p.Device)
	return c.client.Unlock(ctx, p.Password)
}

func (c *core) Lock(context.Context) error {
	c.keepImport(nil)
	c.setPhrase(nil)
	c.client.Lock()
	return nil
}

func (c *core) Logout(ctx context.Context, p protocol.Force) error {
	c.keepImport(nil)
	c.setPhrase(nil)
	return c.client.Logout(ctx, p.Force)
}

func (c *core) Copies(ctx context.Context) (protocol.Copies, error) {
	list, err := c.client.Copies(ctx)
	return protocol.Copies{Copies: append([]client.Copy{}, list...), Damaged: err != nil}, ctx.Err()
}

func (c *core) OpenCopy(ctx context.Context, p protocol.CopyOpening) (client.OpenedCopy, error) {
	return c.client.OpenCopy(ctx, p.ID, p.Password)
}

func (c *core) DeleteCopy(ctx context.Context, p protocol.ItemID) error {
	return c.client.DeleteCopy(ctx, p.ID)
}

func (c *core) KeepCopy(ctx context.Context, p protocol.KeepCopy) error {
	return c.client.KeepCopy(ctx, p.On, p.Force.Force)
}

func (c *core) Recover(ctx context.Context, p protocol.Recovery) (protocol.Username, error) {
	name, err := c.client.Recover(ctx, p.Username, p.Phrase, p.Password, p.RemoveTOTP, p.Device)
	return protocol.Username{Username: name}, err
}

func (c *core) CheckPhrase(_ context.Context, p protocol.Phrase) (protocol.PhraseCheck, error) {
	phrase, err := seal.ParseRecoveryPhrase(p.Phrase)
	if err != nil {
		var unknown *seal.WordError
		if errors.As(err, &unknown) {
			return protocol.PhraseCheck{Word: unknown.Number}, nil
		}
		return protocol.PhraseCheck{}, nil
	}
	phrase.Wipe()
	return protocol.PhraseCheck{OK: true}, nil
}
