package client

import (
	"context"
	"time"
)

// SetPause replaces how a bulk writer waits.
func (c *Client) SetPause(pause func(context.Context, time.Duration) error) { c.pause = pause }
