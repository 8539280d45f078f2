package client

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/health"
	"github.com/vaultsphere/vaultsphere/app/item"
)

// Judge reports which of the passwords are weak, as strength.Weak does. Its dictionaries are too large for the browser's core, so
// they are in a separate module there.
type Judge func(ctx context.Context, passwords []string) ([]bool, error)

// judgedAtOnce is the number of passwords in a call of Judge, so that progress moves.
const judgedAtOnce = 250

// Health reports on the passwords of all items outside the trash. Each password is judged once while the vault is unlocked.
// progress may be nil.
func (c *Client) Health(ctx context.Context, judge Judge, progress func(done, total int)) (health.Report, error) {
	known, logins, err := c.logins(ctx)
	if err != nil {
		return health.Report{}, err
	}
	if err := c.judge(ctx, known, logins, judge, progress); err != nil {
		return health.Report{}, err
	}
	return health.Of(logins, known.All(), time.Now()), nil
}

// ItemHealth is what Health finds about one item. It has findings only if the item has a password and is not in the trash.
func (c *Client) ItemHealth(ctx context.Context, id string, judge Judge) (health.Findings, error) {
	known, one, others, err := c.login(ctx, id)
	if err != nil {
		return health.Findings{}, err
	}
	if err := c.judge(ctx, known, one, judge, nil); err != nil {
		return health.Findings{}, err
	}
	if len(one) == 0 {
		return health.One(health.Login{}, nil, health.Known{}, time.Now()), nil
	}
	return health.One(one[0], others, known.About(one), time.Now()), nil
}

// login returns one of the logins, or none, and the ids of the others with its password. Unlike logins it allocates nothing per
// item: in WebAssembly, a collection of garbage reads the whole vault.
func (c *Client) login(ctx context.Context, id string) (known *replica.Knowledge, one []health.Login, others []string, err error) {
	if err := c.Index(ctx, nil); err != nil {
		return nil, nil, nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.unlocked == nil {
		return nil, nil, nil, ErrLocked
	}
	u := c.unlocked
	_, e := u.shown(id)
	if e == nil || !e.IsLogin() {
		return u.known, nil, nil, nil
	}
	for _, v := range u.vaults() {
		others = append(others, v.SharePassword(e)...)
	}
	return u.known, []health.Login{e.Login()}, others, nil
}

// judge judges the passwords that were not judged yet.
func (c *Client) judge(ctx context.Context, known *replica.Knowledge, logins []health.Login, judge Judge, progress func(done, total int)) error {
	unknown := known.Unjudged(logins)
	total := len(unknown)
	for batch := range slices.Chunk(unknown, judgedAtOnce) {
		if c.Locked() {
			return ErrLocked
		}
		weak, err := judge(ctx, batch)
		if err == nil && len(weak) != len(batch) {
			err = fmt.Errorf("%d answers about %d passwords", len(weak), len(batch))
		}
		if err != nil {
			return fmt.Errorf("judge passwords: %w", err)
		}
		unknown = unknown[len(batch):]
		known.Judged(batch, weak)
		if progress != nil {
			progress(total-len(unknown), total)
		}
	}
	return nil
}

// logins opens the items that are not open yet, and returns all that have a password.
func (c *Client) logins(ctx context.Context) (*replica.Knowledge, []health.Login, error) {
	if err := c.Index(ctx, nil); err != nil {
		return nil, nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.unlocked == nil {
		return nil, nil, ErrLocked
	}
	var all []health.Login
	for _, v := range c.unlocked.vaults() {
		all = append(all, v.Logins()...)
	}
	return c.unlocked.known, all, nil
}

// Ignore dismisses a kind of findings about items, or reports it again.
func (c *Client) Ignore(ctx context.Context, ids []string, kind health.Kind, ignore bool, progress func(done, total int)) ([]string, error) {
	word := string(kind)
	return c.edit(ctx, ids, progress, func(it *item.Item) {
		it.Ignored = slices.DeleteFunc(it.Ignored, func(w string) bool { return w == word })
		if ignore {
			it.Ignored = append(it.Ignored, word)
		}
	})
}

// withFreshPassword returns an item whose password differs from before, without the ignored findings about the old one.
func withFreshPassword(it, before item.Item) item.Item {
	if it.Password != before.Password {
		it = it.Clone()
		it.Ignored = slices.DeleteFunc(it.Ignored, func(w string) bool { return health.Kind(w).OfPassword() })
	}
	return it
}
