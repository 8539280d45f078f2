package client

import (
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// isDue reports whether the trash gives an item up. It trusts no single clock: that of this device and that of the server
// must both be past the time, which Trash has set from the later of two clocks. What was put into the trash before it was
// made, by its own words, comes from a device whose clock was wrong, and is kept.
func (c *Client) isDue(it item.Item, now time.Time) bool {
	server, known := c.serverTime()
	return known && !it.Purge.IsZero() && !it.Trashed.Before(it.Created) && it.Purge.After(it.Trashed) &&
		now.After(it.Purge) && server.After(it.Purge)
}

// serverTime is the server's clock, as its last answer told it.
func (c *Client) serverTime() (now time.Time, known bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.date.Add(time.Since(c.dated)), !c.date.IsZero()
}

// maxSkew is how far two clocks may be apart before one of them must be wrong, and nobody knows which.
const maxSkew = 24 * time.Hour

// noteDate takes the server's time from an answer. One that cannot be right makes the server's clock unknown.
func (c *Client) noteDate(date time.Time) {
	if date.IsZero() {
		return
	}
	now := time.Now()
	if date.Before(now.Add(-maxSkew)) || date.After(now.Add(maxSkew)) {
		date = time.Time{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.date, c.dated = date, now
}

// laterTime is the later of the two clocks.
func (c *Client) laterTime() time.Time {
	now := time.Now()
	if server, known := c.serverTime(); known && server.After(now) {
		return server
	}
	return now
}
