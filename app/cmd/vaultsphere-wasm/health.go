//go:build js && wasm

package main

import (
	"context"
	"errors"

	protocol "github.com/vaultsphere/vaultsphere/app/protocol/bridge/core"
)

func (c *core) Health(ctx context.Context, progress func(done, total int)) (protocol.HealthReport, error) {
	r, err := c.client.Health(ctx, hostJudge, progress)
	return protocol.HealthReport{Report: r, Score: r.Score()}, err
}

func (c *core) BreachAddress(ctx context.Context) (protocol.BreachAddress, error) {
	a, err := c.client.BreachAddress(ctx)
	return protocol.BreachAddress{Address: a}, err
}

var errNoBreaches = errors.New("the operator of this server has turned looking up breached passwords off")

// Breaches uses the address that the server has set, because the page's Content-Security-Policy allows no other.
func (c *core) Breaches(ctx context.Context, progress func(done, total int)) error {
	a, err := c.client.BreachAddress(ctx)
	if err != nil {
		return err
	}
	if a == "" {
		return errNoBreaches
	}
	return c.client.Breaches(ctx, rangeFetcher{a}, progress)
}
