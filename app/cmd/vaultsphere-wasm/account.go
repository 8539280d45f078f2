//go:build js && wasm

package main

import (
	"context"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/client"
	wire "github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	protocol "github.com/vaultsphere/vaultsphere/app/protocol/bridge/core"
)

func (c *core) Account(ctx context.Context) (client.Account, error) { return c.client.Account(ctx) }

func (c *core) ChangePassword(ctx context.Context, p protocol.PasswordChange) error {
	return c.client.ChangePassword(ctx, p.Current, p.Next)
}

func (c *core) CheckPassword(ctx context.Context, p protocol.Password) error {
	return c.client.CheckPassword(ctx, p.Password)
}

var errNoPhrase = fmt.Errorf("%w: prepare_phrase comes first", bridge.ErrInput)

func (c *core) PreparePhrase(ctx context.Context, p protocol.Password) (protocol.Words, error) {
	change, err := c.client.PreparePhrase(ctx, p.Password)
	if err != nil {
		return protocol.Words{}, err
	}
	c.setPhrase(change)
	return protocol.Words{Words: change.Words()}, nil
}

func (c *core) setPhrase(change *client.PhraseChange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.phrase = change
}

func (c *core) ActivatePhrase(ctx context.Context) error {
	c.mu.Lock()
	change := c.phrase
	c.mu.Unlock()
	if change == nil {
		return errNoPhrase
	}
	if err := c.client.ActivatePhrase(ctx, change); err != nil {
		return err
	}
	c.setPhrase(nil)
	return nil
}

var errNoRotation = fmt.Errorf("%w: prepare_rotation comes first", bridge.ErrInput)

func (c *core) PrepareRotation(ctx context.Context, p protocol.Rotation) (protocol.Words, error) {
	r, err := c.client.PrepareRotation(ctx, client.RotationRequest{Password: p.Password, NewPassword: p.NewPassword})
	if err != nil {
		return protocol.Words{}, err
	}
	c.setRotation(r)
	return protocol.Words{Words: r.Words()}, nil
}

func (c *core) setRotation(r *client.Rotation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rotation != nil {
		c.rotation.Forget()
	}
	c.rotation = r
}

func (c *core) ActivateRotation(ctx context.Context) (client.Rotated, error) {
	c.mu.Lock()
	r := c.rotation
	c.mu.Unlock()
	if r == nil {
		return client.Rotated{}, errNoRotation
	}
	rotated, err := c.client.Rotate(ctx, r)
	if err == nil {
		c.setRotation(nil)
	}
	return rotated, err
}

func (c *core) CancelRotation(context.Context) error {
	c.setRotation(nil)
	return nil
}

func (c *core) Reseal(ctx context.Context, progress func(done, total int)) (client.Resealed, error) {
	return c.client.Reseal(ctx, progress)
}

func (c *core) TOTPBegin(ctx context.Context, p protocol.Password) (client.Enrolment, error) {
	return c.client.BeginTOTP(ctx, p.Password)
}

func (c *core) TOTPConfirm(ctx context.Context, p protocol.TOTPConfirmation) error {
	return c.client.ConfirmTOTP(ctx, p.Enrolment, p.Code)
}

func (c *core) TOTPRemove(ctx context.Context, p protocol.Password) error {
	return c.client.RemoveTOTP(ctx, p.Password)
}

func (c *core) Sessions(ctx context.Context) (wire.SessionsResponse, error) {
	list, err := c.client.Sessions(ctx)
	return wire.SessionsResponse{Sessions: list}, err
}

func (c *core) EndSession(ctx context.Context, p protocol.SessionEnd) error {
	return c.client.EndSession(ctx, p.Password, p.ID)
}

func (c *core) EndOtherSessions(ctx context.Context, p protocol.Password) error {
	return c.client.EndOtherSessions(ctx, p.Password)
}

func (c *core) DeleteAccount(ctx context.Context, p protocol.AccountDeletion) error {
	return c.client.DeleteAccount(ctx, p.Password, p.Force.Force)
}
