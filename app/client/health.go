package client

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/vaultsphere/vaultsphere/app/health"
)

// Judge reports which of the passwords are weak, as strength.Weak does. Its dictionaries are too large for the browser's core, so
// they are in a separate module there.
type Judge func(ctx context.Context, passwords []string) ([]bool, error)

// knowledge caches what health checks learned about passwords. Lock clears it.
type knowledge struct {
	mu       sync.Mutex
	weak     map[string]bool
	breached map[string]int
}

func newKnowledge() *knowledge {
	return &knowledge{weak: map[string]bool{}, breached: map[string]int{}}
}

// judgedAtOnce is the number of passwords in a call of Judge, so that progress moves.
const judgedAtOnce = 250

// Health reports on the passwords of all items outside the trash. Each password is judged once while the vault is unlocked.
// progress may be nil.
func (c *Client) Health(ctx context.Context, judge Judge, progress func(done, total int)) (health.Report, error) {
	v, logins, err := c.logins(ctx)
	if err != nil {
		return health.Report{}, err
	}
	unknown := v.known.unjudged(logins)
	total := len(unknown)
	for batch := range slices.Chunk(unknown, judgedAtOnce) {
		if c.Locked() {
			return health.Report{}, ErrLocked
		}
		weak, err := judge(ctx, batch)
		if err == nil && len(weak) != len(batch) {
			err = fmt.Errorf("%d answers about %d passwords", len(weak), len(batch))
		}
		if err != nil {
			return health.Report{}, fmt.Errorf("judge passwords: %w", err)
		}
		unknown = unknown[len(batch):]
		v.known.judged(batch, weak)
		if progress != nil {
			progress(total-len(unknown), total)
		}
	}
	return health.Of(logins, v.known.all(), time.Now()), nil
}

// logins opens the items that are not open yet, and returns all that have a password.
func (c *Client) logins(ctx context.Context) (*vault, []health.Login, error) {
	if err := c.Index(ctx, nil); err != nil {
		return nil, nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	v := c.vault
	if v == nil {
		return nil, nil, ErrLocked
	}
	var logins []health.Login
	for _, e := range v.sorted {
		in := e.inside.Load()
		if in == nil || in.password == "" || !e.item.Trashed.IsZero() {
			continue
		}
		logins = append(logins, health.Login{
			ID: e.id, Username: e.item.Username, URLs: e.item.URLs, Password: in.password, Since: in.since, TOTP: in.totp,
		})
	}
	return v, logins, nil
}

func (k *knowledge) unjudged(logins []health.Login) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	asked := map[string]bool{}
	var unknown []string
	for _, l := range logins {
		if _, known := k.weak[l.Password]; !known && !asked[l.Password] {
			asked[l.Password] = true
			unknown = append(unknown, l.Password)
		}
	}
	return unknown
}

func (k *knowledge) judged(passwords []string, weak []bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, p := range passwords {
		k.weak[p] = weak[i]
	}
}

func (k *knowledge) all() health.Known {
	k.mu.Lock()
	defer k.mu.Unlock()
	return health.Known{Weak: maps.Clone(k.weak), Breached: maps.Clone(k.breached)}
}
