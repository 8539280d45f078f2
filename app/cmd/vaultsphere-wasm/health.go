//go:build js && wasm

package main

import (
	"context"
	"errors"

	"github.com/vaultsphere/vaultsphere/app/health"
	protocol "github.com/vaultsphere/vaultsphere/app/protocol/bridge/core"
)

func (c *core) Health(ctx context.Context, progress func(done, total int)) (protocol.HealthReport, error) {
	defer hostEndMeter()
	r, err := c.client.Health(ctx, hostJudge, progress)
	return protocol.HealthReport{Report: r, Score: r.Score()}, err
}

func (c *core) ItemHealth(ctx context.Context, p protocol.ItemID) (health.Findings, error) {
	return c.client.ItemHealth(ctx, p.ID, hostJudge)
}

func (c *core) BreachAddress(ctx context.Context) (protocol.BreachAddress, error) {
	a, err := c.client.BreachAddress(ctx)
	return protocol.BreachAddress{Address: a}, err
}

var errNoBreaches = errors.New("the server's operator has turned off the breach check")

// ranges uses the address that the server has set, because the page's Content-Security-Policy allows no other.
func (c *core) ranges(ctx context.Context) (rangeFetcher, error) {
	a, err := c.client.BreachAddress(ctx)
	if err == nil && a == "" {
		err = errNoBreaches
	}
	return rangeFetcher{a}, err
}

func (c *core) Breaches(ctx context.Context, progress func(done, total int)) error {
	r, err := c.ranges(ctx)
	if err != nil {
		return err
	}
	return c.client.Breaches(ctx, r, progress)
}

func (c *core) Breach(ctx context.Context, p protocol.ItemID) error {
	r, err := c.ranges(ctx)
	if err != nil {
		return err
	}
	return c.client.Breach(ctx, p.ID, r)
}
