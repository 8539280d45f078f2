package client

import (
	"context"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
)

// Search returns the matching items, the best first, as replica.Replica.Search does.
func (c *Client) Search(q Query) ([]Summary, error) {
	return read(c, func(v *vault) []Summary { return v.Search(q) })
}

// SearchJSON is Search in the form of the worker protocol, as replica.Replica.SearchJSON writes it.
func (c *Client) SearchJSON(q Query, offset, limit int) ([]byte, error) {
	return read(c, func(v *vault) []byte { return v.SearchJSON(q, offset, limit) })
}

// ForPage returns the items for the page at a URL, by title, without those in the archive and the trash. For registrable see item.BelongsTo.
func (c *Client) ForPage(page string, registrable func(host string) (string, error)) ([]Summary, error) {
	return read(c, func(v *vault) []Summary { return v.ForPage(page, registrable) })
}

// Hints returns remarks about the text of a query, for those who call Search.
func (c *Client) Hints(q Query) ([]Hint, error) {
	return read(c, func(v *vault) []Hint { return v.Hints(q) })
}

// Closest returns the items with the titles that resemble the words of a query most, for a search without a result.
func (c *Client) Closest(q Query) ([]Summary, error) {
	return read(c, func(v *vault) []Summary { return v.Closest(q) })
}

// read returns what of returns about the unlocked vault.
func read[T any](c *Client, of func(*vault) T) (T, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.unlocked == nil {
		var zero T
		return zero, ErrLocked
	}
	return of(c.unlocked.personal), nil
}

// Index opens the details that have not been opened since they were downloaded, so Search covers them too. Other calls can run in
// between. It may be called again at any time, and continues where it ended. progress may be nil.
func (c *Client) Index(ctx context.Context, progress func(done, total int)) error {
	todo, err := read(c, func(v *vault) []*replica.Entry { return v.Unindexed() })
	if err != nil {
		return err
	}
	for done, total := 0, len(todo); done < total; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n, err := read(c, func(v *vault) int { return v.IndexSome(todo[done:]) })
		if err != nil {
			return err
		}
		done += n
		if progress != nil {
			progress(done, total)
		}
		time.Sleep(time.Millisecond) // WebAssembly has one thread: without a pause no other goroutine runs
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unlocked == nil {
		return ErrLocked
	}
	c.unlocked.personal.Indexed = true
	return nil
}
