package client

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// inside is what search and the health report need to know of an item's secret part.
type inside struct {
	hay      string // folded: what can be found, each on a line
	password string
	since    time.Time // when the password was saved first
	totp     bool      // makes one-time codes
	err      error     // why all of this is empty
}

// A slice of the work of Index is so small that whoever types does not notice it.
const (
	indexSlice  = 100 // entries
	indexPeriod = 8 * time.Millisecond
)

// Index opens the secret parts that were not opened since they came, so that Search looks into them too. It lets other
// calls in between, and may be called again at any time: what is done stays done. progress may be nil.
func (c *Client) Index(ctx context.Context, progress func(done, total int)) error {
	todo, err := c.unopened()
	if err != nil {
		return err
	}
	for done, total := 0, len(todo); done < total; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n, err := c.openSlice(todo[done:])
		if err != nil {
			return err
		}
		done += n
		if progress != nil {
			progress(done, total)
		}
		time.Sleep(time.Millisecond) // WebAssembly has one thread: without a pause nobody else gets it
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.vault == nil {
		return ErrLocked
	}
	c.vault.indexed = true
	return nil
}

func (c *Client) unopened() ([]*entry, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.vault == nil {
		return nil, ErrLocked
	}
	return slices.DeleteFunc(slices.Clone(c.vault.sorted), func(e *entry) bool { return e.inside.Load() != nil }), nil
}

// openSlice looks inside the first of the entries and returns how many. Of one that was replaced in the meantime nobody
// asks any more.
func (c *Client) openSlice(todo []*entry) (int, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.vault == nil {
		return 0, ErrLocked
	}
	n := 0
	for began := time.Now(); n < min(indexSlice, len(todo)) && time.Since(began) < indexPeriod; n++ {
		if e := todo[n]; e.inside.Load() == nil {
			e.inside.Store(c.vault.look(e))
		}
	}
	return n, nil
}

// look opens the secret part of an entry.
func (v *vault) look(e *entry) *inside {
	it, older, err := v.inForce(e)
	if err != nil {
		return &inside{err: err}
	}
	// The password is part of a longer text that need not stay.
	in := &inside{hay: searchable(it), password: strings.Clone(it.Password)}
	if it.TOTP != "" {
		_, err := item.ParseAuthenticatorKey(it.TOTP)
		in.totp = err == nil
	}
	in.since, in.err = v.passwordSince(e.id, older, it)
	return in
}

// inForce is the secret part in force, with the time when it was saved, and the versions before it.
func (v *vault) inForce(e *entry) (item.Item, []sealed, error) {
	if e.err != nil || e.waiting != nil || len(e.secrets) == 0 {
		it, err := v.whole(e)
		return it, e.secrets, err
	}
	it, err := v.secret(e.id, e.current())
	if err != nil {
		err = &UnreadableError{e.id, err}
	}
	return it, e.secrets[:len(e.secrets)-1], err
}

// passwordSince goes back to the first of the versions that have the password of the newest.
func (v *vault) passwordSince(id string, older []sealed, newest item.Item) (time.Time, error) {
	since := newest.Modified
	for _, r := range slices.Backward(older) {
		secret, err := v.secret(id, r)
		if err != nil {
			return since, err
		}
		if secret.Password != newest.Password {
			break
		}
		since = secret.Modified
	}
	return since, nil
}

// searchable is what can be found of the secret part, folded, each text on a line.
func searchable(it item.Item) string {
	var b strings.Builder
	it.DetailsTexts(func(s string) {
		if s != "" {
			b.WriteString(fold(s))
			b.WriteByte('\n')
		}
	})
	return b.String()
}
