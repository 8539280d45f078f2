//go:build js && wasm

package main

import (
	"context"

	"github.com/vaultsphere/vaultsphere/app/client"
	protocol "github.com/vaultsphere/vaultsphere/app/protocol/bridge/core"
)

func (c *core) Alarm(context.Context) (protocol.AlarmState, error) {
	out := protocol.AlarmState{Readable: c.client.ReadOnly()}
	if a := c.client.Alarm(); !a.IsZero() {
		out.Alarm = &a
	}
	return out, nil
}

func (c *core) OtherState(ctx context.Context) (client.OtherState, error) {
	return c.client.OtherState(ctx)
}

func (c *core) BringTogether(ctx context.Context) (client.Together, error) {
	return c.client.BringTogether(ctx)
}

func (c *core) AcceptServers(ctx context.Context, p protocol.Acceptance) error {
	return c.client.AcceptServers(ctx, p.Password, p.Head)
}
