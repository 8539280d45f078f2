package client

import (
	"context"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
)

// Search returns the matching items, the best first, as replica.Replica.Search does.
func (c *Client) Search(q Query) ([]Summary, error) {
	return list(c, q.Vault, func(l lister) []Summary { return l.Search(q) })
}

// SearchJSON is Search in the form of the worker protocol, as replica.Replica.SearchJSON writes it.
func (c *Client) SearchJSON(q Query, offset, limit int) ([]byte, error) {
	return list(c, q.Vault, func(l lister) []byte { return l.SearchJSON(q, offset, limit) })
}

// ForPage returns the items for the page at a URL, by title, without those in the archive and the trash. For registrable see item.BelongsTo.
func (c *Client) ForPage(page string, registrable func(host string) (string, error)) ([]Summary, error) {
	return list(c, "", func(l lister) []Summary { return l.ForPage(page, registrable) })
}

// Hints returns remarks about the text of a query, for those who call Search.
func (c *Client) Hints(q Query) ([]Hint, error) {
	return list(c, q.Vault, func(l lister) []Hint { return l.Hints(q) })
}

// Closest returns the items with the titles that resemble the words of a query most, for a search without a result.
func (c *Client) Closest(q Query) ([]Summary, error) {
	return list(c, q.Vault, func(l lister) []Summary { return l.Closest(q) })
}

// read returns what of returns about the unlocked account.
func read[T any](c *Client, of func(*unlocked) T) (T, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.unlocked == nil {
		var zero T
		return zero, ErrLocked
	}
	return of(c.unlocked), nil
}

// list returns what of returns about the lists of the vault with an id, or of all.
func list[T any](c *Client, vault string, of func(lister) T) (T, error) {
	return read(c, func(*unlocked) T { return of(c.lists(vault)) })
}

// Index opens the details that have not been opened since they were downloaded, so Search covers them too. Other calls can run in
// between. It may be called again at any time, and continues where it ended. progress may be nil.
func (c *Client) Index(ctx context.Context, progress func(done, total int)) error {
	ids, err := read(c, func(u *unlocked) []chain.ID {
		var ids []chain.ID
		for _, v := range u.vaults() {
			ids = append(ids, v.Vault)
		}
		return ids
	})
	for _, id := range ids {
		if err == nil {
			err = c.index(ctx, id, progress)
		}
	}
	return err
}

// index is Index for one vault.
func (c *Client) index(ctx context.Context, id chain.ID, progress func(done, total int)) error {
	todo, err := read(c, func(u *unlocked) []*replica.Entry {
		if v := u.withID(id); v != nil {
			return v.Unindexed()
		}
		return nil
	})
	if err != nil {
		return err
	}
	for done, total := 0, len(todo); done < total; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n, err := read(c, func(u *unlocked) int {
			v := u.withID(id)
			if v == nil {
				return total - done // left meanwhile
			}
			return v.IndexSome(todo[done:])
		})
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
	if v := c.unlocked.withID(id); v != nil {
		v.Indexed = true
	}
	return nil
}
