//go:build js && wasm

package main

import (
	"context"
	"errors"

	"github.com/vaultsphere/vaultsphere/app/health"
)

type report struct {
	health.Report
	Score int `json:"score"`
}

func (c *core) health(ctx context.Context, _ none, progress func(done, total int)) (report, error) {
	r, err := c.client.Health(ctx, hostJudge, progress)
	return report{r, r.Score()}, err
}

type address struct {
	Address string `json:"address"`
}

func (c *core) breachAddress(ctx context.Context, _ none) (address, error) {
	a, err := c.client.BreachAddress(ctx)
	return address{a}, err
}

var errNoBreaches = errors.New("whoever runs this server has turned looking up breached passwords off")

// breaches goes where the server has said, because the page's policy lets it go nowhere else.
func (c *core) breaches(ctx context.Context, _ none, progress func(done, total int)) (none, error) {
	a, err := c.client.BreachAddress(ctx)
	if err != nil {
		return none{}, err
	}
	if a == "" {
		return none{}, errNoBreaches
	}
	return none{}, c.client.Breaches(ctx, rangeFetcher{a}, progress)
}
