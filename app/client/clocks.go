package client

import (
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// isDue reports whether to delete an item from the trash. It trusts no single clock: the time must have passed by this device's
// clock and by the server's. Trash computed it from the later of the two. An item that was trashed before it was created comes
// from a device with a wrong clock, and stays.
func (c *Client) isDue(it item.Item, now time.Time) bool {
	server, known := c.serverTime()
	return known && !it.Purge.IsZero() && !it.Trashed.Before(it.Created) && it.Purge.After(it.Trashed) &&
		now.After(it.Purge) && server.After(it.Purge)
}

// serverTime returns the server's clock, according to its last answer.
func (c *Client) serverTime() (now time.Time, known bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.date.Add(time.Since(c.dated)), !c.date.IsZero()
}

// maxSkew is the largest plausible difference between two clocks. Beyond it one of them is wrong, and it is unknown which.
const maxSkew = 24 * time.Hour

// noteDate reads the server's clock from an answer. An implausible time makes the clock unknown.
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

// laterTime returns the later of the two clocks.
func (c *Client) laterTime() time.Time {
	now := time.Now()
	if server, known := c.serverTime(); known && server.After(now) {
		return server
	}
	return now
}
