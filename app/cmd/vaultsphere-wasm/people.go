//go:build js && wasm

package main

import (
	"context"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	protocol "github.com/vaultsphere/vaultsphere/app/protocol/bridge/core"
)

func (c *core) OwnCard(context.Context) (client.OwnCard, error) { return c.client.OwnCard() }

func (c *core) People(context.Context) (client.People, error) { return c.client.People() }

func (c *core) CheckPeople(ctx context.Context, progress func(done, total int)) (protocol.CheckedPeople, error) {
	list, err := c.client.CheckPeople(ctx, progress)
	return protocol.CheckedPeople{People: list}, err
}

func (c *core) FindPerson(ctx context.Context, p protocol.Username) (protocol.FoundPerson, error) {
	f, err := c.client.FindPerson(ctx, p.Username)
	c.mu.Lock()
	c.found = f
	c.mu.Unlock()
	if err != nil {
		return protocol.FoundPerson{}, err
	}
	return protocol.FoundPerson{
		Username: f.Username, UserID: f.UserID, Fingerprint: f.Fingerprint, Standing: f.Standing, Known: append([]client.VerifiedPerson{}, f.Known...),
	}, nil
}

func (c *core) VerifyPerson(ctx context.Context, p protocol.Comparison) error {
	c.mu.Lock()
	f := c.found
	c.mu.Unlock()
	if f == nil || f.UserID != p.UserID {
		return fmt.Errorf("%w: find_person comes first", bridge.ErrInput)
	}
	if err := f.Check(p.Digits); err != nil {
		return err
	}
	return c.client.VerifyPerson(ctx, f)
}

func (c *core) ForgetPerson(ctx context.Context, p protocol.UserID) error {
	return c.client.ForgetPerson(ctx, p.UserID)
}

func (c *core) SentInvitations(ctx context.Context) (protocol.SentInvitations, error) {
	list, err := c.client.SentInvitations(ctx)
	if err == nil {
		c.mu.Lock()
		c.sent = list
		c.mu.Unlock()
	}
	return protocol.SentInvitations{Invitations: list}, err
}

func (c *core) AcceptJoiner(ctx context.Context, p protocol.Joiner) error {
	c.mu.Lock()
	sent := c.sent
	c.mu.Unlock()
	for i := range sent {
		s := &sent[i]
		switch {
		case s.ID != p.ID:
		case s.UserID != p.UserID || s.Fingerprint != p.Fingerprint:
			return directory.ErrMoved // the person saw another joiner
		default:
			return c.client.AcceptJoiner(ctx, s)
		}
	}
	return client.ErrNoInvitation
}

func (c *core) ReadOffer(ctx context.Context, p protocol.JoinSecret) (protocol.Offered, error) {
	secret, err := joinSecret(p.Invitation)
	if err != nil || secret == nil {
		return protocol.Offered{}, err
	}
	o, err := c.client.ReadOffer(ctx, *secret)
	if err != nil || o == nil {
		return protocol.Offered{}, err
	}
	c.mu.Lock()
	c.offered = o
	c.mu.Unlock()
	by := o.Inviter()
	return protocol.Offered{Inviter: by.Username, Fingerprint: by.Fingerprint, Invitee: o.Invitee, Expires: o.Expires}, nil
}
