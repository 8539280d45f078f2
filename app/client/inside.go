package client

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// inside is the part of an item's details that search and the health report need.
type inside struct {
	hay      string // folded searchable texts, each on a line
	password string
	since    time.Time // when the password was first saved
	totp     bool      // makes one-time codes
	has      facts
	subtitle string // see Summary
	err      error  // why the other fields are empty
}

// Index works in slices so short that a user who types does not notice them.
const (
	indexSlice  = 100 // entries
	indexPeriod = 8 * time.Millisecond
)

// Index opens the details that have not been opened since they were downloaded, so Search covers them too. Other calls can run in
// between. It may be called again at any time, and continues where it ended. progress may be nil.
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
		time.Sleep(time.Millisecond) // WebAssembly has one thread: without a pause no other goroutine runs
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
	var todo []*entry
	for _, e := range c.vault.sorted {
		if e.inside.Load() == nil {
			todo = append(todo, e)
		}
	}
	return todo, nil
}

// openSlice opens the details of the first entries and returns their number. Results for an entry that was replaced in the
// meantime are dropped with it.
func (c *Client) openSlice(todo []*entry) (int, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.vault == nil {
		return 0, ErrLocked
	}
	n := 0
	for began := time.Now(); n < min(indexSlice, len(todo)) && time.Since(began) < indexPeriod; n++ {
		if e := todo[n]; e.inside.Load() == nil {
			e.inside.Store(c.vault.look(e, nil))
		}
	}
	return n, nil
}

// look opens the details of an entry, which held preceded; nil: that is unknown.
func (v *vault) look(e, held *entry) *inside {
	it, older, err := v.inForce(e)
	if err != nil {
		return &inside{err: err}
	}
	it.Type = e.item.Type // the details do not have it
	// The password is a substring of a longer text, which would stay in memory.
	in := &inside{hay: searchable(it), password: strings.Clone(it.Password), subtitle: strings.Clone(it.Subtitle())}
	if it.TOTP != "" {
		_, err := item.ParseAuthenticatorKey(it.TOTP)
		in.totp = err == nil
	}
	in.has = insideFacts(it)
	switch before := continued(held, older); {
	case before == nil:
		in.since, in.err = v.passwordSince(e.id, older, it)
	case before.password == in.password:
		in.since = before.since
	default:
		in.since = it.Modified
	}
	return in
}

// continued returns what is known of held if its versions are all the older ones.
func continued(held *entry, older []sealed) *inside {
	if held == nil || len(older) == 0 || !slices.Equal(held.secrets, older) {
		return nil
	}
	if in := held.inside.Load(); in != nil && in.err == nil {
		return in
	}
	return nil
}

func insideFacts(it item.Item) facts {
	return factIf(it.TOTP != "", hasTOTP) | factIf(len(it.Attachments) > 0, hasAttachment) | factIf(it.Notes != "", hasNote) |
		factIf(it.Password != "", hasPassword) | factIf(len(it.Fields) > 0, hasField)
}

// inForce returns the current details, the time when they were saved, and the older versions.
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

// passwordSince returns the time of the first version that has the current password.
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

// searchable returns the searchable texts of the details, folded, each on a line.
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
